#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <holdfast/core/event.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>
#include <holdfast/store/errors.hpp>
#include <holdfast/store/limit_store.hpp>
#include <holdfast/store/query_store.hpp>
#include <holdfast/store/schedule_store.hpp>
#include <holdfast/store/types.hpp>
#include <holdfast/store/update_store.hpp>

namespace holdfast::store {

class LaneSession;
class StepTransaction;
class Listener;

/// Everything that Holdfast asks of a database. Each verb is one transaction: when it returns, its effect is durable;
/// when it throws, nothing of it happened, except for InDoubt. Every verb may throw Unavailable (not connected, or the
/// server restarted: try again later). Two implementations pass tests/contract: postgres/ and memory/.
///
/// Thread-safe. Verbs take a connection from a pool for their duration; a StepTransaction keeps its lane's own.
class Store {
 public:
  virtual ~Store() = default;

  // --- what clients ask -------------------------------------------------------------------------------------------

  /// Starts runs, in one round trip; results in the order of the requests. Idempotent on `run_id`: repeating a start
  /// whose answer was lost returns `started` again. Throws InvalidArgument for bad fields; then none was started.
  virtual std::vector<StartResult> start_runs(std::span<const NewRun> runs) = 0;

  /// Delivers signals and cancel requests: each is in the inbox of an open run and that run's doorbell is rung, or its
  /// result is not_found / closed. A run id names the open run of its chain (continue-as-new). Order between two
  /// messages of one sender to one run is kept. Idempotent on `message_id`, also after the message was consumed by the
  /// open run or the one before it.
  virtual std::vector<SendStatus> send_messages(std::span<const NewMessage> messages) = 0;

  /// Ends an open run (of a chain: the open one) at once, without running its code; its worker finds out at its next
  /// commit. Its parent is told, and the parent close policies of its children are carried out.
  virtual SendStatus terminate_run(const RunKey& run, std::string_view reason, std::string_view identity) = 0;

  /// The newest run of a workflow id, or the run named by `run.run_id`. nullopt: there is none.
  virtual std::optional<RunDescription> describe_run(const RunKey& run) = 0;
  /// Closed runs among `run_ids`, with result, failure or the run that went on. For waiting callers: cheap, by primary
  /// key.
  virtual std::vector<ClosedRun> closed_runs(std::span<const Uuid> run_ids) = 0;
  /// Newest first; keyset pages through `ListFilter::before`.
  virtual std::vector<RunSummary> list_runs(const ListFilter& filter) = 0;
  /// Counts the runs that a list would name without its place and limit; `group_by` is a column that
  /// visibility::parse_group_by allows. Reads every one of them.
  virtual RunCount count_runs(const ListFilter& filter, const std::optional<visibility::Column>& group_by = {}) = 0;
  /// Rows from `first` on, in order, at most `limit` rows.
  virtual std::vector<HistoryRow> read_history(const Uuid& run_id, EventId first, int limit) = 0;
  /// Tasks of one run that wait or run outside the owner's memory, with attempt and last failure.
  virtual std::vector<PendingActivity> pending_activities(const Uuid& run_id) = 0;

  // --- workers and leases -----------------------------------------------------------------------------------------

  /// A new identity with a lease from now. Never reuses an id.
  virtual WorkerId register_worker(const WorkerInfo& info) = 0;
  /// Extends the leases of a process's workers to `lease` from now. Returns those whose lease is lost (somebody took
  /// over): they drop everything and register anew.
  virtual std::vector<WorkerId> renew_leases(std::span<const WorkerId> workers, Duration lease) = 0;
  /// Gives back what the worker still owns and ends its lease: the clean end.
  virtual void release_worker(WorkerId worker) = 0;
  /// Frees runs and tasks of every worker whose lease ended. A run that made no progress over `quarantine_after`
  /// owners that died is set aside (wake reason "quarantined"). Also does what commits left to be done for parents and
  /// children. Safe to call from everywhere at any time.
  virtual TakeoverReport take_over_expired(int quarantine_after) = 0;
  virtual std::vector<WorkerDescription> list_workers() = 0;
  virtual std::vector<QueueDescription> list_queues() = 0;

  /// One cheap read-only look, for idle pollers: is there anything to do for these owners and queues? Two idle owners
  /// that poll once a second cost one query a second.
  virtual Readiness peek(std::span<const WorkerId> workers, std::span<const std::string> task_queues) = 0;

  // --- the lane ---------------------------------------------------------------------------------------------------

  /// The lane's own connection and its transactions. One thread at a time.
  virtual std::unique_ptr<LaneSession> open_lane(WorkerId worker) = 0;

  // --- activity tasks ---------------------------------------------------------------------------------------------

  /// Takes due tasks of these queues, oldest first (of several keys in turn); each claim counts as an attempt. Never
  /// more than limits allow; a limit of a queue that somebody else set is noticed at the next peek.
  virtual std::vector<ClaimedActivity> claim_activities(WorkerId worker, std::span<const std::string> queues,
                                                        int limit) = 0;
  /// The tasks that this worker has claimed and not finished: after a claim in doubt, to learn what it took.
  virtual std::vector<ClaimedActivity> owned_activities(WorkerId worker) = 0;
  /// Ends attempts. A final outcome removes the task and puts the result into the run's inbox, in one commit; a retry
  /// sets the next due time. Outcomes of tasks that are no longer this attempt's are dropped. Never waits for a run
  /// that somebody holds: the report names such outcomes. Throws StatementFailed if the database refuses one of the
  /// values; then nothing happened.
  virtual FinishReport finish_activities(std::span<const ActivityOutcome> outcomes) = 0;
  /// Saves heartbeat details and extends heartbeat deadlines; returns the tasks whose cancellation was asked for, or
  /// that no longer belong to this attempt.
  virtual std::vector<ActivityKey> heartbeat_activities(WorkerId worker, std::span<const Heartbeat> beats) = 0;
  /// Tasks whose timeout passed or whose worker died, claimed for a decision by the caller through finish_activities.
  virtual std::vector<ExpiredActivity> claim_expired_activities(WorkerId worker, int limit) = 0;

  // --- schedules --------------------------------------------------------------------------------------------------

  virtual ScheduleStore& schedules() = 0;

  // --- limits -----------------------------------------------------------------------------------------------------

  virtual LimitStore& limits() = 0;

  // --- updates ----------------------------------------------------------------------------------------------------

  virtual UpdateStore& updates() = 0;

  // --- queries ----------------------------------------------------------------------------------------------------

  virtual QueryStore& queries() = 0;

  // --- wake-ups: hints only, lossy by contract --------------------------------------------------------------------

  /// Sends hints to every listener; outside any transaction.
  virtual void notify(std::span<const std::string> hints) = 0;
  /// A listener of its own connection.
  virtual std::unique_ptr<Listener> listen() = 0;

  /// The database's time.
  virtual Timestamp now() = 0;
  /// Housekeeping that is due: history partitions ahead, old workers. Idempotent.
  virtual void maintain() = 0;
};

/// A lane's connection. One step transaction at a time.
class LaneSession {
 public:
  virtual ~LaneSession() = default;
  /// Opens a transaction and checks the lease. Throws LeaseLost (drop everything), Unavailable. `patience`: how long
  /// its statements wait for a row that somebody holds, instead of the store's lock timeout.
  virtual std::unique_ptr<StepTransaction> begin_step(std::optional<std::chrono::milliseconds> patience = {}) = 0;
};

/// One transaction of a lane: take work, advance the coroutines, write everything, commit. Destroying it without
/// commit rolls back. After any exception only destruction is allowed.
class StepTransaction {
 public:
  virtual ~StepTransaction() = default;

  /// The database's time at the start of this transaction.
  virtual Timestamp now() const = 0;

  /// Takes ready runs, best priority and longest waiting first. Never returns a run that another worker owns.
  virtual std::vector<ClaimedRun> claim_runs(const ClaimRequest& request) = 0;

  /// Owned runs whose doorbell rang, with their unread messages in order. Resets the doorbells first, then reads, so a
  /// message that arrives in between rings again.
  virtual std::vector<RunMessages> collect_messages() = 0;

  /// Histories, tasks and unread messages of runs that this worker owns, to rebuild them. Runs that it does not own are
  /// left out.
  virtual std::vector<RunState> load_runs(std::span<const Uuid> run_ids) = 0;

  /// Waits until no other transaction has anything to say about who owns these runs: after a commit in doubt, which the
  /// server may still be carrying out. Throws Conflict when that takes longer than the transaction's patience.
  virtual void await_runs(std::span<const Uuid> run_ids) = 0;

  /// Unread messages of owned runs, in order: enough for runs that are still in memory from their last ownership.
  virtual std::vector<RunMessages> read_messages(std::span<const Uuid> run_ids) = 0;

  /// Starts children of owned runs as part of this transaction; results in the order of the requests. Idempotent on
  /// `run_id`, like start_runs. A workflow id that is taken is an answer, not an error. Throws InvalidArgument for bad
  /// fields (see validate.hpp); then the transaction may go on.
  virtual std::vector<StartResult> start_children(std::span<const NewChild> children) = 0;

  /// The transaction that transactional activities write with.
  virtual BusinessTransaction& business() = 0;

  /// Writes the batch and commits. What concerns runs that are not in the batch (a parent's doorbell, the end of
  /// children, a cancel request) never waits for them: where somebody holds such a run at this moment, the commit
  /// writes down what is to be done, and it is done right after, or by whoever calls take_over_expired next. Throws
  ///  - Conflict: a run of the batch is not this worker's any more, was advanced by someone else, or wanted to close
  ///    while an unread message waits. Nothing was written; `runs` names the culprits when known (empty: not known).
  ///  - LeaseLost, Unavailable; InDoubt: the connection broke during COMMIT; read back with load_runs.
  virtual void commit(const CommitBatch& batch) = 0;
};

/// Receives hints. One thread at a time, except interrupt().
class Listener {
 public:
  virtual ~Listener() = default;
  /// Waits for hints, at most `timeout`. Empty: none came. Reconnects by itself; hints may have been lost meanwhile.
  virtual std::vector<std::string> wait(Duration timeout) = 0;
  /// Makes a wait() in another thread return early. Thread-safe.
  virtual void interrupt() = 0;
};

}  // namespace holdfast::store
