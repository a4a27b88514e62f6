#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include <holdfast/store/store.hpp>
#include <holdfast/worker/activity_pool.hpp>
#include <holdfast/worker/options.hpp>
#include <holdfast/worker/stats.hpp>

namespace holdfast::worker {

/// Runs activities that stand in activity_tasks: of other workers' runs, of other queues, and retries that had to wait.
/// One thread claims as many as the pool has free slots, and writes outcomes and heartbeats in batches.
class RemoteActivities final : public ActivitySink {
 public:
  RemoteActivities(store::Store& store, const Registry& registry, const WorkerOptions& options, ActivityPool& pool,
                   std::function<void(std::string_view level, std::string_view message)> log);

  /// `owner` gives the id that tasks are claimed under (it changes when a lease was lost; 0: none now).
  void start(std::function<store::WorkerId()> owner);
  /// Stops claiming; waits up to the grace period for running bodies and writes their outcomes.
  void begin_stop();
  void join();

  /// Hints; thread-safe.
  void want_claims();
  void want_expired();

  void finished(std::unique_ptr<ActivityJob> job) override;
  void timed_out(const ActivityJob& job, const std::string& timeout) override;

 private:
  void run();
  void claim();
  void dispatch(std::vector<store::ClaimedActivity> tasks);
  void write_outcomes();
  void send_heartbeats();
  void decide_expired();
  store::ActivityOutcome outcome_of(const store::ActivityKey& key, const ActivityOptions& options,
                                    Timestamp scheduled_at, Failure failure) const;
  Timestamp database_now() const;

  store::Store& store_;
  const Registry& registry_;
  const WorkerOptions& options_;
  ActivityPool& pool_;
  const std::function<void(std::string_view, std::string_view)> log_;
  std::function<store::WorkerId()> owner_;

  // The thread's own:
  std::vector<store::ActivityOutcome> unwritten_;
  std::chrono::steady_clock::time_point last_beats_;
  Timestamp clock_;  ///< database time at `clock_at_`
  std::chrono::steady_clock::time_point clock_at_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<store::ActivityOutcome> outcomes_;
  int in_flight_ = 0;
  bool claims_wanted_ = true, expired_wanted_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace holdfast::worker
