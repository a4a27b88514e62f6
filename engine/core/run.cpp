#include <holdfast/core/run.hpp>

#include <algorithm>
#include <utility>

#include <holdfast/core/continue_as_new.hpp>
#include <holdfast/core/errors.hpp>
#include <holdfast/core/history_error.hpp>

namespace holdfast {
namespace {

std::uint64_t seed_of(const Uuid& run_id) {
  std::uint64_t seed = 0;
  for (std::size_t i = 8; i < 16; ++i) seed = seed << 8 | run_id.bytes[i];
  return seed;
}

std::exception_ptr activity_error(const std::string& activity, const event::ActivityFailed& failed) {
  if (failed.failure.kind == FailureKind::canceled) return std::make_exception_ptr(CanceledError(failed.failure));
  Failure failure;
  failure.kind = FailureKind::activity;
  failure.type = activity;
  failure.message = "activity " + activity + " failed after " + std::to_string(failed.attempt) +
                    (failed.attempt == 1 ? " attempt (" : " attempts (") + std::string(to_string(failed.retry_state)) +
                    ")";
  failure.cause = std::make_shared<const Failure>(failed.failure);
  return std::make_exception_ptr(ActivityError(std::move(failure), failed.retry_state));
}

/// What the payloads of a line that reached the run take in its history.
std::int64_t payload_bytes(const Event& input) {
  return std::visit(
      [](const auto& e) -> std::int64_t {
        if constexpr (requires { e.result; })
          return std::ssize(e.result);
        else if constexpr (requires { e.input; })
          return std::ssize(e.input);
        else
          return 0;
      },
      input);
}

}  // namespace

Event to_event(const Command& command) {
  return std::visit(
      [](const auto& c) -> Event {
        using C = std::remove_cvref_t<decltype(c)>;
        if constexpr (std::is_same_v<C, command::ScheduleActivity>)
          return event::ActivityScheduled{c.seq, c.activity, c.input, c.options.task_queue};
        else if constexpr (std::is_same_v<C, command::CancelActivity>)
          return event::ActivityCancelRequested{c.seq};
        else if constexpr (std::is_same_v<C, command::StartTimer>)
          return event::TimerStarted{c.seq, c.fire_at};
        else if constexpr (std::is_same_v<C, command::CancelTimer>)
          return event::TimerCanceled{c.seq};
        else if constexpr (std::is_same_v<C, command::CompleteWorkflow>)
          return event::WorkflowCompleted{c.result};
        else if constexpr (std::is_same_v<C, command::FailWorkflow>)
          return event::WorkflowFailed{c.failure};
        else if constexpr (std::is_same_v<C, command::CancelWorkflow>)
          return event::WorkflowCanceled{};
        else if constexpr (std::is_same_v<C, command::StartChild>)
          return event::ChildWorkflowInitiated{c.seq,        c.workflow_type,       c.workflow_id, c.run_id,
                                               c.task_queue, c.parent_close_policy, c.input};
        else if constexpr (std::is_same_v<C, command::CancelChild>)
          return event::ChildWorkflowCancelRequested{c.seq};
        else if constexpr (std::is_same_v<C, command::ModifyProperties>)
          return event::WorkflowPropertiesModified{c.seq, c.memo, c.search_attributes};
        else if constexpr (std::is_same_v<C, command::CompleteUpdate>)
          return event::WorkflowUpdateCompleted{c.update_id, c.result, c.failure};
        else
          return event::WorkflowContinuedAsNew{c.run_id, c.workflow_type, c.task_queue, c.input};
      },
      command);
}

Run::Run(const WorkflowDefinition& definition, RunInfo info, Log log)
    : definition_(&definition), input_(std::move(info.input)) {
  state_.run_id = info.run_id;
  state_.workflow_id = std::move(info.workflow_id);
  state_.workflow_type = std::move(info.workflow_type);
  state_.task_queue = std::move(info.task_queue);
  state_.started_at = info.started_at;
  state_.scheduled = std::move(info.scheduled);
  state_.now = info.started_at;
  state_.random_state = seed_of(info.run_id);
  state_.log = std::move(log);
}

Run::~Run() {
  state_.dropping = true;
  state_.updates.clear();  // handlers may refer to what is in the workflow's own frame
}

std::optional<Failure> Run::refuse_update(Timestamp at, const std::string& name, const Payload& input) {
  const auto before = std::exchange(state_.now, std::max(state_.now, at));
  auto refusal = state_.refuse_update(name, input);
  state_.now = before;
  return refusal;
}

std::vector<Command> Run::apply(Timestamp at, const Event& input) {
  state_.now = std::max(state_.now, at);
  state_.handled_event = next_event_id_++;
  feed(input);
  check_determinism();
  return take_unrecorded();
}

std::vector<Command> Run::take_unrecorded() {
  next_event_id_ += static_cast<EventId>(state_.issued.size());
  return std::exchange(state_.issued, {});
}

void Run::replay(Timestamp at, EventId first_event_id, const std::vector<Event>& row) {
  state_.now = std::max(state_.now, at);
  state_.replaying = true;
  state_.history = &row;
  state_.next_event = 0;
  state_.first_event_id = first_event_id;
  state_.match_issued();
  while (state_.next_event < row.size() && state_.nondeterminism.empty()) {
    const auto& line = row[state_.next_event];
    if (is_command_event(line)) {
      state_.nondeterminism = "event " + std::to_string(first_event_id + static_cast<EventId>(state_.next_event)) +
                              ": history says " + std::string(event_name(line)) + ", the code asked for nothing";
      break;
    }
    state_.handled_event = first_event_id + static_cast<EventId>(state_.next_event++);
    feed(line);
  }
  state_.history = nullptr;
  state_.replaying = false;
  next_event_id_ = first_event_id + static_cast<EventId>(row.size());
  check_determinism();
}

void Run::check_determinism() const {
  if (!state_.nondeterminism.empty())
    throw NondeterminismError(state_.workflow_type + " run " + state_.run_id.to_string() + ", " +
                              state_.nondeterminism);
}

void Run::feed(const Event& input) {
  if (closed_) throw HistoryError(std::string(event_name(input)) + " after the end of the run");
  if (!started_ && !std::holds_alternative<event::WorkflowStarted>(input) &&
      !std::holds_alternative<event::WorkflowTerminated>(input) &&
      !std::holds_alternative<event::WorkflowTimedOut>(input))
    throw HistoryError("the first event is " + std::string(event_name(input)) + ", not WorkflowStarted");
  state_.history_bytes += payload_bytes(input);
  std::visit(
      [this](const auto& e) {
        using E = std::remove_cvref_t<decltype(e)>;
        if constexpr (std::is_same_v<E, event::WorkflowStarted>) {
          start();
        } else if constexpr (std::is_same_v<E, event::ActivityCompleted>) {
          if (auto future = take_open(e.seq, "ActivityCompleted")) future->resolve(e.result);
        } else if constexpr (std::is_same_v<E, event::ActivityFailed>) {
          if (auto future = take_open(e.seq, "ActivityFailed")) future->fail(activity_error(future->name_, e));
        } else if constexpr (std::is_same_v<E, event::TimerFired>) {
          fire_timer(e.seq);
        } else if constexpr (std::is_same_v<E, event::WorkflowSignaled>) {
          state_.deliver(e.signal, {e.input, e.message_id, ++state_.last_arrival});
        } else if constexpr (std::is_same_v<E, event::WorkflowCancelRequested>) {
          if (!state_.cancel_requested) state_.cancel_everything();
        } else if constexpr (std::is_same_v<E, event::ChildWorkflowStarted>) {
          state_.child_started(e.seq);
        } else if constexpr (std::is_same_v<E, event::ChildWorkflowStartFailed>) {
          state_.child_start_failed(e.seq, e.failure);
        } else if constexpr (std::is_same_v<E, event::ChildWorkflowCompleted>) {
          state_.child_completed(e.seq, e.result);
        } else if constexpr (std::is_same_v<E, event::ChildWorkflowFailed>) {
          state_.child_failed(e.seq, e.failure);
        } else if constexpr (std::is_same_v<E, event::WorkflowUpdateAccepted>) {
          state_.begin_update(e.update_id, e.name, e.input);
        } else if constexpr (std::is_same_v<E, event::WorkflowTerminated> ||
                             std::is_same_v<E, event::WorkflowTimedOut>) {
          closed_ = true;
        }
      },
      input);
  state_.drain();
  state_.reap_updates();
  if (root_ && root_->finished() && !closed_ && state_.nondeterminism.empty()) finish();
}

void Run::start() {
  if (started_) throw HistoryError("WorkflowStarted twice");
  started_ = true;
  root_.emplace(definition_->begin(Context(state_), std::move(input_)));
  state_.post(root_->handle(), 0);
}

detail::FuturePtr Run::take_open(CommandSeq seq, std::string_view event) {
  const auto found = state_.open.find(seq);
  if (found == state_.open.end())
    throw HistoryError(std::string(event) + " of command " + std::to_string(seq) + ", which is not open");
  auto future = found->second.future;
  state_.open.erase(found);
  state_.timers.erase(seq);
  return future;
}

void Run::fire_timer(CommandSeq seq) {
  auto future = take_open(seq, "TimerFired");
  if (future->kind_ == detail::FutureKind::message) {
    // The timeout of a receive: its receiver stands in the channel, and not in `open` any more.
    future->seq_ = 0;
    state_.forget_receiver(*future);
    future->resolve_none();
  } else {
    future->resolve("{}");
  }
}

void Run::finish() {
  Command closing = command::CancelWorkflow{};
  std::string_view recorded_as = "WorkflowCanceled";
  try {
    closing = command::CompleteWorkflow{root_->take()};
    recorded_as = "WorkflowCompleted";
  } catch (const CanceledError& e) {
    if (!state_.cancel_requested) {
      closing = command::FailWorkflow{e.failure()};
      recorded_as = "WorkflowFailed";
    }
  } catch (const FailureError& e) {
    closing = command::FailWorkflow{e.failure()};
    recorded_as = "WorkflowFailed";
  } catch (const ContinueAsNew& next) {
    closing = continue_as_new(next);
    recorded_as = "WorkflowContinuedAsNew";
  }
  closed_ = true;
  state_.fail_open_updates();
  if (state_.nondeterminism.empty() && !state_.match(recorded_as, 0, {}) && state_.nondeterminism.empty())
    state_.issued.push_back(std::move(closing));
}

command::ContinueAsNew Run::continue_as_new(const ContinueAsNew& next) {
  // The newest run of a workflow id is the one with the greatest run id: the clock of whoever made ours may be ahead.
  constexpr std::int64_t kSalt = -1;
  const auto later = uuid_v7_time(state_.run_id) + std::chrono::milliseconds(1);
  return {.run_id = state_.derived_run_id(kSalt, later),
          .workflow_type = next.workflow_type().empty() ? state_.workflow_type : next.workflow_type(),
          .task_queue = state_.task_queue,
          .input = next.input(),
          .signals = state_.take_unread()};
}

std::vector<command::StartChild> Run::take_unstarted_children() {
  std::vector<command::StartChild> children;
  for (auto& [seq, entry] : state_.open)
    if (entry.child && entry.child->undispatched)
      children.push_back(std::move(*std::exchange(entry.child->undispatched, nullptr)));
  return children;
}

std::vector<command::ScheduleActivity> Run::take_undispatched() {
  std::vector<command::ScheduleActivity> activities;
  for (auto& [seq, entry] : state_.open)
    if (entry.undispatched) activities.push_back(std::move(*std::exchange(entry.undispatched, nullptr)));
  return activities;
}

std::vector<Run::PendingTimer> Run::pending_timers() const {
  std::vector<PendingTimer> timers;
  timers.reserve(state_.timers.size());
  for (const auto seq : state_.timers) timers.push_back({seq, state_.open.at(seq).fire_at});
  return timers;
}

std::string Run::waiting_for() const {
  std::string text;
  constexpr std::size_t kEnough = 400;
  const auto add = [&](const std::string& part) {
    if (text.size() < kEnough) text += (text.empty() ? "" : ", ") + part;
  };
  for (const auto& [seq, entry] : state_.open) {
    if (text.size() >= kEnough) break;
    if (entry.future->kind_ == detail::FutureKind::activity)
      add("activity " + entry.future->name_);
    else if (entry.future->kind_ == detail::FutureKind::timer)
      add("timer until " + to_rfc3339(entry.fire_at));
    else if (entry.child)
      add("child workflow " + entry.future->name_ + " (" + entry.child->workflow_id + ")");
    else
      add("signal " + entry.future->name_ + " until " + to_rfc3339(entry.fire_at));
  }
  if (!state_.conditions.empty()) add("a condition");
  for (const auto& [name, channel] : state_.channels)
    for (const auto* receiver : channel.receivers)
      if (!receiver->seq_) add("signal " + name);
  return text;
}

std::size_t Run::memory_bytes() const {
  constexpr std::size_t kFrames = 1024;  // a root and one or two workflow frames; measured by the memory benchmark
  std::size_t bytes =
      sizeof *this + kFrames + input_.capacity() + state_.open.size() * 256 + state_.updates.size() * kFrames;
  for (const auto& [name, channel] : state_.channels) {
    bytes += 128 + name.capacity();
    for (const auto& message : channel.unread)
      bytes += message.payload.capacity() + message.message_id.capacity() + sizeof message;
  }
  return bytes;
}

}  // namespace holdfast
