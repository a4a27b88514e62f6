#pragma once

#include <string>
#include <variant>

#include <holdfast/core/activity.hpp>
#include <holdfast/core/event.hpp>

namespace holdfast {

/// What a run asks for, in the imperative; each has an event that records it.
namespace command {

struct ScheduleActivity {
  CommandSeq seq;
  std::string activity;
  Payload input;
  ActivityOptions options;
  bool transactional = false;
  Timestamp scheduled_at;  ///< when the run's code asked for it, the same in every replay
};
struct CancelActivity {
  CommandSeq seq;
};
struct StartTimer {
  CommandSeq seq;
  Timestamp fire_at;
};
struct CancelTimer {
  CommandSeq seq;
};
struct CompleteWorkflow {
  Payload result;
};
struct FailWorkflow {
  Failure failure;
};
struct CancelWorkflow {};
struct StartChild {
  CommandSeq seq;
  Uuid run_id;
  std::string workflow_type, workflow_id, task_queue;  ///< resolved: none is empty
  Payload input;
  ParentClosePolicy parent_close_policy = ParentClosePolicy::terminate;
  IdReusePolicy reuse = IdReusePolicy::allow_duplicate;
  std::optional<Duration> execution_timeout;
  std::string memo, search_attributes;
};
struct CancelChild {
  CommandSeq seq;
  Uuid run_id;  ///< as it was started; the child may be a later run of its chain by now
};
/// A signal that the run took up and that nobody received: the next run gets it again, before everything else.
struct CarriedSignal {
  std::string signal;
  Payload input;
  std::string message_id;
};
struct ContinueAsNew {
  Uuid run_id;  ///< of the next run
  std::string workflow_type, task_queue;
  Payload input;
  std::vector<CarriedSignal> signals;  ///< in the order in which they arrived
};
struct ModifyProperties {
  CommandSeq seq;
  Payload memo, search_attributes;  ///< one of both: an object; null removes a member
};
struct CompleteUpdate {
  std::string update_id;
  Payload result;
  std::optional<Failure> failure;  ///< set: it failed, and there is no result
};

}  // namespace command

using Command =
    std::variant<command::ScheduleActivity, command::CancelActivity, command::StartTimer, command::CancelTimer,
                 command::CompleteWorkflow, command::FailWorkflow, command::CancelWorkflow, command::StartChild,
                 command::CancelChild, command::ContinueAsNew, command::ModifyProperties, command::CompleteUpdate>;

/// The event that records the command.
Event to_event(const Command& command);

}  // namespace holdfast
