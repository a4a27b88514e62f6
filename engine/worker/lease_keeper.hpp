#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <holdfast/store/store.hpp>
#include <holdfast/worker/lane.hpp>

namespace holdfast::worker {

/// Extends the leases of a worker's lanes, well before they end, on a thread that nothing else can hold up.
class LeaseKeeper {
 public:
  LeaseKeeper(store::Store& store, const WorkerOptions& options, std::vector<std::unique_ptr<Lane>>& lanes,
              std::function<void(std::string_view, std::string_view)> log);
  void start();
  void stop();

 private:
  void run();
  store::Store& store_;
  const WorkerOptions& options_;
  std::vector<std::unique_ptr<Lane>>& lanes_;
  const std::function<void(std::string_view, std::string_view)> log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace holdfast::worker
