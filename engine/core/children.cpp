#include <algorithm>

#include <holdfast/core/errors.hpp>
#include <holdfast/core/history_error.hpp>
#include <holdfast/core/run_state.hpp>

// Child workflows, as their parent sees them.
namespace holdfast::detail {
namespace {

std::string_view ending(FailureKind kind) {
  switch (kind) {
    case FailureKind::canceled: return "was canceled";
    case FailureKind::terminated: return "was terminated";
    case FailureKind::timeout: return "timed out";
    default: return "failed";
  }
}

Failure child_failure(const std::string& type, const OpenChild& child, std::string_view what, const Failure& cause) {
  Failure failure;
  failure.kind = FailureKind::child_workflow;
  failure.type = type;
  failure.message = "child workflow " + type + " (" + child.workflow_id + ") " + std::string(what);
  failure.cause = std::make_shared<const Failure>(cause);
  return failure;
}

/// splitmix64's mixing function: neighbouring inputs give unrelated outputs.
std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

}  // namespace

Uuid RunState::derived_run_id(std::int64_t salt, std::chrono::milliseconds not_before) const {
  std::uint64_t high = 0, low = 0;
  for (std::size_t i = 0; i < 8; ++i) high = high << 8 | run_id.bytes[i];
  for (std::size_t i = 8; i < 16; ++i) low = low << 8 | run_id.bytes[i];
  const auto first = mixed(low + mixed(high + static_cast<std::uint64_t>(salt) * 0x9E3779B97F4A7C15));
  const auto second = mixed(first + low);
  std::array<std::uint8_t, 10> bits;
  for (std::size_t i = 0; i < 8; ++i) bits[i] = static_cast<std::uint8_t>(first >> (8 * i));
  bits[8] = static_cast<std::uint8_t>(second);
  bits[9] = static_cast<std::uint8_t>(second >> 8);
  return make_uuid_v7(std::max(not_before, std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch())),
                      bits);
}

ChildFutures RunState::start_child(command::StartChild start, bool wait_for_cancellation,
                                   const std::function<Payload()>& input) {
  check_writable();
  ChildFutures futures{FuturePtr(new FutureState(*this, FutureKind::child_started, 0)),
                       FuturePtr(new FutureState(*this, FutureKind::child, 0)),
                       {},
                       {}};
  if (inert()) return futures;
  auto encoded = input();  // as of activities: if it throws, it throws alike in every replay
  start.seq = ++last_seq;
  start.run_id = derived_run_id(start.seq, {});
  if (start.workflow_id.empty()) start.workflow_id = run_id.to_string() + "." + std::to_string(start.seq);
  if (start.task_queue.empty()) start.task_queue = task_queue;
  const auto* recorded = match("ChildWorkflowInitiated", start.seq, start.workflow_type);
  if (recorded) {
    const auto& initiated = std::get<event::ChildWorkflowInitiated>(*recorded);
    start.run_id = initiated.run_id;
    start.workflow_id = initiated.workflow_id;
    start.task_queue = initiated.task_queue;
    start.parent_close_policy = initiated.parent_close_policy;
    start.input = initiated.input;
  } else if (!inert()) {
    start.input = std::move(encoded);
  }
  futures.run_id = start.run_id;
  futures.workflow_id = start.workflow_id;
  for (auto& future : {futures.started, futures.result}) {
    future->seq_ = start.seq;
    future->name_ = start.workflow_type;
  }
  auto& entry = open[start.seq];
  entry.future = futures.result;
  entry.child = std::make_unique<OpenChild>(OpenChild{.started = futures.started,
                                                      .run_id = start.run_id,
                                                      .workflow_id = start.workflow_id,
                                                      .policy = start.parent_close_policy,
                                                      .wait_for_cancellation = wait_for_cancellation,
                                                      .cancel_requested = false,
                                                      .undispatched = nullptr});
  history_bytes += std::ssize(start.input);
  if (recorded)
    entry.child->undispatched = std::make_unique<command::StartChild>(std::move(start));
  else if (!inert())
    issued.push_back(std::move(start));
  return futures;
}

OpenCommand RunState::take_open_child(CommandSeq seq, std::string_view event) {
  const auto found = open.find(seq);
  if (found == open.end() || !found->second.child)
    throw HistoryError(std::string(event) + " of command " + std::to_string(seq) + ", which is no open child workflow");
  auto entry = std::move(found->second);
  open.erase(found);
  return entry;
}

void RunState::child_started(CommandSeq seq) {
  const auto found = open.find(seq);
  if (found == open.end() || !found->second.child)
    throw HistoryError("ChildWorkflowStarted of command " + std::to_string(seq) + ", which is no open child workflow");
  auto& child = *found->second.child;
  child.undispatched.reset();
  if (!child.started->ready()) child.started->resolve("{}");
}

void RunState::child_start_failed(CommandSeq seq, const Failure& failure) {
  const auto entry = take_open_child(seq, "ChildWorkflowStartFailed");
  auto seen = child_failure(entry.future->name_, *entry.child, "was not started", failure);
  const auto error = failure.type == "ChildWorkflowAlreadyStarted"
                         ? std::make_exception_ptr(ChildWorkflowAlreadyStartedError(std::move(seen)))
                         : std::make_exception_ptr(ChildWorkflowError(std::move(seen)));
  if (!entry.child->started->ready()) entry.child->started->fail(error);
  entry.future->fail(error);
}

void RunState::child_completed(CommandSeq seq, Payload result) {
  const auto entry = take_open_child(seq, "ChildWorkflowCompleted");
  if (!entry.child->started->ready()) entry.child->started->resolve("{}");
  entry.future->resolve(std::move(result));
}

void RunState::child_failed(CommandSeq seq, const Failure& failure) {
  const auto entry = take_open_child(seq, "ChildWorkflowFailed");
  if (!entry.child->started->ready()) entry.child->started->resolve("{}");
  // It did as it was told: then this is the cancellation that the code waits for, and no failure.
  if (failure.kind == FailureKind::canceled && entry.child->cancel_requested)
    return entry.future->fail(canceled_error("child workflow " + entry.future->name_));
  entry.future->fail(std::make_exception_ptr(
      ChildWorkflowError(child_failure(entry.future->name_, *entry.child, ending(failure.kind), failure))));
}

void RunState::cancel_child(CommandSeq seq) {
  const auto found = open.find(seq);
  if (found == open.end()) return;
  auto& child = *found->second.child;
  const FuturePtr started = child.started, result = found->second.future;
  if (!child.cancel_requested) {
    child.cancel_requested = true;
    if (!match("ChildWorkflowCancelRequested", seq, {}) && !inert())
      issued.push_back(command::CancelChild{seq, child.run_id});
  }
  if (child.wait_for_cancellation || inert()) return;
  lost_sight_of_child_ = lost_sight_of_child_ || child.policy != ParentClosePolicy::abandon;
  open.erase(found);
  const auto error = canceled_error("child workflow " + result->name_);
  if (!started->ready()) started->fail(error);
  result->fail(error);
}

bool RunState::let_go_of_abandoned(FutureState& future) {
  if (future.kind_ != FutureKind::child || future.ready() || inert()) return false;
  const auto found = open.find(future.seq_);
  if (found == open.end() || found->second.child->policy != ParentClosePolicy::abandon) return false;
  const FuturePtr keep(&future), started = found->second.child->started;
  open.erase(found);
  const auto error = canceled_error("waiting for child workflow " + future.name_);
  if (!started->ready()) started->fail(error);
  future.fail(error);
  return true;
}

bool RunState::has_dependent_children() const {
  return lost_sight_of_child_ || std::ranges::any_of(open, [](const auto& entry) {
           return entry.second.child && entry.second.child->policy != ParentClosePolicy::abandon;
         });
}

}  // namespace holdfast::detail
