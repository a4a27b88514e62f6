#include <holdfast/worker/messages.hpp>

#include <utility>

namespace holdfast::worker {

Event event_of(const store::Message& message) {
  switch (message.kind) {
    case store::MessageKind::signal:
      return event::WorkflowSignaled{message.name, message.payload, message.message_id.to_string()};
    case store::MessageKind::cancel: return event::WorkflowCancelRequested{message.name};
    case store::MessageKind::activity_completed: return event::ActivityCompleted{message.seq, message.payload};
    case store::MessageKind::activity_failed: {
      auto outcome = store::decode_activity_failure(message.payload);
      return event::ActivityFailed{message.seq, std::move(outcome.failure), outcome.retry_state, message.attempt};
    }
    case store::MessageKind::child_completed: return event::ChildWorkflowCompleted{message.seq, message.payload};
    case store::MessageKind::child_failed:
      return event::ChildWorkflowFailed{message.seq, decode_failure(message.payload)};
    case store::MessageKind::update: {
      auto update = store::decode_update_message(message.payload);
      return event::WorkflowUpdateAccepted{std::move(update.update_id), message.name, std::move(update.input)};
    }
  }
  std::unreachable();
}

}  // namespace holdfast::worker
