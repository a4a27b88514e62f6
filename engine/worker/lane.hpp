#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <holdfast/store/store.hpp>
#include <holdfast/worker/activity_pool.hpp>
#include <holdfast/worker/lease_holder.hpp>
#include <holdfast/worker/limited_queues.hpp>
#include <holdfast/worker/live_run.hpp>
#include <holdfast/worker/options.hpp>
#include <holdfast/worker/registry.hpp>
#include <holdfast/worker/run_cache.hpp>
#include <holdfast/worker/stats.hpp>

namespace holdfast::worker {

/// What the lanes of a worker share.
struct LaneEnvironment {
  store::Store& store;
  const Registry& registry;
  const WorkerOptions& options;
  ActivityPool& pool;
  WorkerStats& stats;
  std::function<void(std::string_view level, std::string_view message)> log;
  std::function<void(const std::vector<Uuid>&)> on_closed;   ///< after the commit that closed them
  std::function<void(const std::vector<Uuid>&)> on_updated;  ///< after a commit that moved updates of theirs on
  /// After a commit that made runs of these queues ready ("*": of queues that are not known).
  std::function<void(const std::set<std::string>&)> on_ready;
  std::function<void(const store::ClaimedRun&)> on_scheduled_closed;  ///< likewise, for runs that a schedule started
  const LimitedQueues& limited_queues;
  /// Likewise, after a commit that made activities of these queues wait for a claim under limits.
  std::function<void(const std::set<std::string>&)> on_limited;
};

/// One thread, one connection, and the runs that it claimed. The loop (lane.cpp):
///   1. collect what arrived: activity results, due timers, messages, ready runs to claim;
///   2. advance the coroutines (lane_advance.cpp);
///   3. one transaction for the whole batch (lane_step.cpp);
///   4. after its commit, start the activities and park or close runs.
/// While a commit is under way the next batch gathers: group commit without a timer.
/// If a commit fails, the runs in it are dropped from memory and rebuilt from the store one by one (lane_rebuild.cpp):
/// what had reached them and is not durable is kept and applied again.
class Lane final : public ActivitySink, public LeaseHolder {
 public:
  Lane(LaneEnvironment environment, int number);
  ~Lane() override;

  /// Registers on its own thread, as soon as the database can be reached.
  void start();
  /// Stops claiming and waits up to the grace period for running activities.
  void begin_stop();
  void join();
  /// After join(): gives back what the lane owns and ends its lease.
  void release();

  /// Hints; thread-safe.
  void want_claims();
  void want_messages();
  void lease_lost() override;
  Duration stuck_for() const override;
  /// While workers die one after the other, a lane claims run by run: each claim is committed before the run's code is
  /// called, so that whoever finds this lane dead knows which run it was.
  void be_cautious(bool cautious) { cautious_ = cautious; }

  store::WorkerId worker_id() const override { return worker_id_.load(); }
  std::size_t owned_runs() const { return owned_count_.load(); }
  std::size_t cached_runs() const { return cached_count_.load(); }
  std::size_t timers() const { return timer_count_.load(); }

  void finished(std::unique_ptr<ActivityJob> job) override;
  void timed_out(const ActivityJob& job, const std::string& timeout) override;

 private:
  enum class TimerKind : std::uint8_t { timer, transactional, deadline, retry_alone };
  struct Timer {
    Timestamp due;
    Uuid run_id;
    CommandSeq seq = 0;
    TimerKind kind = TimerKind::timer;
    bool operator>(const Timer& other) const { return due > other.due; }
  };
  struct TimedOut {
    store::ActivityKey key;
    std::uint64_t dispatch = 0;
    std::string activity;
    Payload input;
    std::string timeout;
  };
  /// The workflow task cannot go on: the code parted from the history, or threw what fails no run.
  struct TaskFailed {
    std::string message;
  };
  struct StartingChild {
    LiveRun* live;
    command::StartChild command;
  };
  /// A batch on its way to its commit.
  struct Batch {
    std::vector<LiveRun*> runs;  ///< parallel to commit.runs
    store::CommitBatch commit;
    std::vector<std::unique_ptr<ActivityJob>> jobs;  ///< to start after the commit
    std::vector<Timer> timers;
    std::vector<store::ActivityKey> cancels;
    std::vector<std::unique_ptr<LiveRun>> claimed;  ///< owned only if the commit succeeds
    LiveRun* suspect = nullptr;                     ///< claimed, to be advanced once that is committed
    std::vector<Uuid> failed_tasks;                 ///< to be dropped from memory after the commit
    std::vector<StartingChild> children;            ///< asked for, and not started yet
    std::vector<LiveRun*> undecided;                ///< their next state depends on the start of their children
    std::set<std::string> ready_queues;             ///< where children were started
    std::set<std::string> limited_queues;           ///< whose activities wait for a claim under limits
    bool doorbells_reset = false;                   ///< worth a commit even if no run has anything to write

    bool has_failed(const Uuid& run_id) const {
      return std::find(failed_tasks.begin(), failed_tasks.end(), run_id) != failed_tasks.end();
    }
  };
  /// A transactional activity threw: the transaction is void; repeat its run alone.
  struct TransactionalFailed {
    Uuid run_id;
    CommandSeq seq;
    Failure failure;
  };

  // lane.cpp: the loop
  void run();
  void wait_for_work();
  bool has_work() const;
  void collect_arrivals();
  void take_result(std::unique_ptr<ActivityJob> job);
  void take_failure(LiveRun& live, CommandSeq seq, const std::string& activity, Payload input, Failure failure);
  void fire_timers();
  void push_timer(const Timer& timer);
  Timer pop_timer();
  void compact_timers();
  void queue(LiveRun& live);
  LiveRun* find(const Uuid& run_id);
  Timestamp database_now() const;
  void hand_over();
  void drop_everything();
  void register_worker();
  void pause(Duration delay);

  // lane_step.cpp: one transaction
  void step();
  void step_alone();
  bool fill(Batch& batch, store::StepTransaction& transaction);
  void claim(Batch& batch, store::StepTransaction& transaction);
  void claim_suspect(Batch& batch, std::unique_ptr<LiveRun> live);
  void take_messages(Batch& batch, store::StepTransaction& transaction);
  void commit(Batch& batch, store::StepTransaction& transaction);
  void after_commit(Batch& batch);
  void settle(Batch& batch, LiveRun& live, const store::RunCommit& commit);
  void split(Batch& batch, const std::vector<Uuid>& culprits);
  void forget_claims(Batch& batch, bool in_doubt);
  void note_doubt(const Batch& batch);
  void try_again_later(LiveRun& live);

  // lane_rebuild.cpp: from the store to memory
  void rebuild(Batch& batch, store::StepTransaction& transaction, std::vector<LiveRun*> runs);
  void rebuild(Batch& batch, LiveRun& live, const store::RunState& state);
  void restore_activities(LiveRun& live, const store::RunState& state);
  void push_timers(Batch& batch, const LiveRun& live);
  void adopt_messages(LiveRun& live, const std::vector<store::Message>& messages);

  // lane_advance.cpp: coroutines
  void advance(Batch& batch, LiveRun& live, store::StepTransaction& transaction);
  void apply_inputs(Batch& batch, LiveRun& live, store::RunCommit& commit, store::StepTransaction& transaction);
  void feed(Batch& batch, LiveRun& live, store::RunCommit& commit, const Event& input);
  void carry_out(Batch& batch, LiveRun& live, store::RunCommit& commit, std::vector<Command> commands);
  void schedule(Batch& batch, LiveRun& live, store::RunCommit& commit, command::ScheduleActivity command);
  void run_transactional(Batch& batch, LiveRun& live, store::RunCommit& commit, store::StepTransaction& transaction);
  void fail_task(Batch& batch, LiveRun& live, store::RunCommit& commit, const std::string& message);
  void record_failed_attempt(Batch& batch, LiveRun& live, store::RunCommit& commit, command::ScheduleActivity command,
                             int attempts_made, Timestamp scheduled_at, const Failure& failure);
  void check_deadline(LiveRun& live, store::RunCommit& commit);
  bool end_at_deadline(const LiveRun& live, store::RunCommit& commit);
  void decide_next(Batch& batch, LiveRun& live, store::RunCommit& commit);
  void dispatch(Batch& batch, LiveRun& live, command::ScheduleActivity command, bool has_row);
  bool served_here(const std::string& task_queue) const;
  RunInfo info_of(const LiveRun& live) const;

  // lane_updates.cpp
  /// Asks the run whether it takes the update, and notes the answer. False: it is rejected.
  bool accepts(LiveRun& live, store::RunCommit& commit, const event::WorkflowUpdateAccepted& update) const;
  void limit_result(command::CompleteUpdate& command) const;
  static void complete(store::RunCommit& commit, command::CompleteUpdate command);
  /// Of a run that is over: whether updates are left that nobody will complete.
  static bool leaves_updates(const LiveRun& live, const store::RunCommit& commit);
  void tell_updated(const Batch& batch) const;

  // lane_children.cpp
  static store::NewChild new_child(const LiveRun& parent, const command::StartChild& command);
  std::vector<std::optional<Failure>> start_now(Batch& batch, const std::vector<StartingChild>& starting,
                                                store::StepTransaction& transaction);
  void start_children(Batch& batch, store::StepTransaction& transaction);
  void feed_start(Batch& batch, LiveRun& live, store::RunCommit& commit, store::StepTransaction& transaction,
                  const Event& outcome);
  static void end_family(const LiveRun& live, store::RunCommit& commit);
  void wake_families(const Batch& batch);

  LaneEnvironment env_;
  const int number_;
  std::atomic<store::WorkerId> worker_id_ = 0;
  std::unique_ptr<store::LaneSession> session_;

  // Touched by the lane's thread only.
  std::unordered_map<Uuid, std::unique_ptr<LiveRun>> owned_;
  RunCache cache_;
  std::vector<Uuid> ready_;                              ///< runs with something to apply
  std::deque<Uuid> alone_;                               ///< runs to repeat in transactions of their own
  std::deque<command::ScheduleActivity> transactional_;  ///< of the run that is being advanced
  std::deque<Event> immediate_;                          ///< outcomes that are known at once, of the same run
  std::vector<Timer> timers_;                            ///< a heap, the earliest in front
  std::size_t timers_to_compact_ = 0;                    ///< when it is worth throwing out those that nobody needs
  std::uint64_t last_dispatch_ = 0;
  Timestamp step_now_;  ///< the database's time in this step
  std::chrono::steady_clock::time_point step_now_at_;
  std::chrono::steady_clock::time_point last_sweep_;
  Duration failure_delay_{};
  static constexpr int kMaxClaim = 200;
  int claim_limit_ = kMaxClaim;
  /// What became of runs whose claim was rolled back with it.
  struct Suspect {
    std::map<CommandSeq, Failure> failed_transactional;
    std::string refused;
  };
  std::unordered_map<Uuid, Suspect> suspects_;
  bool claims_wanted_ = true;
  bool messages_wanted_ = false;

  // Shared with other threads.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<ActivityJob>> results_;
  std::vector<TimedOut> timeouts_;
  std::atomic<bool> cautious_ = true;  ///< until it is known how things stand
  std::atomic<std::chrono::steady_clock::time_point> busy_since_ = std::chrono::steady_clock::time_point{};
  bool claims_hinted_ = false, messages_hinted_ = false, lease_lost_ = false, stopping_ = false;
  std::atomic<std::size_t> owned_count_ = 0, cached_count_ = 0, timer_count_ = 0;
  std::thread thread_;
};

}  // namespace holdfast::worker
