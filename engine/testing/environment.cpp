#include <holdfast/testing/environment.hpp>

#include <algorithm>
#include <limits>

#include <holdfast/core/failure_json.hpp>
#include <holdfast/worker/failures.hpp>

namespace holdfast::testing {
namespace {

const Uuid kRunId = Uuid::parse("019b76da-a800-7000-8000-0123456789ab");

/// As a store writes it.
Payload encode_scheduled_by(const std::optional<ScheduledBy>& by) {
  if (!by) return {};
  std::string out = "{\"schedule_id\":" + encode(by->schedule_id) + ",\"scheduled_at\":" + encode(by->scheduled_at);
  if (!by->last_result.empty()) out += ",\"last_result\":" + by->last_result;
  if (by->last_failure) {
    out += ",\"last_failure\":";
    append_failure(out, *by->last_failure);
  }
  return out += '}';
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace

Environment::Environment(EnvironmentOptions options) : options_(std::move(options)), now_(options_.start) {}

Environment::~Environment() = default;

void Environment::start(WorkflowDefinition definition, std::string task_queue, Payload input) {
  if (run_) throw std::logic_error("an Environment runs one workflow; make another one");
  definition_ = std::move(definition);
  begin({.run_id = kRunId,
         .workflow_id = options_.workflow_id,
         .workflow_type = definition_.name,
         .task_queue = task_queue.empty() ? "default" : std::move(task_queue),
         .input = std::move(input),
         .started_at = options_.start});
  go_on();
  run_for({});
}

void Environment::begin(RunInfo info) {
  info.scheduled = encode_scheduled_by(options_.scheduled);
  recorded_ = {.info = std::move(info), .rows = {}};
  run_ = std::make_unique<Run>(definition_, recorded_.info, [this](std::string_view level, std::string_view message) {
    log_.push_back(std::string(level) + ": " + std::string(message));
  });
  feed(event::WorkflowStarted{});
}

void Environment::run() {
  if (!run_) throw std::logic_error("start the workflow first");
  while (!closed()) {
    if (!step(Timestamp::max())) throw RunStuck("nothing will happen any more; the run waits for: " + waiting_for());
  }
}

void Environment::run_for(Duration length) {
  const Timestamp until = now_ + length;
  while (step(until)) {}
  now_ = std::max(now_, until);
}

/// Does the next thing that is due until then; false: there is none.
bool Environment::step(Timestamp until) {
  if (agenda_.empty() || agenda_.begin()->first.first > until || closed()) return false;
  const auto next = agenda_.extract(agenda_.begin());
  now_ = std::max(now_, next.key().first);
  next.mapped()();
  go_on();
  return true;
}

void Environment::post(Duration delay, std::function<void()> action) {
  agenda_.emplace(std::pair(now_ + std::max(delay, Duration::zero()), ++posted_), std::move(action));
}

void Environment::post_own(Duration delay, std::function<void()> action) {
  post(delay, [this, of = continuations_, action = std::move(action)] {
    if (of == continuations_) action();
  });
}

void Environment::post_event(Duration delay, Event event) {
  post(delay, [this, event = std::move(event)] { feed(event); });
}

std::shared_ptr<const UpdateProgress> Environment::post_update(Duration delay, std::string name, Payload input) {
  const auto progress = std::make_shared<UpdateProgress>();
  const std::string update_id = "update-" + std::to_string(updates_.size() + 1);
  updates_[update_id] = progress;
  post(delay, [=, this] { take_update(update_id, name, input); });
  return progress;
}

void Environment::take_update(const std::string& update_id, const std::string& name, const Payload& input) {
  if (!run_) throw std::logic_error("start the workflow first");
  if (run_->closed()) return;
  auto& progress = *updates_.at(update_id);
  progress.failure = run_->refuse_update(now_, name, input);
  progress.rejected = progress.failure.has_value();
  progress.accepted = !progress.rejected;
  if (progress.accepted) feed(event::WorkflowUpdateAccepted{update_id, name, input});
}

void Environment::after(Duration delay, std::function<void()> action) { post(delay, std::move(action)); }

void Environment::cancel_after(Duration delay, std::string reason) {
  post_event(delay, event::WorkflowCancelRequested{std::move(reason)});
}

std::string Environment::next_message_id() {
  std::array<std::uint8_t, 10> random{};
  random[9] = static_cast<std::uint8_t>(++messages_);
  random[8] = static_cast<std::uint8_t>(messages_ >> 8);
  return make_uuid_v7(std::chrono::floor<std::chrono::milliseconds>(now_.time_since_epoch()), random).to_string();
}

void Environment::feed(const Event& event) {
  if (!run_) throw std::logic_error("start the workflow first");
  if (run_->closed()) return;
  if (++events_ > options_.max_events) {
    throw RunStuck("more than " + std::to_string(options_.max_events) + " events: the run seems to be endless");
  }
  const EventId first = run_->next_event_id();
  const std::vector<Command> commands = run_->apply(now_, event);
  std::vector<Event> row{event};
  for (const Command& command : commands) row.push_back(to_event(command));
  recorded_.rows.push_back({.first_event_id = first, .at = now_, .events = encode_events(row)});
  for (const Command& command : commands) carry_out(command);
  if (run_->closed() && options_.check_replay) expect_replays_from_every_prefix(definition_, recorded_);
}

void Environment::carry_out(const Command& command) {
  std::visit(Overloaded{
                 [&](const command::ScheduleActivity& c) {
                   if (!scripts_.contains(c.activity)) {
                     throw std::logic_error("the workflow asked for activity " + c.activity +
                                            ", which has no script: call on(...) first");
                   }
                   const auto pending = std::make_shared<Pending>(Pending{c, now_});
                   post_own({}, [this, pending] { begin_attempt(pending); });
                 },
                 [&](const command::StartTimer& c) {
                   post_own(c.fire_at - now_, [this, seq = c.seq] {
                     if (run_->is_open(seq)) feed(event::TimerFired{seq});
                   });
                 },
                 [](const command::CancelActivity&) {},
                 [](const command::CancelTimer&) {},
                 [&](const command::CompleteWorkflow& c) { result_ = c.result; },
                 [&](const command::FailWorkflow& c) { failure_ = c.failure; },
                 [&](const command::CancelWorkflow&) { canceled_ = true; },
                 [&](const command::StartChild& c) { start_child(c); },
                 [&](const command::CancelChild& c) {
                   const auto child = open_children_.extract(c.seq);
                   if (child.empty()) return;
                   canceled_children_.push_back(child.mapped());
                   post_own({}, [this, seq = c.seq] {
                     if (run_->is_open(seq)) feed(event::ChildWorkflowFailed{seq, worker::canceled_failure()});
                   });
                 },
                 [&](const command::ModifyProperties& c) {
                   memo_ = changed_properties(std::move(memo_), read_properties(c.memo));
                   search_attributes_ =
                       changed_properties(std::move(search_attributes_), read_properties(c.search_attributes));
                 },
                 [&](const command::ContinueAsNew& c) { next_ = c; },
                 [&](const command::CompleteUpdate& c) {
                   auto& progress = *updates_.at(c.update_id);
                   progress.result = c.result;
                   progress.failure = c.failure;
                 },
             },
             command);
}

void Environment::start_child(const command::StartChild& command) {
  if (taken_.contains(command.workflow_type)) {
    Failure failure;
    failure.type = "ChildWorkflowAlreadyStarted";
    failure.message = "workflow " + command.workflow_id + " is already running";
    post_own({}, [this, seq = command.seq, failure] { feed(event::ChildWorkflowStartFailed{seq, failure}); });
    return;
  }
  const auto script = children_.find(command.workflow_type);
  if (script == children_.end()) {
    throw std::logic_error("the workflow asked for child workflow " + command.workflow_type +
                           ", which has no script: call on(...) first");
  }
  open_children_[command.seq] = command.workflow_type;
  child_calls_.push_back({command.workflow_type, command.input, 1, elapsed()});
  post_own({}, [this, seq = command.seq] {
    if (run_->is_open(seq)) feed(event::ChildWorkflowStarted{seq});
  });
  if (script->second.body) post_own(script->second.duration, [this, command] { end_child(command); });
}

void Environment::end_child(const command::StartChild& command) {
  if (open_children_.erase(command.seq) == 0) return;  // asked to end meanwhile
  Event outcome;
  try {
    outcome = event::ChildWorkflowCompleted{command.seq, children_.at(command.workflow_type).body(command.input)};
  } catch (...) {
    outcome = event::ChildWorkflowFailed{command.seq, worker::failure_of_current_exception()};
  }
  if (run_->is_open(command.seq)) feed(outcome);
}

/// The next run takes the signals along; what else was on its way to the old one is void.
void Environment::continue_as_new(const command::ContinueAsNew& command) {
  if (command.workflow_type != definition_.name)
    throw std::logic_error("the run continues as workflow " + command.workflow_type + "; an Environment follows only " +
                           definition_.name);
  ++continuations_;
  open_children_.clear();
  const auto workflow_id = recorded_.info.workflow_id;
  earlier_.push_back(std::move(recorded_));
  begin({.run_id = command.run_id,
         .workflow_id = workflow_id,
         .workflow_type = command.workflow_type,
         .task_queue = command.task_queue,
         .input = command.input,
         .started_at = now_});
  for (const auto& signal : command.signals) {
    if (next_)
      next_->signals.push_back(signal);
    else
      feed(event::WorkflowSignaled{signal.signal, signal.input, signal.message_id});
  }
}

void Environment::go_on() {
  while (next_) continue_as_new(*std::exchange(next_, std::nullopt));
}

void Environment::begin_attempt(const std::shared_ptr<Pending>& pending) {
  const command::ScheduleActivity& c = pending->command;
  if (!run_->is_open(c.seq)) return;  // canceled meanwhile
  ++pending->attempt;
  calls_.push_back({c.activity, c.input, pending->attempt, elapsed()});
  const Script& script = scripts_.at(c.activity);

  // Whichever limit comes first ends the attempt; without any it may be silent for ever.
  constexpr Duration kForever = Duration::max();
  const Duration attempt_limit = std::min(c.options.start_to_close.value_or(kForever),
                                          script.body ? kForever : c.options.heartbeat.value_or(kForever));
  const Duration total_limit =
      c.options.schedule_to_close ? pending->scheduled_at + *c.options.schedule_to_close - now_ : kForever;
  const Duration duration = script.body ? script.duration : kForever;
  if (const Duration limit = std::min(attempt_limit, total_limit); duration >= limit && limit != kForever) {
    const bool total = total_limit <= attempt_limit;
    const bool silent = attempt_limit != c.options.start_to_close.value_or(kForever);
    const char* which = total ? "ScheduleToClose" : silent ? "Heartbeat" : "StartToClose";
    post_own(limit, [=, this] { end_attempt(pending, worker::timeout_failure(which)); });
    return;
  }
  if (!script.body) return;

  worker::ActivityContext context({kRunId, "default", options_.workflow_id, c.activity, c.seq, pending->attempt}, {},
                                  worker::ActivityContext::Clock::now() + std::chrono::hours(1));
  try {
    const Payload result = script.body(c.input, context);
    post_own(duration, [this, seq = c.seq, result] {
      if (run_->is_open(seq)) feed(event::ActivityCompleted{seq, result});
    });
  } catch (...) {
    const Failure failure = worker::failure_of_current_exception();
    post_own(duration, [=, this] { end_attempt(pending, failure); });
  }
}

void Environment::end_attempt(const std::shared_ptr<Pending>& pending, const Failure& failure) {
  const command::ScheduleActivity& c = pending->command;
  if (!run_->is_open(c.seq)) return;
  std::optional<Duration> time_left;
  if (c.options.schedule_to_close) time_left = *c.options.schedule_to_close - (now_ - pending->scheduled_at);
  const RetryDecision decision = decide_retry(c.options.retry, pending->attempt, failure, time_left);
  if (decision.state == RetryState::in_progress) {
    post_own(decision.delay, [this, pending] { begin_attempt(pending); });
  } else {
    feed(event::ActivityFailed{c.seq, failure, decision.state, pending->attempt});
  }
}

const Payload& Environment::result_json() const {
  if (!closed()) throw std::logic_error("the run is still open; it waits for: " + waiting_for());
  if (failure_) throw FailureError(*failure_);
  if (canceled_) {
    Failure failure;
    failure.kind = FailureKind::canceled;
    failure.message = "the run was canceled";
    throw CanceledError(std::move(failure));
  }
  return result_;
}

int Environment::count(const std::string& activity) const {
  return static_cast<int>(std::ranges::count(calls_, activity, &ActivityCall::activity));
}

std::string Environment::event_names() const {
  std::string names;
  for (const auto& row : recorded_.rows) {
    for (const Event& event : decode_events(row.events)) {
      if (!names.empty()) names += ' ';
      names += event_name(event);
    }
  }
  return names;
}

}  // namespace holdfast::testing
