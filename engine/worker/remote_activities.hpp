#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <vector>

#include <holdfast/store/store.hpp>
#include <holdfast/worker/activity_pool.hpp>
#include <holdfast/worker/lease_holder.hpp>
#include <holdfast/worker/options.hpp>
#include <holdfast/worker/stats.hpp>

namespace holdfast::worker {

/// Runs activities that stand in activity_tasks: of other workers' runs, of other queues, and retries that had to wait.
/// One thread claims as many as the pool has free slots, and writes outcomes and heartbeats in batches. It has a lease
/// of its own: what it runs has nothing to do with what becomes of a lane.
class RemoteActivities final : public ActivitySink, public LeaseHolder {
 public:
  RemoteActivities(store::Store& store, const Registry& registry, const WorkerOptions& options, ActivityPool& pool,
                   std::function<void(std::string_view level, std::string_view message)> log);

  /// Registers on its own thread, as soon as the database can be reached.
  void start();
  /// Stops claiming; waits up to the grace period for running bodies and writes their outcomes.
  void begin_stop();
  void join();
  /// After join(): gives back what is left and ends the lease.
  void release();

  store::WorkerId worker_id() const override { return worker_id_.load(); }
  void lease_lost() override;

  /// Hints; thread-safe.
  void want_claims();
  void want_expired();

  void finished(std::unique_ptr<ActivityJob> job) override;
  void timed_out(const ActivityJob& job, const std::string& timeout) override;

 private:
  void run();
  void claim();
  void begin_what_was_claimed();
  void dispatch(std::vector<store::ClaimedActivity> tasks);
  bool wait_for_work(bool& claims, bool& expired);
  void register_worker();
  void write_outcomes();
  void write_one_by_one();
  void keep_busy(const store::FinishReport& report);
  void send_heartbeats();
  void decide_expired();
  store::ActivityOutcome outcome_of(const store::ActivityKey& key, const ActivityOptions& options,
                                    Timestamp scheduled_at, Failure failure) const;
  void add(store::ActivityOutcome outcome);
  void set_clock(Timestamp now);
  Timestamp database_now() const;

  store::Store& store_;
  const Registry& registry_;
  const WorkerOptions& options_;
  ActivityPool& pool_;
  const std::function<void(std::string_view, std::string_view)> log_;
  std::atomic<store::WorkerId> worker_id_ = 0;

  // The thread's own:
  std::vector<store::ActivityOutcome> unwritten_;
  std::chrono::steady_clock::time_point last_beats_, next_write_;
  std::chrono::steady_clock::duration busy_delay_{};
  std::optional<std::chrono::steady_clock::time_point> give_up_;
  std::chrono::steady_clock::time_point claims_in_doubt_until_{};
  bool last_try_ = false;

  mutable std::mutex mutex_;
  Timestamp clock_;  ///< database time at `clock_at_`
  std::chrono::steady_clock::time_point clock_at_ = std::chrono::steady_clock::now();
  std::condition_variable changed_;
  std::vector<store::ActivityOutcome> outcomes_;
  std::set<store::ActivityKey> in_flight_;  ///< from the claim until there is an outcome
  bool claims_wanted_ = true, expired_wanted_ = false, lease_lost_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace holdfast::worker
