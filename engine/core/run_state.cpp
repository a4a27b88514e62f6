#include <holdfast/core/run_state.hpp>

#include <algorithm>
#include <stdexcept>

#include <holdfast/core/attributes.hpp>
#include <holdfast/core/context.hpp>
#include <holdfast/core/errors.hpp>

namespace holdfast {

Uuid Context::uuid() {
  std::array<std::uint8_t, 10> bits;
  const auto high = random(), low = random();
  for (std::size_t i = 0; i < 8; ++i) bits[i] = static_cast<std::uint8_t>(high >> (8 * i));
  bits[8] = static_cast<std::uint8_t>(low);
  bits[9] = static_cast<std::uint8_t>(low >> 8);
  return make_uuid_v7(std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()), bits);
}

namespace detail {
namespace {

struct CommandLine {
  CommandSeq seq = 0;
  std::string_view name;
};

CommandLine line_of(const Event& event) {
  return std::visit(
      [](const auto& e) -> CommandLine {
        using E = std::remove_cvref_t<decltype(e)>;
        if constexpr (std::is_same_v<E, event::ActivityScheduled>)
          return {e.seq, e.activity};
        else if constexpr (std::is_same_v<E, event::ChildWorkflowInitiated>)
          return {e.seq, e.workflow_type};
        else if constexpr (std::is_same_v<E, event::WorkflowPropertiesModified>)
          return {e.seq, e.memo.empty() ? "search attributes" : "memo"};
        else if constexpr (std::is_same_v<E, event::WorkflowUpdateCompleted>)
          return {0, e.update_id};
        else if constexpr (requires { e.seq; })
          return {e.seq, {}};
        else
          return {};
      },
      event);
}

std::string describe_line(std::string_view type, CommandSeq seq, std::string_view name) {
  std::string text(type);
  if (!name.empty()) text += " of " + std::string(name);
  if (seq) text += " (command " + std::to_string(seq) + ")";
  return text;
}

}  // namespace

std::exception_ptr canceled_error(std::string_view what) {
  Failure failure;
  failure.kind = FailureKind::canceled;
  failure.type = "Canceled";
  failure.message = std::string(what) + " was canceled";
  return std::make_exception_ptr(CanceledError(std::move(failure)));
}

FutureState::FutureState(RunState& run, FutureKind kind, CommandSeq seq)
    : run_(&run), kind_(kind), seq_(seq), branch_(run.branch) {}

void FutureState::resolve(Payload payload) {
  outcome_ = Outcome::value;
  payload_ = std::move(payload);
  wake();
}

void FutureState::resolve_none() {
  outcome_ = Outcome::none;
  wake();
}

void FutureState::fail(std::exception_ptr error) {
  outcome_ = Outcome::failed;
  error_ = std::move(error);
  wake();
}

void FutureState::wake() {
  for (auto* waiter : std::exchange(waiters_, {}))
    if (--waiter->needed == 0) run_->post(waiter->handle, waiter->branch);
}

void FutureState::abandon() {
  if (!run_ || run_->dropping) return;
  if (kind_ == FutureKind::message) {
    if (!ready())
      run_->forget_receiver(*this);
    else if (outcome_ == Outcome::value && !taken_)
      run_->give_back(*this);
  } else if (kind_ == FutureKind::timer && !ready()) {
    run_->abandon_timer(*this);
  } else if (kind_ == FutureKind::condition && !ready()) {
    run_->forget_condition(*this);
  }
}

FuturePtr RunState::schedule_activity(const std::string& name, const ActivityOptions& options, bool transactional,
                                      const std::function<Payload()>& input) {
  check_writable();
  FuturePtr future(new FutureState(*this, FutureKind::activity, 0));
  if (inert()) return future;
  options.validate(name);
  if (transactional && !options.limit_key.empty())
    throw std::invalid_argument("activity " + name + ": limit_key is \"" + options.limit_key +
                                "\"; allowed for a transactional activity: none, it runs inside its run's commit");
  // Before the command takes a number, and in every replay too: if this throws, it throws alike each time.
  auto encoded = input();
  future->seq_ = ++last_seq;
  future->name_ = name;
  auto& entry = open[last_seq];
  entry.future = future;
  if (const auto* recorded = match("ActivityScheduled", last_seq, name)) {
    entry.undispatched = std::make_unique<command::ScheduleActivity>(command::ScheduleActivity{
        last_seq, name, std::get<event::ActivityScheduled>(*recorded).input, options.capped(), transactional, now});
    history_bytes += std::ssize(entry.undispatched->input);
  } else if (!inert()) {
    issued.push_back(
        command::ScheduleActivity{last_seq, name, std::move(encoded), options.capped(), transactional, now});
    history_bytes += std::ssize(std::get<command::ScheduleActivity>(issued.back()).input);
  }
  return future;
}

void RunState::modify_properties(Payload memo, Payload search_attributes) {
  check_writable();
  if (inert()) return;
  // What history has was allowed when it was recorded; the rules may have become stricter since.
  const auto* line = history && next_event < history->size()
                         ? std::get_if<event::WorkflowPropertiesModified>(&(*history)[next_event])
                         : nullptr;
  if (!line || line->memo != memo || line->search_attributes != search_attributes) {
    check_memo(memo);
    check_search_attributes(search_attributes);
  }
  const auto seq = ++last_seq;
  history_bytes += std::ssize(memo) + std::ssize(search_attributes);
  if (!match("WorkflowPropertiesModified", seq, memo.empty() ? "search attributes" : "memo") && !inert())
    issued.push_back(command::ModifyProperties{seq, std::move(memo), std::move(search_attributes)});
}

FuturePtr RunState::start_timer(Duration delay) {
  check_writable();
  FuturePtr future(new FutureState(*this, FutureKind::timer, 0));
  future->name_ = "timer";
  if (!inert()) open_timer(future, delay);
  return future;
}

void RunState::open_timer(const FuturePtr& future, Duration delay) {
  future->seq_ = ++last_seq;
  auto& entry = open[last_seq];
  entry.future = future;
  timers.insert(last_seq);
  entry.fire_at = now + std::clamp(delay, Duration::zero(), kMaxDelay);
  if (const auto* recorded = match("TimerStarted", last_seq, {}))
    entry.fire_at = std::get<event::TimerStarted>(*recorded).fire_at;
  else if (!inert())
    issued.push_back(command::StartTimer{last_seq, entry.fire_at});
}

FuturePtr RunState::receive(const std::string& signal, const Duration* timeout) {
  check_writable();
  FuturePtr future(new FutureState(*this, FutureKind::message, 0));
  future->name_ = signal;
  if (inert()) return future;
  auto& channel = channels[signal];
  if (!channel.unread.empty()) {
    auto& next = channel.unread.front();
    future->message_id_ = std::move(next.message_id);
    future->arrival_ = next.arrival;
    future->resolve(std::move(next.payload));
    channel.unread.pop_front();
    return future;
  }
  channel.receivers.push_back(future.get());
  if (timeout) open_timer(future, *timeout);
  return future;
}

void RunState::deliver(const std::string& signal, UnreadSignal message) {
  auto& channel = channels[signal];
  if (channel.receivers.empty()) {
    channel.unread.push_back(std::move(message));
    return;
  }
  FuturePtr receiver(channel.receivers.front());
  channel.receivers.pop_front();
  if (receiver->seq_) close_timer(receiver->seq_);
  receiver->message_id_ = std::move(message.message_id);
  receiver->arrival_ = message.arrival;
  receiver->resolve(std::move(message.payload));
}

void RunState::give_back(FutureState& future) {
  auto& channel = channels[future.name_];
  // It came before everything that is unread now, so it goes to the front, or to whoever waits.
  UnreadSignal message{future.payload(), future.message_id_, future.arrival_};
  if (channel.receivers.empty())
    channel.unread.push_front(std::move(message));
  else
    deliver(future.name_, std::move(message));
}

std::vector<command::CarriedSignal> RunState::take_unread() {
  std::vector<std::pair<std::int64_t, command::CarriedSignal>> sorted;
  for (auto& [name, channel] : channels)
    for (auto& message : std::exchange(channel.unread, {}))
      sorted.push_back({message.arrival, {name, std::move(message.payload), std::move(message.message_id)}});
  std::ranges::sort(sorted, {}, [](const auto& entry) { return entry.first; });
  std::vector<command::CarriedSignal> out;
  for (auto& [arrival, message] : sorted) out.push_back(std::move(message));
  return out;
}

void RunState::forget_receiver(FutureState& future) {
  if (auto channel = channels.find(future.name_); channel != channels.end())
    std::erase(channel->second.receivers, &future);
  if (future.seq_ && open.contains(future.seq_)) close_timer(future.seq_);
}

void RunState::abandon_timer(FutureState& future) {
  if (future.seq_ && open.contains(future.seq_)) close_timer(future.seq_);
}

void RunState::close_timer(CommandSeq seq) {
  open.erase(seq);
  timers.erase(seq);
  if (inert() || match("TimerCanceled", seq, {}) || inert()) return;
  issued.push_back(command::CancelTimer{seq});
}

void RunState::cancel(FutureState& future) {
  check_writable();
  if (future.ready() || inert()) return;
  const FuturePtr keep(&future);
  switch (future.kind_) {
    case FutureKind::activity:
      open.erase(future.seq_);
      if (!match("ActivityCancelRequested", future.seq_, {}) && !inert())
        issued.push_back(command::CancelActivity{future.seq_});
      future.fail(canceled_error("activity " + future.name_));
      break;
    case FutureKind::timer:
      close_timer(future.seq_);
      future.fail(canceled_error("the timer"));
      break;
    case FutureKind::message:
      forget_receiver(future);
      future.fail(canceled_error("receiving " + future.name_));
      break;
    case FutureKind::child_started:
    case FutureKind::child: cancel_child(future.seq_); break;
    case FutureKind::condition:
      forget_condition(future);
      future.fail(canceled_error("waiting for a condition"));
      break;
  }
}

void RunState::cancel_everything() {
  cancel_requested = true;
  std::vector<FuturePtr> pending;
  for (auto& [seq, entry] : open) pending.push_back(entry.future);
  for (auto& [name, channel] : channels)
    for (auto* receiver : channel.receivers)
      if (!receiver->seq_) pending.emplace_back(receiver);
  for (const auto& condition : conditions) pending.emplace_back(condition.future);
  cancel_all(pending);
}

void RunState::cancel_all(const std::vector<FuturePtr>& futures) {
  for (const auto& future : futures)
    if (!let_go_of_abandoned(*future)) cancel(*future);
}

BranchId RunState::open_branch() {
  branches_[++last_branch_] = branch;
  return last_branch_;
}

bool RunState::is_within(BranchId id, BranchId ancestor) const {
  while (id != ancestor) {
    const auto found = branches_.find(id);
    if (found == branches_.end()) return false;
    id = found->second;
  }
  return true;
}

void RunState::cancel_branch(BranchId id) {
  std::vector<FuturePtr> pending;
  for (auto& [seq, entry] : open)
    if (is_within(entry.future->branch_, id)) pending.push_back(entry.future);
  for (auto& [name, channel] : channels)
    for (auto* receiver : channel.receivers)
      if (!receiver->seq_ && is_within(receiver->branch_, id)) pending.emplace_back(receiver);
  for (const auto& condition : conditions)
    if (is_within(condition.future->branch_, id)) pending.emplace_back(condition.future);
  cancel_all(pending);
}

const Event* RunState::match(std::string_view event_type, CommandSeq seq, std::string_view name) {
  if (!history || next_event >= history->size()) return nullptr;
  const auto& recorded = (*history)[next_event];
  const auto line = line_of(recorded);
  if (event_name(recorded) != event_type || line.seq != seq || line.name != name) {
    nondeterminism = "event " + std::to_string(first_event_id + static_cast<EventId>(next_event)) + ": history says " +
                     describe_line(event_name(recorded), line.seq, line.name) + ", the code did " +
                     describe_line(event_type, seq, name);
    return nullptr;
  }
  ++next_event;
  return &recorded;
}

void RunState::match_issued() {
  std::size_t matched = 0;
  for (; matched < issued.size() && next_event < history->size() && nondeterminism.empty(); ++matched) {
    const auto event = to_event(issued[matched]);
    const auto line = line_of(event);
    const auto* recorded = match(event_name(event), line.seq, line.name);
    auto* scheduled = std::get_if<command::ScheduleActivity>(&issued[matched]);
    if (recorded && scheduled)
      if (const auto entry = open.find(scheduled->seq); entry != open.end())
        entry->second.undispatched = std::make_unique<command::ScheduleActivity>(std::move(*scheduled));
    auto* child = std::get_if<command::StartChild>(&issued[matched]);
    if (recorded && child)
      if (const auto entry = open.find(child->seq); entry != open.end())
        entry->second.child->undispatched = std::make_unique<command::StartChild>(std::move(*child));
  }
  issued.erase(issued.begin(), issued.begin() + static_cast<std::ptrdiff_t>(matched));
}

void RunState::drain() {
  do {
    while (ready_head_ < ready_.size() && nondeterminism.empty()) {
      const auto next = ready_[ready_head_++];
      branch = next.branch;
      next.handle.resume();
    }
  } while (nondeterminism.empty() && fire_conditions());
  branch = 0;
  ready_.clear();
  ready_head_ = 0;
}

std::uint64_t RunState::next_random() {
  check_writable();
  // splitmix64 (Steele, Lea, Flood 2014): 8 bytes of state, so a cached run stays small.
  std::uint64_t z = random_state += 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

}  // namespace detail
}  // namespace holdfast
