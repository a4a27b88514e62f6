#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <holdfast/store/store.hpp>
#include <holdfast/worker/lease_holder.hpp>
#include <holdfast/worker/options.hpp>

namespace holdfast::worker {

/// Extends the leases of a worker's lanes and of its activities, well before they end, on a thread that nothing else
/// can hold up.
class LeaseKeeper {
 public:
  LeaseKeeper(store::Store& store, const WorkerOptions& options,
              std::function<void(std::string_view, std::string_view)> log);
  /// The holders must outlive it.
  void start(std::vector<LeaseHolder*> holders);
  void stop();

 private:
  void run();
  void renew();
  bool is_stuck(const LeaseHolder& holder, store::WorkerId id);
  store::Store& store_;
  const WorkerOptions& options_;
  std::vector<LeaseHolder*> holders_;
  const std::function<void(std::string_view, std::string_view)> log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::set<store::WorkerId> reported_;  ///< the thread's own: lanes that hang
  std::thread thread_;
};

}  // namespace holdfast::worker
