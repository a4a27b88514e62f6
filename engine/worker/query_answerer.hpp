#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/store/store.hpp>
#include <holdfast/worker/options.hpp>
#include <holdfast/worker/registry.hpp>

namespace holdfast::worker {

/// Answers queries to runs of this worker's queues and types, whoever owns them: each run is rebuilt from its history,
/// asked, and let go; nothing of it is written. Sleeps until somebody asks.
class QueryAnswerer {
 public:
  using Log = std::function<void(std::string_view level, std::string_view message)>;
  QueryAnswerer(store::Store& store, const Registry& registry, const WorkerOptions& options, Log log);
  void start();
  void stop();
  /// Somebody asked; a hint, thread-safe.
  void look_now();

 private:
  void run();
  /// One round. True if there may be more at once; `waiting`: some have to be looked at again soon.
  bool answer(bool& waiting);
  store::QueryAnswer answer(const store::ClaimedQuery& query);

  store::Store& store_;
  const Registry& registry_;
  const WorkerOptions& options_;
  const std::vector<std::string> types_;
  const Log log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace holdfast::worker
