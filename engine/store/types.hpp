#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <holdfast/core/activity.hpp>
#include <holdfast/core/attributes.hpp>
#include <holdfast/core/child_options.hpp>
#include <holdfast/core/event.hpp>
#include <holdfast/core/failure.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>
#include <holdfast/visibility/filter.hpp>

// pqxx is named here so that transactional activities get the caller's real transaction; nothing includes it.
namespace pqxx {
class transaction_base;
}

namespace holdfast::store {

using WorkerId = std::int64_t;

enum class RunStatus : std::uint8_t { running, completed, failed, canceled, terminated, continued_as_new, timed_out };
std::string_view to_string(RunStatus status);
RunStatus parse_run_status(std::string_view text);

// --- starting
// ---------------------------------------------------------------------------------------------------------

using holdfast::IdReusePolicy;
/// What a start does when an *open* run has it.
enum class IdConflictPolicy : std::uint8_t { fail, use_existing, terminate_existing };

struct NewRun {
  Uuid run_id;  ///< UUIDv7 made by the caller
  std::string namespace_ = "default";
  std::string workflow_id;    ///< 1 to 1000 bytes, UTF-8 without NUL
  std::string workflow_type;  ///< 1 to 255 bytes
  std::string task_queue = "default";
  Payload input = "{}";
  Payload memo;               ///< JSON object or empty
  Payload search_attributes;  ///< JSON object or empty
  int priority = 3;           ///< 1 (first) to 5
  std::optional<Duration> start_delay;
  std::optional<Duration> execution_timeout;
  IdReusePolicy reuse = IdReusePolicy::allow_duplicate;
  IdConflictPolicy conflict = IdConflictPolicy::fail;
};

/// A run that a step starts as the child of a run that it owns. Nobody else makes them, so the policy for an open run
/// of the workflow id is always `fail`.
struct NewChild {
  NewRun run;
  Uuid parent_run_id;
  CommandSeq parent_seq = 0;  ///< the parent's command, to which the child's end will refer
  ParentClosePolicy parent_close_policy = ParentClosePolicy::terminate;
};

enum class StartStatus : std::uint8_t {
  started,
  already_running,  ///< IdConflictPolicy::fail: an open run has the id; run_id names it
  used_existing,    ///< IdConflictPolicy::use_existing: run_id names the open run
  rejected,         ///< the reuse policy forbids it; run_id names the closed run
};
struct StartResult {
  StartStatus status = StartStatus::started;
  Uuid run_id;
};

// --- messages
// ---------------------------------------------------------------------------------------------------------

/// Names a run: by workflow id (its open run, or else its newest), or exactly by run id when that is not nil.
struct RunKey {
  std::string namespace_ = "default";
  std::string workflow_id;
  Uuid run_id;
};

enum class MessageKind : std::uint8_t {
  signal,
  cancel,
  activity_completed,
  activity_failed,
  child_completed,
  child_failed,
  update
};
std::string_view to_string(MessageKind kind);
MessageKind parse_message_kind(std::string_view text);

struct NewMessage {
  RunKey to;
  MessageKind kind = MessageKind::signal;  ///< clients send signal and cancel only
  std::string name;                        ///< signal name, or the reason of a cancel
  Payload payload = "{}";
  Uuid message_id;  ///< UUIDv7 made by the caller: the idempotency key
};
enum class SendStatus : std::uint8_t {
  sent,
  not_found,
  closed,
  too_many,  ///< of updates: the run has kMaxOpenUpdates that are not completed
};

/// An inbox row as its owner reads it.
struct Message {
  std::int64_t inbox_id = 0;  ///< consumed by CommitBatch
  MessageKind kind = MessageKind::signal;
  std::string name;
  Payload payload;  ///< signal input; activity or child result; a failure (of activities: with its retry state)
  Uuid message_id;
  CommandSeq seq = 0;  ///< outcomes: of which command
  int attempt = 0;
};

/// How far an update has come. Accepted ones complete (with a result or a failure); rejected ones reached no history.
enum class UpdateStage : std::uint8_t { admitted, accepted, completed, rejected };
std::string_view to_string(UpdateStage stage);
UpdateStage parse_update_stage(std::string_view text);

/// What the payload of an update message says.
struct UpdateMessage {
  std::string update_id;
  Payload input;
};
Payload encode_update_message(const UpdateMessage& message);
/// Throws HistoryError for what encode_update_message does not write.
UpdateMessage decode_update_message(std::string_view json);

/// What the payload of an activity_failed message says.
struct ActivityFailure {
  Failure failure;  ///< the last attempt's
  RetryState retry_state = RetryState::in_progress;
};
Payload encode_activity_failure(const ActivityFailure& outcome);
/// Throws HistoryError or std::invalid_argument for what encode_activity_failure does not write.
ActivityFailure decode_activity_failure(std::string_view json);

// --- reading
// ----------------------------------------------------------------------------------------------------------

struct RunSummary {
  Uuid run_id;
  std::string namespace_, workflow_id, workflow_type, task_queue;
  RunStatus status = RunStatus::running;
  Timestamp started_at;
  std::optional<Timestamp> closed_at;
  Uuid parent_run_id;  ///< nil: it is nobody's child
};

struct RunDescription {
  RunSummary summary;
  std::string parent_workflow_id;  ///< of children
  CommandSeq parent_seq = 0;
  // Of runs that belong to a chain of continue-as-new:
  Uuid first_run_id, previous_run_id, next_run_id;  ///< nil: there is none
  Payload input, result;                            ///< result: empty unless completed
  std::optional<Failure> failure;
  Payload memo, search_attributes;
  Payload scheduled;  ///< of runs that a schedule started: a ScheduledBy as JSON
  // Of open runs only:
  std::optional<Timestamp> ready_at;  ///< when it is looked at next; nullopt: waits for a message, or is owned
  WorkerId owner = 0;                 ///< 0: nobody
  std::string waiting_for;            ///< in words, as the worker wrote it when it parked the run
  int unread_messages = 0;
  int task_failures = 0;     ///< workflow tasks that failed in a row
  std::string task_failure;  ///< the last one's message
  bool quarantined = false;
};

struct ClosedRun {
  Uuid run_id;
  RunStatus status = RunStatus::completed;
  Payload result;
  std::optional<Failure> failure;
  Uuid next_run_id;  ///< continued_as_new: the run that went on
};

/// Which runs; what is set narrows the others. Everything but namespace, place and limit is shorthand for `filter`.
struct ListFilter {
  std::string namespace_ = "default";
  std::optional<std::string> workflow_type, task_queue, workflow_id_prefix;
  std::optional<RunStatus> status;
  std::optional<Timestamp> started_after, started_before;
  std::optional<Uuid> parent_run_id;  ///< only the children of this run
  std::optional<Uuid> before;         ///< keyset: only runs with a smaller run id (older)
  int limit = 20;                     ///< 1 to 1000
  visibility::Filter filter;          ///< see visibility/parse.hpp
};

/// How many runs there are, and by what they were counted.
struct RunCount {
  struct Group {
    Payload value;  ///< JSON; null: of runs that have none
    std::int64_t count = 0;
    bool operator==(const Group&) const = default;
  };
  std::int64_t total = 0;
  std::vector<Group> groups;  ///< the largest first, at most kMaxGroups
};
inline constexpr int kMaxGroups = 1000;

struct PendingActivity {
  CommandSeq seq = 0;
  std::string activity, task_queue;
  int attempt = 0;  ///< of the running or last attempt; 0: none yet
  int max_attempts = 0;
  Timestamp scheduled_at;
  std::optional<Timestamp> next_attempt_at;  ///< nullopt while an attempt runs
  WorkerId owner = 0;
  std::optional<Failure> last_failure;
  std::string limit_key;                     ///< empty: none
  std::vector<std::string> waits_for_limit;  ///< of a due task: the limits that hold it up, in words
};

// --- workers
// ----------------------------------------------------------------------------------------------------------

struct WorkerInfo {
  std::string identity;  ///< host:pid, for people
  std::vector<std::string> task_queues;
  std::string version;
  Duration lease = std::chrono::seconds(5);
};
struct WorkerDescription {
  WorkerId id = 0;
  std::string identity, version;
  std::vector<std::string> task_queues;
  Timestamp started_at, lease_until;
  bool alive = false;
  std::int64_t owned_runs = 0, owned_activities = 0;
};
struct QueueDescription {
  std::string task_queue;
  std::int64_t ready_runs = 0, parked_runs = 0, owned_runs = 0, waiting_activities = 0, running_activities = 0;
  std::optional<Duration> oldest_ready_age;
  int workers = 0;  ///< live workers that serve it
};
/// What a peek found. Hints only: by the time it is acted on, somebody else may have taken it.
struct Readiness {
  bool runs = false;        ///< a claimable run is due in one of the queues
  bool activities = false;  ///< an activity task of one of the queues is due, and no limit is known to hold it up
  bool expired_activities = false;          ///< some activity task passed its timeout
  bool expired_workers = false;             ///< some worker's lease ended, or a commit left something to be done
  bool queries = false;                     ///< a query to a run of one of the queues waits for an answer
  std::vector<WorkerId> rung;               ///< owners with a rung doorbell
  std::optional<Duration> schedule_due_in;  ///< when the next schedule is due (0: now); nullopt: never
  std::vector<std::string> limited_queues;  ///< those of the queues that have a limit
  /// When a rate next allows a waiting activity of these queues (0: now); nullopt: no time that is known.
  std::optional<Duration> limits_due_in;
  int deaths = 0;  ///< processes (or single lanes) of these queues that died, not released, in the last minute or so
};
struct TakeoverReport {
  int workers = 0;
  int runs = 0;
  int activities = 0;
  int quarantined = 0;
};

// --- the lane
// ---------------------------------------------------------------------------------------------------------

struct ClaimRequest {
  std::span<const std::string> task_queues;
  int limit = 0;
  bool full_sweep = false;  ///< ignore the moving lower bound on ready_at
};

struct ClaimedRun {
  Uuid run_id;
  std::string namespace_, workflow_id, workflow_type, task_queue;
  Payload input;
  Timestamp started_at;
  bool fresh = false;       ///< never claimed before: it has no history and no tasks
  bool rung = false;        ///< unread messages may wait: load them
  std::int64_t claims = 0;  ///< grows by one with each claim: a cached run is current if it grew by 1
  int task_failures = 0;
  int takeovers = 0;  ///< owners in a row that died while they had it
  int priority = 3;
  std::optional<Timestamp> deadline;  ///< execution timeout
  Uuid parent_run_id;                 ///< nil: it is nobody's child
  CommandSeq parent_seq = 0;
  Payload scheduled;  ///< of runs that a schedule started: a ScheduledBy as JSON
};

struct RunMessages {
  Uuid run_id;
  std::vector<Message> messages;
};

/// An activity_tasks row as its run's owner sees it.
struct TaskState {
  CommandSeq seq = 0;
  int attempt = 0;
  bool transactional = false;  ///< waits for its run's owner, who runs it at `ready_at`
  WorkerId owner = 0;          ///< who runs it now; 0: nobody
  Timestamp ready_at, scheduled_at;
  std::optional<Failure> last_failure;
};

struct RunState {
  Uuid run_id;
  std::vector<HistoryRow> history;
  std::vector<TaskState> tasks;  ///< read before the messages, so an outcome is seen in at least one
  std::vector<Message> messages;
};

/// What an activity task row holds. `options` decide timeouts and retries wherever it runs.
struct NewActivityTask {
  CommandSeq seq = 0;
  std::string activity;
  std::string task_queue;  ///< resolved: never empty unless transactional
  Payload input;
  ActivityOptions options;
  bool transactional = false;     ///< retry of a transactional activity: only its run's owner runs it
  bool started_here = false;      ///< first attempt starts at once on this worker (recorded before it runs)
  int attempt = 0;                ///< attempts already made
  std::optional<Duration> delay;  ///< due after this; unset: at once
  Timestamp scheduled_at;         ///< when the activity was first scheduled (for schedule-to-close)
  std::optional<Failure> last_failure;
};

enum class NextState : std::uint8_t {
  owned,   ///< stays with this worker
  parked,  ///< given up: claimable at ready_at (nullopt: when a message comes)
  closed,
};

/// What a child's end says to its parent. Dropped if the parent is not open any more.
struct ParentNotice {
  Uuid run_id;  ///< the parent's
  CommandSeq seq = 0;
  MessageKind kind = MessageKind::child_completed;
  Payload payload;  ///< the result; or the failure as encode_failure writes it
};

/// What a step did to an update of its run.
struct UpdateChange {
  std::string update_id;
  UpdateStage stage = UpdateStage::accepted;
  Payload result;                  ///< completed
  std::optional<Failure> failure;  ///< rejected; completed without a result
};

/// The run that goes on after a continue-as-new. Everything that is not here it takes from the run before.
struct NextRun {
  Uuid run_id;
  std::string workflow_type, task_queue;
  Payload input;
  std::vector<NewMessage> signals;  ///< to be read before those that are unread; `to` does not matter
};

struct RunCommit {
  Uuid run_id;
  EventId first_event_id = 1;
  Timestamp at;
  std::string events;                      ///< JSON array; empty: no history row
  std::vector<std::int64_t> consumed;      ///< inbox ids
  std::vector<NewActivityTask> new_tasks;  ///< replaces a row of the same seq
  std::vector<CommandSeq> ended_tasks;     ///< rows to delete
  std::vector<CommandSeq> cancel_tasks;    ///< rows whose cancellation is requested
  NextState next = NextState::owned;
  // parked:
  std::optional<Timestamp> ready_at;
  std::string waiting_for;
  std::string task_failure;  ///< not empty: a workflow task failed; the count grows, otherwise it resets
  // closed:
  RunStatus status = RunStatus::completed;
  Payload result;
  std::optional<Failure> failure;
  std::optional<ParentNotice> notice;  ///< of a child: to its parent, in this commit
  bool has_children = false;           ///< children may be open: their parent close policies are carried out
  std::optional<NextRun> successor;    ///< status continued_as_new: unread messages move to it, and do not hold it up

  /// What the run changed of its memo and search attributes; "null" removes a member. A successor has them too.
  Properties memo, search_attributes;
  std::vector<UpdateChange> updates;  ///< at most one per update id
  bool end_updates = false;           ///< closed: whatever update of the run is not completed ends now

  std::vector<Uuid> cancel_runs;  ///< children that are asked to end; each means the open run of its chain
};

struct CommitBatch {
  std::vector<RunCommit> runs;
};

/// How a run failed, of those that close failed, timed out or terminated: these always have one.
std::optional<Failure> failure_of(const RunCommit& commit);

/// The transaction of a step, for transactional activities.
class BusinessTransaction {
 public:
  virtual ~BusinessTransaction() = default;
  /// PostgreSQL's; throws std::logic_error on the memory store.
  virtual pqxx::transaction_base& postgres() = 0;
  /// While an exception of the activity is handled: was the connection lost? Then what failed was not the activity.
  virtual bool broken() const { return false; }
  /// While an exception of the activity is handled: did somebody else stand in the way (a deadlock, a row held for too
  /// long, a serialization failure)? The transaction is void, and worth a repetition.
  virtual bool obstructed() const { return false; }
};

// --- activity tasks
// ---------------------------------------------------------------------------------------------------

struct ActivityKey {
  Uuid run_id;
  CommandSeq seq = 0;
  int attempt = 0;
  auto operator<=>(const ActivityKey&) const = default;
};

struct ClaimedActivity {
  ActivityKey key;  ///< attempt: this one, from 1
  std::string namespace_, workflow_id, activity, task_queue;
  Payload input;
  ActivityOptions options;
  Timestamp scheduled_at, started_at;
  Payload heartbeat_details;  ///< of the attempt before; may be empty
  bool cancel_requested = false;
  bool queue_limited = false;  ///< it takes a place of its queue's limit
};

struct ActivityOutcome {
  ActivityKey key;
  WorkerId worker = 0;  ///< who ran it; 0: decided for an expired task
  enum class Kind : std::uint8_t { completed, failed, retry } kind = Kind::completed;
  Payload result;                                    ///< completed
  Failure failure;                                   ///< failed, retry
  RetryState retry_state = RetryState::in_progress;  ///< failed: why there is no further attempt
  Duration retry_delay{};                            ///< retry
  /// Whose limits had a place taken by the attempt: what waits for one of them is looked at sooner. May be empty.
  std::string limit_key, limited_queue;
};

struct FinishReport {
  int dropped = 0;                ///< outcomes of tasks that are no longer that attempt's
  std::vector<ActivityKey> busy;  ///< nothing happened: somebody holds the run at this moment; repeat them
};

struct Heartbeat {
  ActivityKey key;
  Payload details;
};

struct ExpiredActivity {
  ClaimedActivity task;
  std::string timeout;  ///< "StartToClose", "ScheduleToStart", "ScheduleToClose", "Heartbeat", "WorkerLost"
  Timestamp now;        ///< the database's time of this claim
};

}  // namespace holdfast::store
