#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <holdfast/core/child_options.hpp>
#include <holdfast/core/failure.hpp>
#include <holdfast/core/retry.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace holdfast {

/// JSON text, kept as text: the engine moves payloads, it never interprets them.
using Payload = std::string;

/// Position of an event in its run's history; the first is 1.
using EventId = std::int64_t;
/// Number of a command within its run, counted over all kinds; the first is 1. Outcomes refer to it.
using CommandSeq = std::int32_t;

/// The history of a run is a list of these. Two kinds of line:
///  - what reached the run from outside (started, completed, fired, signaled): replay feeds them to the coroutine;
///  - what the run asked for (scheduled, timer started, closed): replay compares them with what the code asks for now.
/// Names and members are the stored format (docs/sql.md): renaming one breaks every recorded history.
namespace event {

struct WorkflowStarted {};  ///< the input is in runs.input
struct ActivityScheduled {
  CommandSeq seq;
  std::string activity;
  Payload input;
  std::string task_queue;
};
struct ActivityCompleted {
  CommandSeq seq;
  Payload result;
};
struct ActivityFailed {
  CommandSeq seq;
  Failure failure;
  RetryState retry_state;
  int attempt;
};
struct ActivityCancelRequested {
  CommandSeq seq;
};
struct TimerStarted {
  CommandSeq seq;
  Timestamp fire_at;
};
struct TimerFired {
  CommandSeq seq;
};
struct TimerCanceled {
  CommandSeq seq;
};
struct WorkflowSignaled {
  std::string signal;
  Payload input;
  std::string message_id;
};
struct WorkflowCancelRequested {
  std::string reason;
};
struct WorkflowCompleted {
  Payload result;
};
struct WorkflowFailed {
  Failure failure;
};
struct WorkflowCanceled {};
struct WorkflowTimedOut {};  ///< the execution timeout passed
struct WorkflowTerminated {
  std::string reason;
};  ///< written by the operator's verb, not by a task
struct ChildWorkflowInitiated {
  CommandSeq seq;
  std::string workflow_type, workflow_id;
  Uuid run_id;  ///< chosen by the parent, so that starting it twice is starting it once
  std::string task_queue;
  ParentClosePolicy parent_close_policy;
  Payload input;
};
struct ChildWorkflowStarted {
  CommandSeq seq;
};
struct ChildWorkflowStartFailed {
  CommandSeq seq;
  Failure failure;  ///< type "ChildWorkflowAlreadyStarted": the workflow id is taken
};
struct ChildWorkflowCompleted {
  CommandSeq seq;
  Payload result;
};
struct ChildWorkflowFailed {
  CommandSeq seq;
  Failure failure;  ///< kind canceled, terminated or timeout: it ended so; otherwise what it failed with
};
struct ChildWorkflowCancelRequested {
  CommandSeq seq;
};
/// The run ends, and another one goes on under the same workflow id with this input.
struct WorkflowContinuedAsNew {
  Uuid run_id;  ///< of the next run
  std::string workflow_type, task_queue;
  Payload input;
};
/// The run changed what it carries along: one of both. Members that are null were removed.
struct WorkflowPropertiesModified {
  CommandSeq seq;
  Payload memo, search_attributes;
};
/// A client's update that the validator let pass: from here on its handler runs. Those that were refused are no event.
struct WorkflowUpdateAccepted {
  std::string update_id, name;
  Payload input;
};
struct WorkflowUpdateCompleted {
  std::string update_id;
  Payload result;                  ///< empty: it failed
  std::optional<Failure> failure;  ///< of the update; the run goes on
};

}  // namespace event

using Event =
    std::variant<event::WorkflowStarted, event::ActivityScheduled, event::ActivityCompleted, event::ActivityFailed,
                 event::ActivityCancelRequested, event::TimerStarted, event::TimerFired, event::TimerCanceled,
                 event::WorkflowSignaled, event::WorkflowCancelRequested, event::WorkflowCompleted,
                 event::WorkflowFailed, event::WorkflowCanceled, event::WorkflowTimedOut, event::WorkflowTerminated,
                 event::ChildWorkflowInitiated, event::ChildWorkflowStarted, event::ChildWorkflowStartFailed,
                 event::ChildWorkflowCompleted, event::ChildWorkflowFailed, event::ChildWorkflowCancelRequested,
                 event::WorkflowContinuedAsNew, event::WorkflowPropertiesModified, event::WorkflowUpdateAccepted,
                 event::WorkflowUpdateCompleted>;

/// The stored name, such as "ActivityScheduled".
std::string_view event_name(const Event& event);
/// True for lines that the run asked for (they are compared in replay), false for lines that reached it.
bool is_command_event(const Event& event);

/// One history row: what one workflow task appended. `events` is the JSON array that the row holds.
struct HistoryRow {
  EventId first_event_id = 1;
  Timestamp at;  ///< ctx.now() while these events were processed
  std::string events;
};

/// Appends one event as a JSON object to `out` (no separator).
void append_event(std::string& out, const Event& event);
/// A JSON array of events.
std::string encode_events(const std::vector<Event>& events);
/// Reads a row's JSON array. Unknown members are ignored; an unknown event type throws HistoryError.
std::vector<Event> decode_events(std::string_view json);

}  // namespace holdfast
