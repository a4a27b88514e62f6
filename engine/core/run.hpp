#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/core/command.hpp>
#include <holdfast/core/definition.hpp>
#include <holdfast/core/event.hpp>
#include <holdfast/core/run_state.hpp>

namespace holdfast {

class ContinueAsNew;

/// What a run knows about itself from its start.
struct RunInfo {
  Uuid run_id;
  std::string workflow_id, workflow_type, task_queue;
  Payload input;
  Timestamp started_at;
  Payload scheduled = {};  ///< a ScheduledBy as JSON; empty: no schedule started it
};

/// The answer to a query: JSON, or why there is none.
struct QueryResult {
  Payload result;
  std::optional<Failure> failure;
};

/// One run of a workflow: a coroutine fed with events, and the commands that it gives in return. Pure: no clock, no
/// I/O, no threads; the same events give the same commands. One thread at a time.
///
/// Events are applied one by one, and the coroutine runs until it waits after each, so the order of the events is all
/// that decides what it does: how they are cut into tasks or commits does not.
class Run {
 public:
  using Log = detail::RunState::Log;

  Run(const WorkflowDefinition& definition, RunInfo info, Log log = {});
  /// Destroys the suspended coroutines with their locals; nothing is issued any more.
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Takes a line that reached the run and returns what the code asks for now, in order. `at` becomes ctx.now(); it
  /// never goes back. Throws NondeterminismError, HistoryError (an outcome nobody waits for), or what the workflow
  /// function threw if that does not fail a run; the object is unusable then.
  std::vector<Command> apply(Timestamp at, const Event& input);

  /// Repeats one recorded row. Throws NondeterminismError if the code asks for anything else than the row records.
  /// Commands beyond the end of the row stay in take_unrecorded().
  void replay(Timestamp at, EventId first_event_id, const std::vector<Event>& row);
  /// Commands that the code issued in replay and that no row recorded: only of a history that was cut inside a task.
  std::vector<Command> take_unrecorded();

  bool started() const { return started_; }
  bool closed() const { return closed_; }
  bool cancel_requested() const { return state_.cancel_requested; }
  EventId next_event_id() const { return next_event_id_; }
  Timestamp now() const { return state_.now; }

  /// Activities without an outcome that replay met: the caller dispatches those that no task row stands for. Emptied.
  std::vector<command::ScheduleActivity> take_undispatched();
  /// The same for child workflows whose start no line records.
  std::vector<command::StartChild> take_unstarted_children();
  /// May a child be open that the end of this run concerns (any but an abandoned one)?
  bool has_dependent_children() const { return state_.has_dependent_children(); }
  /// Is the outcome of this command still awaited?
  bool is_open(CommandSeq seq) const { return state_.open.contains(seq); }

  /// Why an update is not to be accepted: no handler of this name, an input that is none, or what its validator threw.
  /// nullopt: apply event::WorkflowUpdateAccepted. Changes nothing, and is no part of replay. `at`: ctx.now()
  /// meanwhile.
  std::optional<Failure> refuse_update(Timestamp at, const std::string& name, const Payload& input);
  /// Asks the run about itself, while its code has not ended (see query_history). Changes nothing. Failures: type
  /// "UnknownQuery" (the message lists the names), "InvalidInput", "ReadOnly", or what the handler threw.
  /// "__waiting_for" is answered for every run.
  QueryResult query(const std::string& name, const Payload& input);
  /// Updates that were accepted and are not completed.
  bool has_open_updates() const { return state_.open_updates > 0; }

  struct PendingTimer {
    CommandSeq seq;
    Timestamp fire_at;
  };
  std::vector<PendingTimer> pending_timers() const;
  /// "signal approved", "activity charge, timer until ...": for operators.
  std::string waiting_for() const;
  /// Rough number of bytes that the run keeps in memory, for the cache's bound.
  std::size_t memory_bytes() const;

 private:
  friend QueryResult query_history(const WorkflowDefinition&, const RunInfo&, const std::vector<HistoryRow>&,
                                   const std::string&, const Payload&);
  void feed(const Event& input);
  void start();
  detail::FuturePtr take_open(CommandSeq seq, std::string_view event);
  void fire_timer(CommandSeq seq);
  void finish();
  command::ContinueAsNew continue_as_new(const ContinueAsNew& next);
  void check_determinism() const;

  const WorkflowDefinition* definition_;
  Payload input_;
  // The state outlives the coroutine: frames that are destroyed still reach it.
  detail::RunState state_;
  std::optional<Workflow<Payload>> root_;
  EventId next_event_id_ = 1;
  bool started_ = false;
  bool closed_ = false;
};

/// Rebuilds a run from its history and asks it: the answer is as of the end of the history. Of a run whose code
/// returned, as of its return; of one that ended with an exception (it failed, was canceled, continued as new), as it
/// stood when it last waited, since what it had in its variables is gone with the exception. Further failures: type
/// "ReplayFailed", "RunEnded" (it never waited). Pure.
QueryResult query_history(const WorkflowDefinition& definition, const RunInfo& info,
                          const std::vector<HistoryRow>& history, const std::string& name, const Payload& input);

}  // namespace holdfast
