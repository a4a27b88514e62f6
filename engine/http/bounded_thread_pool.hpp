#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <httplib.h>

namespace holdfast::http {

/// cpp-httplib's queue of accepted connections, bounded: when it is full, the thread that accepts waits, and further
/// connections wait in the kernel's backlog. (Dropping a job here would leak its socket.)
class BoundedThreadPool final : public httplib::TaskQueue {
 public:
  BoundedThreadPool(std::size_t threads, std::size_t max_queued);

  void enqueue(std::function<void()> job) override;
  void shutdown() override;

 private:
  void run();

  const std::size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable added_, taken_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace holdfast::http
