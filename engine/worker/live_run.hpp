#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <holdfast/core/run.hpp>
#include <holdfast/store/types.hpp>

namespace holdfast::worker {

/// Something that reached a run and is not durable in its history yet.
struct PendingInput {
  Event event;
  std::int64_t inbox_id = 0;  ///< 0: it did not come through the inbox
  bool ends_row = false;      ///< an activity outcome whose task row goes with it
};

/// The command that an outcome (of an activity, a timer, a child's start or end) belongs to; 0: the event is none.
CommandSeq outcome_seq(const Event& event);

/// An attempt that this process has taken on: queued or running in the pool.
struct LocalAttempt {
  ActivityOptions options;
  Timestamp scheduled_at;
  bool has_row = false;
  std::uint64_t dispatch = 0;  ///< what comes from another dispatch of the same command is void
};

/// A transactional activity that waits for its next attempt.
struct WaitingTransactional {
  command::ScheduleActivity command;
  int attempt = 0;  ///< attempts made
  Timestamp scheduled_at, due;
};

/// A run that a lane owns, or keeps in its cache after parking it.
struct LiveRun {
  store::ClaimedRun info;
  std::unique_ptr<Run> run;  ///< null: to be rebuilt from the store first
  std::vector<PendingInput> inputs;
  std::map<CommandSeq, LocalAttempt> local;
  std::map<CommandSeq, WaitingTransactional> waiting;
  std::map<CommandSeq, Failure> failed_transactional;  ///< attempts whose failure is to be recorded
  std::vector<store::NewActivityTask> new_tasks;       ///< retries to be written with the next commit
  // Of a rebuilt run, for its next commit:
  std::vector<Command> unrecorded;                     ///< commands that replay gave beyond the last row
  std::vector<command::ScheduleActivity> to_schedule;  ///< recorded, but neither here nor in a task row
  std::vector<command::ScheduleActivity> to_resume;    ///< recorded as begun here, and never begun
  std::vector<command::StartChild> to_start;           ///< recorded, but their start is not
  std::vector<PendingInput> next_inputs;               ///< for the step after the next commit
  std::set<CommandSeq> in_doubt;                       ///< attempts whose commit was in doubt: not begun
  EventId next_event = 0;                              ///< where its history ends, if it cannot be replayed; 0: unknown
  std::size_t applied = 0;                             ///< how many of the inputs the commit under way holds
  int dispatching = 0;                                 ///< attempts that begin after the commit under way
  bool timer_popped = false;                           ///< of a deadline or a retry: pushed again if it was too early
  bool claim_in_doubt = false;                         ///< whether it is ours, the store may not know yet
  bool fresh = false;                                  ///< WorkflowStarted is not durable
  bool queued = false;                                 ///< stands in the lane's list of runs to advance
  bool alone = false;                                  ///< to be advanced in a transaction of its own
  int conflicts = 0;                                   ///< in a row
  std::string refused;                  ///< the database refused the last commit: fail the task with this
  std::list<Uuid>::iterator cached_at;  ///< its place in the cache, while cached
  std::size_t cached_bytes = 0;

  /// Is this dispatch of the activity the one that counts?
  bool runs(CommandSeq seq, std::uint64_t dispatch) const;
  bool has_timer(CommandSeq seq) const;
  /// Due time of the next thing that happens by itself: a timer, a transactional retry, the deadline.
  std::optional<Timestamp> next_due() const;
};

}  // namespace holdfast::worker
