#include "workflow_driver.hpp"

#include <algorithm>

namespace platform::test {

using namespace holdfast;

WorkflowDriver::WorkflowDriver(WorkflowDefinition definition, std::string input)
    : definition_(std::move(definition)), input_(std::move(input)), run_(definition_, info()) {}

RunInfo WorkflowDriver::info() const {
  return {.run_id = Uuid::parse("018bcfe5-6800-7000-8000-0123456789ab"),
          .workflow_id = "w",
          .workflow_type = definition_.name,
          .task_queue = "default",
          .input = input_,
          .started_at = kStart};
}

Failure WorkflowDriver::fail(std::string type, std::string message) {
  Failure failure;
  failure.type = std::move(type);
  failure.message = std::move(message);
  return failure;
}

std::string WorkflowDriver::calls_text() const {
  std::string text;
  for (const auto& name : calls_) text += (text.empty() ? "" : " ") + name;
  return text;
}

std::size_t WorkflowDriver::history_bytes() const {
  std::vector<Event> events;
  for (const auto& recorded : history_) events.push_back(recorded.event);
  return encode_events(events).size();
}

void WorkflowDriver::run() {
  apply(event::WorkflowStarted{});
  while (!run_.closed() && deliver_next()) {}
  ASSERT_TRUE(run_.closed()) << "the workflow waits for something that never comes: " << run_.waiting_for();
  expect_replays_from_every_prefix();
}

bool WorkflowDriver::deliver_next() {
  if (!outcomes_.empty()) {
    const auto outcome = outcomes_.front();
    outcomes_.erase(outcomes_.begin());
    apply(outcome);
    return true;
  }
  const auto timers = run_.pending_timers();
  if (timers.empty()) return false;
  const auto next = std::ranges::min_element(timers, {}, &Run::PendingTimer::fire_at);
  now_ = std::max(now_, next->fire_at);
  apply(event::TimerFired{next->seq});
  return true;
}

void WorkflowDriver::apply(const Event& input) {
  history_.push_back({now_, input});
  take(run_.apply(now_, input));
}

void WorkflowDriver::take(const std::vector<Command>& commands) {
  for (const auto& asked : commands) {
    history_.push_back({now_, to_event(asked)});
    if (const auto* activity = std::get_if<command::ScheduleActivity>(&asked)) call(*activity);
    if (const auto* done = std::get_if<command::CompleteWorkflow>(&asked)) result_ = done->result;
    if (const auto* failed = std::get_if<command::FailWorkflow>(&asked)) failure_ = failed->failure;
  }
}

void WorkflowDriver::call(const command::ScheduleActivity& activity) {
  calls_.push_back(activity.activity);
  const auto body = bodies_.find(activity.activity);
  if (body == bodies_.end()) {
    outcomes_.push_back(event::ActivityCompleted{activity.seq, "{}"});
    return;
  }
  try {
    outcomes_.push_back(event::ActivityCompleted{activity.seq, body->second(activity.input)});
  } catch (const Failure& failure) {
    outcomes_.push_back(event::ActivityFailed{activity.seq, failure, RetryState::maximum_attempts_reached, 5});
  }
}

void WorkflowDriver::expect_replays_from_every_prefix() const {
  for (std::size_t cut = 0; cut <= history_.size(); ++cut) {
    Run again(definition_, info());
    std::vector<Event> seen;
    // One row per event, because each row has one time.
    for (std::size_t i = 0; i < cut; ++i) {
      again.replay(history_[i].at, static_cast<EventId>(i + 1), {history_[i].event});
      seen.push_back(history_[i].event);
    }
    for (const auto& asked : again.take_unrecorded()) seen.push_back(to_event(asked));
    while (seen.size() < history_.size()) {
      const auto& next = history_[seen.size()];
      ASSERT_FALSE(is_command_event(next.event)) << "cut at " << cut << ", event " << seen.size() + 1;
      seen.push_back(next.event);
      for (const auto& asked : again.apply(next.at, next.event)) seen.push_back(to_event(asked));
    }
    std::vector<Event> expected;
    for (const auto& recorded : history_) expected.push_back(recorded.event);
    ASSERT_EQ(encode_events(seen), encode_events(expected)) << "cut at " << cut;
  }
}

}  // namespace platform::test
