#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

#include <holdfast/store/store.hpp>

namespace holdfast::store {

/// "infinity" of timestamptz: waits for a message only, or is owned.
inline constexpr Timestamp kNever = Timestamp::max();

/// Row of `runs`.
struct RunRow {
  RunSummary summary;
  Payload input, result, memo, search_attributes;
  std::optional<Failure> failure;
  std::optional<Timestamp> deadline;
  CommandSeq parent_seq = 0;
  ParentClosePolicy parent_close_policy = ParentClosePolicy::terminate;
  Uuid first_run_id, previous_run_id, next_run_id;
  Payload scheduled;
};

/// Row of `live_runs`.
struct LiveRow {
  int priority = 3;
  Timestamp ready_at;
  WorkerId owner = 0;
  bool rung = false;
  bool fresh = true;
  std::int64_t claims = 0;
  int takeovers = 0;                      ///< owners in a row that died without progress
  std::optional<EventId> takeover_event;  ///< last event when the last owner died
  bool quarantined = false;
  std::string waiting_for, task_failure;
  int task_failures = 0;
};

/// Row of `activity_tasks`.
struct TaskRow {
  NewActivityTask task;  ///< its attempt: the running or last one
  WorkerId owner = 0;
  Timestamp ready_at = kNever;
  Timestamp started_at;
  Timestamp heartbeat_at;
  Payload heartbeat_details;
  bool cancel_requested = false;
  bool queue_limited = false;
  Timestamp timeout_at = kNever;
  std::string timeout;
};

/// Row of `queries`.
struct QueryRow {
  Uuid run_id;
  bool follows = false;
  bool seen = false;
  std::int64_t last_inbox_id = 0;  ///< when it was asked
  Timestamp deadline, look_at;
  std::string name, note;
  Payload input;
  std::optional<QueryAnswer> answer;
};

struct WorkerRow {
  WorkerInfo info;
  Timestamp started_at, lease_until;
};

struct History {
  std::vector<HistoryRow> rows;
  EventId next = 1;
};

/// The tables of a MemoryStore. Whoever touches them holds `mutex`.
struct MemoryTables {
  std::mutex mutex;
  std::function<Timestamp()> clock;

  std::map<Uuid, RunRow> runs;
  std::map<Uuid, LiveRow> live;
  std::map<std::pair<std::string, std::string>, std::set<Uuid>> by_workflow_id;  ///< (namespace, id): oldest first
  std::map<Uuid, History> history;
  std::map<Uuid, std::map<std::int64_t, Message>> inbox;
  std::map<Uuid, std::set<Uuid>> message_ids;  ///< per run, also of consumed messages
  std::map<std::pair<Uuid, CommandSeq>, TaskRow> tasks;
  std::map<WorkerId, WorkerRow> workers;
  std::map<ScheduleKey, ScheduleRow> schedules;
  struct Limit {
    NewLimit content;  ///< completed
    Timestamp updated_at;
  };
  std::map<LimitName, Limit> limits;
  std::map<LimitName, Timestamp> limits_full_at;  ///< of queues and keys with a rate: see LimitRate
  std::map<UpdateKey, UpdateState> updates;
  std::map<Uuid, QueryRow> queries;
  std::vector<std::pair<Timestamp, WorkerRow>> dead_workers;  ///< that were taken over, and when
  std::int64_t last_inbox_id = 0;
  WorkerId last_worker_id = 0;

  std::condition_variable hinted;
  std::map<const void*, std::vector<std::string>> listeners;  ///< undelivered hints of each

  Timestamp now() const { return clock(); }

  LiveRow* find_live(const Uuid& run_id);
  TaskRow* find_task(const Uuid& run_id, CommandSeq seq);
  /// The run that a key names; nil: none.
  Uuid resolve(const RunKey& key) const;
  /// Throws LeaseLost.
  void check_lease(WorkerId worker) const;

  /// Rings the doorbell of an open run.
  void ring(LiveRow& row);
  void deliver(const Uuid& run_id, LiveRow& row, Message message);
  /// Appends one history row.
  void append_history(const Uuid& run_id, Timestamp at, std::string events);
  /// Removes every trace of an open run except its history, and records how it ended.
  void close(const Uuid& run_id, RunStatus status, Payload result, std::optional<Failure> failure);
  void terminate(const Uuid& run_id, std::string_view reason);

  // memory_families.cpp
  /// What the policies say about a start, before anything is written.
  std::optional<StartResult> refuse(const NewRun& run);
  StartResult start(const NewRun& run);
  void adopt(const NewChild& child);
  /// The open run of the chain that this run belongs to; nil: it has ended.
  Uuid open_run_of_chain(Uuid run_id) const;
  void request_cancel(const Uuid& run_id, std::string_view reason);
  void tell_parent(const ParentNotice& notice);
  void part_from_children(const Uuid& parent);
  void continue_as_new(const RunCommit& commit);

  std::optional<Timestamp> next_schedule_at() const;

  // memory_limits.cpp
  /// The limit that applies to a queue or key; nullptr: none.
  const Limit* limit_of(const LimitName& name) const;
  /// Where the limits stand that apply to a task.
  std::vector<LimitUse> limits_on(const TaskRow& row) const;
  bool may_start(const TaskRow& row) const;
  /// The task is about to start.
  void take_place(TaskRow& row);

  // memory_queries.cpp
  /// Why the query cannot be answered yet; empty: it can.
  std::string why_query_waits(const QueryRow& row);

  // memory_updates.cpp
  std::vector<UpdateState*> open_updates_of(const Uuid& run_id);
  void write_updates(const RunCommit& commit);
  /// The run is over: what is not completed ends.
  void end_updates(const Uuid& run_id);

  std::vector<Message> unread(const Uuid& run_id) const;
  /// All tasks of one run, by seq.
  void for_each_task(const Uuid& run_id, const std::function<void(CommandSeq, TaskRow&)>& visit);

  /// Due again at `ready_at`, without an owner.
  void queue_task(TaskRow& row, Timestamp ready_at) const;
  /// An attempt starts now.
  void start_task(TaskRow& row, WorkerId worker) const;
  /// Sets timeout_at and timeout from the options and where the task stands.
  void set_timeout(TaskRow& row) const;
  /// Takes the task from a worker that is gone; what happens next is decided through claim_expired_activities.
  void lose_task(TaskRow& row) const;
  /// Everything that a worker that is gone had. Returns (runs, tasks).
  std::pair<int, int> disown(WorkerId worker, const std::function<void(const Uuid&, LiveRow&)>& on_run);
};

/// Number of elements of a JSON array.
EventId count_events(std::string_view json);

}  // namespace holdfast::store
