#include <algorithm>

#include <fmt/format.h>

#include <holdfast/core/errors.hpp>
#include <holdfast/worker/contains.hpp>
#include <holdfast/worker/failures.hpp>
#include <holdfast/worker/lane.hpp>

namespace holdfast::worker {
namespace {

// What one step takes up of what reached a run: its history row must not become larger than PostgreSQL stores.
constexpr std::size_t kMaxInputBytes = 64 << 20;
constexpr auto kSlowTask = std::chrono::seconds(1);
constexpr auto kFirstBackoff = std::chrono::seconds(1);
constexpr auto kLongestBackoff = std::chrono::minutes(10);

Duration backoff(int failures) {
  const auto doublings = std::clamp(failures, 0, 20);
  return std::min<Duration>(kLongestBackoff, kFirstBackoff * (1 << doublings));
}

void append(store::RunCommit& commit, const Event& event) {
  commit.events += commit.events.empty() ? '[' : ',';
  append_event(commit.events, event);
}

std::size_t payload_bytes(const Event& event) {
  return std::visit(
      [](const auto& e) -> std::size_t {
        if constexpr (requires { e.input; })
          return e.input.size();
        else if constexpr (requires { e.result; })
          return e.result.size();
        else
          return 0;
      },
      event);
}

store::NextRun next_run(command::ContinueAsNew command) {
  store::NextRun next;
  next.run_id = command.run_id;
  next.workflow_type = std::move(command.workflow_type);
  next.task_queue = std::move(command.task_queue);
  next.input = std::move(command.input);
  for (auto& signal : command.signals) {
    store::NewMessage message;
    message.name = std::move(signal.signal);
    message.payload = std::move(signal.input);
    if (!signal.message_id.empty()) message.message_id = Uuid::parse(signal.message_id);
    next.signals.push_back(std::move(message));
  }
  return next;
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace

void Lane::advance(Batch& batch, LiveRun& live, store::StepTransaction& transaction) {
  auto& commit = batch.commit.runs.emplace_back();
  commit.run_id = live.info.run_id;
  commit.at = step_now_;
  commit.new_tasks = live.new_tasks;
  live.dispatching = 0;
  live.applied = live.inputs.size();
  const auto children_before = batch.children.size();
  transactional_.clear();
  immediate_.clear();
  if (!live.run || !live.refused.empty()) {
    const auto message = !live.refused.empty() ? std::exchange(live.refused, {})
                                               : fmt::format("workflow type {} is not registered with worker {}",
                                                             live.info.workflow_type, env_.options.identity);
    commit.first_event_id = live.run ? live.run->next_event_id() - std::ssize(live.unrecorded) : live.next_event;
    return fail_task(batch, live, commit, message);
  }
  commit.at = std::max(step_now_, live.run->now());
  commit.first_event_id = live.run->next_event_id() - static_cast<EventId>(live.unrecorded.size());
  const auto began = std::chrono::steady_clock::now();
  try {
    apply_inputs(batch, live, commit, transaction);
  } catch (const TaskFailed& failed) {
    batch.children.resize(children_before);
    return fail_task(batch, live, commit, failed.message);
  }
  if (const auto took = std::chrono::steady_clock::now() - began; took > kSlowTask)
    env_.log("warn", fmt::format("a task of workflow type {} (run {}) blocked its lane for {} ms",
                                 live.info.workflow_type, live.info.run_id.to_string(),
                                 std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  if (batch.children.size() > children_before)
    batch.undecided.push_back(&live);
  else
    decide_next(batch, live, commit);
}

void Lane::apply_inputs(Batch& batch, LiveRun& live, store::RunCommit& commit, store::StepTransaction& transaction) {
  carry_out(batch, live, commit, std::exchange(live.unrecorded, {}));
  for (auto& command : std::exchange(live.to_schedule, {})) schedule(batch, live, commit, std::move(command));
  for (auto& command : std::exchange(live.to_resume, {})) dispatch(batch, live, std::move(command), true);
  for (auto& command : std::exchange(live.to_start, {})) batch.children.push_back({&live, std::move(command)});
  if (live.fresh) feed(batch, live, commit, event::WorkflowStarted{});
  std::size_t bytes = 0;
  for (live.applied = 0; live.applied < live.inputs.size() && bytes < kMaxInputBytes; ++live.applied) {
    if (live.run->closed()) break;
    const auto& input = live.inputs[live.applied];
    bytes += payload_bytes(input.event);
    if (input.inbox_id) commit.consumed.push_back(input.inbox_id);
    if (const auto* update = std::get_if<event::WorkflowUpdateAccepted>(&input.event);
        update && !accepts(live, commit, *update))
      continue;
    const auto seq = outcome_seq(input.event);
    if (input.ends_row) commit.ended_tasks.push_back(seq);
    // Nobody waits for the outcome of an activity that was canceled, say.
    if (seq == 0 || live.run->is_open(seq)) feed(batch, live, commit, input.event);
  }
  for (auto& [seq, entry] : live.waiting)
    if (entry.due <= step_now_ && live.run->is_open(seq)) transactional_.push_back(entry.command);
  run_transactional(batch, live, commit, transaction);
  check_deadline(live, commit);
}

void Lane::feed(Batch& batch, LiveRun& live, store::RunCommit& commit, const Event& input) {
  append(commit, input);
  std::vector<Command> commands;
  try {
    commands = live.run->apply(step_now_, input);
  } catch (const std::exception& e) {
    throw TaskFailed{e.what()};
  } catch (...) {
    throw TaskFailed{"the workflow threw something that is not a std::exception"};
  }
  carry_out(batch, live, commit, std::move(commands));
  while (!immediate_.empty()) {
    const auto outcome = std::move(immediate_.front());
    immediate_.pop_front();
    feed(batch, live, commit, outcome);
  }
}

void Lane::carry_out(Batch& batch, LiveRun& live, store::RunCommit& commit, std::vector<Command> commands) {
  const auto limit = env_.options.max_payload_bytes;
  for (auto& command : commands) {
    auto* scheduled = std::get_if<command::ScheduleActivity>(&command);
    if (scheduled && scheduled->input.size() > limit) {
      immediate_.push_back(event::ActivityFailed{scheduled->seq,
                                                 oversized_failure("input", scheduled->input.size(), limit),
                                                 RetryState::non_retryable_failure, 0});
      scheduled->input = "null";
      append(commit, to_event(command));
      continue;
    }
    if (auto* child = std::get_if<command::StartChild>(&command); child && child->input.size() > limit) {
      immediate_.push_back(
          event::ChildWorkflowStartFailed{child->seq, oversized_failure("input", child->input.size(), limit)});
      child->input = "null";
      append(commit, to_event(command));
      continue;
    }
    if (const auto* completed = std::get_if<command::CompleteWorkflow>(&command);
        completed && completed->result.size() > limit)
      throw TaskFailed{oversized_failure("the result of the workflow", completed->result.size(), limit).message};
    if (const auto* next = std::get_if<command::ContinueAsNew>(&command); next && next->input.size() > limit)
      throw TaskFailed{oversized_failure("the input of continue_as_new", next->input.size(), limit).message};
    if (auto* update = std::get_if<command::CompleteUpdate>(&command)) limit_result(*update);
    append(commit, to_event(command));
    std::visit(Overloaded{
                   [&](command::ScheduleActivity& c) { schedule(batch, live, commit, std::move(c)); },
                   [&](const command::CancelActivity& c) {
                     live.waiting.erase(c.seq);
                     commit.ended_tasks.push_back(c.seq);
                     batch.cancels.push_back({live.info.run_id, c.seq, 1});
                     std::erase_if(commit.new_tasks, [&](const auto& task) { return task.seq == c.seq; });
                     live.dispatching -= static_cast<int>(std::erase_if(batch.jobs, [&](const auto& job) {
                       return job->key.run_id == live.info.run_id && job->key.seq == c.seq;
                     }));
                     std::erase_if(transactional_, [&](const auto& t) { return t.seq == c.seq; });
                   },
                   [&](const command::StartTimer& c) {
                     batch.timers.push_back({c.fire_at, live.info.run_id, c.seq, TimerKind::timer});
                   },
                   [](const command::CancelTimer&) {},
                   [&](command::CompleteWorkflow& c) {
                     commit.status = store::RunStatus::completed;
                     commit.result = std::move(c.result);
                   },
                   [&](command::FailWorkflow& c) {
                     commit.status = store::RunStatus::failed;
                     commit.failure = std::move(c.failure);
                   },
                   [&](const command::CancelWorkflow&) { commit.status = store::RunStatus::canceled; },
                   [&](command::StartChild& c) { batch.children.push_back({&live, std::move(c)}); },
                   [&](const command::CancelChild& c) { commit.cancel_runs.push_back(c.run_id); },
                   [&](const command::ModifyProperties& c) {
                     for (auto& [name, value] : read_properties(c.memo)) commit.memo[name] = value;
                     for (auto& [name, value] : read_properties(c.search_attributes))
                       commit.search_attributes[name] = value;
                   },
                   [&](command::ContinueAsNew& c) {
                     commit.status = store::RunStatus::continued_as_new;
                     commit.successor = next_run(std::move(c));
                   },
                   [&](command::CompleteUpdate& c) { complete(commit, std::move(c)); },
               },
               command);
  }
}

void Lane::schedule(Batch& batch, LiveRun& live, store::RunCommit& commit, command::ScheduleActivity command) {
  if (command.transactional) {
    transactional_.push_back(std::move(command));
    return;
  }
  const auto& queue = command.options.task_queue.empty() ? live.info.task_queue : command.options.task_queue;
  // What is under a limit starts with a claim, wherever that is made.
  const bool limited = !command.options.limit_key.empty() || env_.limited_queues.contains(queue);
  if (limited) batch.limited_queues.insert(queue);
  const bool here = !limited && served_here(queue) && env_.registry.activity(command.activity) && env_.pool.has_room();
  // A single attempt is recorded before it begins, so that it cannot happen twice; heartbeats need a row to be saved
  // in.
  const bool recorded = command.options.retry.max_attempts == 1 || command.options.heartbeat;
  if (!here || recorded) {
    store::NewActivityTask task;
    task.seq = command.seq;
    task.activity = command.activity;
    task.task_queue = queue;
    task.input = command.input;
    task.options = command.options;
    task.started_here = here;
    task.scheduled_at = command.scheduled_at;
    commit.new_tasks.push_back(std::move(task));
  }
  if (here)
    dispatch(batch, live, std::move(command), recorded);
  else
    ++env_.stats.remote_activities;
  if (limited) ++env_.stats.limited_activities;
}

void Lane::run_transactional(Batch& batch, LiveRun& live, store::RunCommit& commit,
                             store::StepTransaction& transaction) {
  while (!transactional_.empty() && !live.run->closed()) {
    auto command = std::move(transactional_.front());
    transactional_.pop_front();
    const auto waited = live.waiting.find(command.seq);
    const bool has_row = waited != live.waiting.end();
    const int made = has_row ? waited->second.attempt : 0;
    const auto scheduled_at = has_row ? waited->second.scheduled_at : command.scheduled_at;
    if (const auto failed = live.failed_transactional.find(command.seq); failed != live.failed_transactional.end()) {
      record_failed_attempt(batch, live, commit, std::move(command), made, scheduled_at, failed->second);
      continue;
    }
    const auto* body = env_.registry.transactional(command.activity);
    if (!body)
      throw TaskFailed{fmt::format("transactional activity {} is not registered with worker {}", command.activity,
                                   env_.options.identity)};
    ActivityContext context(
        {live.info.run_id, live.info.namespace_, live.info.workflow_id, command.activity, command.seq, made + 1}, {},
        ActivityContext::Clock::now() +
            std::min(command.options.start_to_close.value_or(std::chrono::seconds(10)), kMaxDelay));
    Payload result;
    try {
      result = (*body)(command.input, transaction.business(), context);
    } catch (...) {
      if (transaction.business().broken()) throw store::Unavailable("the connection broke in a transactional activity");
      if (transaction.business().obstructed())
        throw store::Conflict("a transactional activity met a lock of somebody else", {live.info.run_id});
      throw TransactionalFailed{live.info.run_id, command.seq, failure_of_current_exception()};
    }
    if (result.size() > env_.options.max_payload_bytes)
      throw TransactionalFailed{live.info.run_id, command.seq,
                                oversized_failure("result", result.size(), env_.options.max_payload_bytes)};
    ++env_.stats.transactional_activities;
    if (has_row) {
      commit.ended_tasks.push_back(command.seq);
      live.waiting.erase(waited);
    }
    feed(batch, live, commit, event::ActivityCompleted{command.seq, std::move(result)});
  }
}

void Lane::record_failed_attempt(Batch& batch, LiveRun& live, store::RunCommit& commit,
                                 command::ScheduleActivity command, int attempts_made, Timestamp scheduled_at,
                                 const Failure& failure) {
  const auto& options = command.options;
  std::optional<Duration> time_left;
  if (options.schedule_to_close) time_left = *options.schedule_to_close - (step_now_ - scheduled_at);
  const auto decision = decide_retry(options.retry, attempts_made + 1, failure, time_left);
  const auto seq = command.seq;
  if (decision.state != RetryState::in_progress) {
    if (live.waiting.erase(seq)) commit.ended_tasks.push_back(seq);
    feed(batch, live, commit, event::ActivityFailed{seq, failure, decision.state, attempts_made + 1});
    return;
  }
  store::NewActivityTask task;
  task.seq = seq;
  task.activity = command.activity;
  task.input = command.input;
  task.options = options;
  task.transactional = true;
  task.attempt = attempts_made + 1;
  task.delay = decision.delay;
  task.scheduled_at = scheduled_at;
  task.last_failure = failure;
  commit.new_tasks.push_back(std::move(task));
  const auto due = step_now_ + decision.delay;
  live.waiting[seq] = {std::move(command), attempts_made + 1, scheduled_at, due};
  batch.timers.push_back({due, live.info.run_id, seq, TimerKind::transactional});
}

void Lane::check_deadline(LiveRun& live, store::RunCommit& commit) {
  if (live.run->closed() || !live.info.deadline || *live.info.deadline > step_now_) return;
  append(commit, event::WorkflowTimedOut{});
  live.run->apply(step_now_, event::WorkflowTimedOut{});
  commit.status = store::RunStatus::timed_out;
  commit.failure = timeout_failure("ExecutionTimeout");
}

/// Instead of a failed task, the end of a run whose time is over: for that, its code is not needed.
bool Lane::end_at_deadline(const LiveRun& live, store::RunCommit& commit) {
  if (!live.info.deadline || *live.info.deadline > step_now_ || commit.first_event_id == 0) return false;
  store::RunCommit end;
  end.run_id = commit.run_id;
  end.first_event_id = commit.first_event_id;
  end.at = commit.at;
  append(end, event::WorkflowTimedOut{});
  end.events += ']';
  end.next = store::NextState::closed;
  end.status = store::RunStatus::timed_out;
  end.failure = timeout_failure("ExecutionTimeout");
  end.end_updates = true;
  end_family(live, end);
  end.has_children = true;  // what the code did before it failed is not to be trusted
  commit = std::move(end);
  return true;
}

void Lane::decide_next(Batch& batch, LiveRun& live, store::RunCommit& commit) {
  if (!commit.events.empty()) commit.events += ']';
  if (live.run->closed()) {
    commit.next = store::NextState::closed;
    commit.end_updates = !commit.successor && leaves_updates(live, commit);
    end_family(live, commit);
    return;
  }
  const auto due = live.next_due();
  const bool soon = due && *due - step_now_ < env_.options.park_after;
  const bool busy = live.dispatching > 0 || live.applied < live.inputs.size() || !live.next_inputs.empty() ||
                    std::ranges::any_of(
                        live.local,
                        [&](const auto& entry) {
                          return !contains(batch.cancels, store::ActivityKey{live.info.run_id, entry.first, 1});
                        });
  if (busy || soon) {
    // A timer of the lane's estimate that was due before the database's clock was there.
    if (std::exchange(live.timer_popped, false) && due && *due > step_now_) push_timers(batch, live);
    return;
  }
  commit.next = store::NextState::parked;
  commit.ready_at = due;
  commit.waiting_for = live.run->waiting_for();
}

void Lane::fail_task(Batch& batch, LiveRun& live, store::RunCommit& commit, const std::string& message) {
  ++env_.stats.task_failures;
  env_.log("error", fmt::format("workflow task of {} ({}, run {}) failed: {}", live.info.workflow_id,
                                live.info.workflow_type, live.info.run_id.to_string(), message));
  batch.failed_tasks.push_back(live.info.run_id);
  if (end_at_deadline(live, commit)) return;
  if (!commit.events.empty()) commit.events += ']';
  commit.next = store::NextState::parked;
  commit.ready_at = step_now_ + backoff(live.info.task_failures);
  if (live.info.deadline) commit.ready_at = std::min(*commit.ready_at, std::max(*live.info.deadline, step_now_));
  commit.task_failure = message;
  commit.waiting_for = "workflow task failed: " + message;
}

/// Begins after the commit.
void Lane::dispatch(Batch& batch, LiveRun& live, command::ScheduleActivity command, bool has_row) {
  auto job = std::make_unique<ActivityJob>();
  job->key = {live.info.run_id, command.seq, 1};
  job->namespace_ = live.info.namespace_;
  job->workflow_id = live.info.workflow_id;
  job->body = env_.registry.activity(command.activity);
  job->activity = std::move(command.activity);
  job->input = std::move(command.input);
  job->options = std::move(command.options);
  if (job->options.schedule_to_close)
    job->close_by =
        step_now_at_ + (command.scheduled_at - step_now_) + std::min(*job->options.schedule_to_close, kMaxDelay);
  job->scheduled_at = command.scheduled_at;
  job->dispatch = ++last_dispatch_;
  job->has_row = has_row;
  job->owner = worker_id_;
  job->sink = this;
  ++live.dispatching;
  batch.jobs.push_back(std::move(job));
}

bool Lane::served_here(const std::string& task_queue) const { return contains(env_.options.task_queues, task_queue); }

RunInfo Lane::info_of(const LiveRun& live) const {
  return {.run_id = live.info.run_id,
          .workflow_id = live.info.workflow_id,
          .workflow_type = live.info.workflow_type,
          .task_queue = live.info.task_queue,
          .input = live.info.input,
          .started_at = live.info.started_at,
          .scheduled = live.info.scheduled};
}

}  // namespace holdfast::worker
