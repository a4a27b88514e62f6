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

}  // namespace command

using Command =
    std::variant<command::ScheduleActivity, command::CancelActivity, command::StartTimer, command::CancelTimer,
                 command::CompleteWorkflow, command::FailWorkflow, command::CancelWorkflow>;

/// The event that records the command.
Event to_event(const Command& command);

}  // namespace holdfast
