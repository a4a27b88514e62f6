#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <holdfast/store/store.hpp>
#include <holdfast/worker/lane.hpp>
#include <holdfast/worker/limited_queues.hpp>
#include <holdfast/worker/query_answerer.hpp>
#include <holdfast/worker/remote_activities.hpp>
#include <holdfast/worker/scheduler.hpp>

namespace holdfast::worker {

/// Decides when lanes look for work: at once on a hint, and by itself often enough that a lost hint only costs time.
/// Idle, a worker costs one peek per idle_poll; after work was found it polls faster for a while.
class WakeUps {
 public:
  WakeUps(store::Store& store, const WorkerOptions& options, std::vector<std::unique_ptr<Lane>>& lanes,
          RemoteActivities& remote, Scheduler& scheduler, QueryAnswerer& queries, LimitedQueues& limited_queues,
          std::function<void(std::string_view, std::string_view)> log);
  void start();
  void stop();

 private:
  void run();
  void look();
  std::vector<std::string> wait(Duration timeout);
  void take_over();
  void keep_taking_over();

  store::Store& store_;
  const WorkerOptions& options_;
  std::vector<std::unique_ptr<Lane>>& lanes_;
  RemoteActivities& remote_;
  Scheduler& scheduler_;
  QueryAnswerer& queries_;
  LimitedQueues& limited_queues_;
  const std::function<void(std::string_view, std::string_view)> log_;
  std::shared_ptr<store::Listener> listener_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool takeover_wanted_ = false;
  bool found_work_ = true;
  std::optional<Duration> limits_due_in_;
  std::size_t next_lane_ = 0;
  std::thread thread_, takeover_thread_;  ///< taking over may take long, and hints do not wait for it
};

/// Sends "these runs closed" and "updates of these went on" to waiting clients and "these queues have work" to workers:
/// coalesced, at most one message per interval, outside any commit.
class ClosedHints {
 public:
  explicit ClosedHints(store::Store& store, bool enabled);
  ~ClosedHints();
  void closed(const std::vector<Uuid>& run_ids);
  void updated(const std::vector<Uuid>& run_ids);
  void ready(const std::set<std::string>& task_queues);

 private:
  void run();
  store::Store& store_;
  const bool enabled_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Uuid> run_ids_;
  std::set<Uuid> updated_;
  std::set<std::string> ready_queues_;
  bool many_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace holdfast::worker
