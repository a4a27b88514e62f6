#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include <holdfast/worker/contains.hpp>

namespace holdfast::worker {

/// Which queues of a worker had a limit at its last look (WakeUps). Their activities do not run from a lane's memory:
/// only a claim may start them. Thread-safe.
class LimitedQueues {
 public:
  bool contains(const std::string& queue) const {
    if (!any_) return false;
    const std::lock_guard lock(mutex_);
    return worker::contains(queues_, queue);
  }
  void set(const std::vector<std::string>& queues) {
    if (!any_ && queues.empty()) return;
    const std::lock_guard lock(mutex_);
    queues_ = queues;
    any_ = !queues_.empty();
  }

 private:
  std::atomic<bool> any_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> queues_;
};

}  // namespace holdfast::worker
