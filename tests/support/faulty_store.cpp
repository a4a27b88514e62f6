#include <tests/support/faulty_store.hpp>

#include <algorithm>
#include <array>
#include <atomic>

namespace holdfast::test {

using namespace store;

namespace {

[[noreturn]] void raise(Fault fault, std::string_view verb) {
  const std::string what = "injected at " + std::string(verb);
  switch (fault) {
    case Fault::in_doubt_before:
    case Fault::in_doubt_after: throw InDoubt(what);
    case Fault::conflict: throw Conflict(what, {});
    case Fault::lease_lost: throw LeaseLost(what);
    case Fault::unavailable: break;
  }
  throw Unavailable(what);
}

/// The fault as this verb can really have it: only a commit of a lane can conflict, only what a lease guards can lose
/// it, and only what commits can be in doubt.
Fault possible(Fault fault, std::string_view verb) {
  using namespace std::string_view_literals;
  static constexpr std::array kLeased{"commit"sv, "begin_step"sv, "claim_activities"sv, "claim_expired_activities"sv};
  static constexpr std::array kWriting{
      "commit"sv,           "start_runs"sv,        "send_messages"sv,        "terminate_run"sv,
      "register_worker"sv,  "renew_leases"sv,      "release_worker"sv,       "take_over_expired"sv,
      "claim_activities"sv, "finish_activities"sv, "heartbeat_activities"sv, "claim_expired_activities"sv};
  const auto one_of = [&](const auto& verbs) { return std::ranges::find(verbs, verb) != verbs.end(); };
  if (fault == Fault::conflict && verb != "commit") return Fault::unavailable;
  if (fault == Fault::lease_lost && !one_of(kLeased)) return Fault::unavailable;
  const bool in_doubt = fault == Fault::in_doubt_before || fault == Fault::in_doubt_after;
  return in_doubt && !one_of(kWriting) ? Fault::unavailable : fault;
}

class FaultyStep final : public StepTransaction {
 public:
  FaultyStep(FaultyStore& store, std::unique_ptr<StepTransaction> inner) : store_(store), inner_(std::move(inner)) {}

  Timestamp now() const override { return inner_->now(); }
  std::vector<ClaimedRun> claim_runs(const ClaimRequest& request) override;
  std::vector<RunMessages> collect_messages() override;
  std::vector<RunState> load_runs(std::span<const Uuid> run_ids) override;
  void await_runs(std::span<const Uuid> run_ids) override;
  std::vector<RunMessages> read_messages(std::span<const Uuid> run_ids) override;
  std::vector<StartResult> start_children(std::span<const NewChild> children) override;
  BusinessTransaction& business() override { return inner_->business(); }
  void commit(const CommitBatch& batch) override;

 private:
  FaultyStore& store_;
  std::unique_ptr<StepTransaction> inner_;
};

class FaultyLane final : public LaneSession {
 public:
  FaultyLane(FaultyStore& store, std::unique_ptr<LaneSession> inner) : store_(store), inner_(std::move(inner)) {}
  std::unique_ptr<StepTransaction> begin_step(std::optional<std::chrono::milliseconds> patience) override;

 private:
  FaultyStore& store_;
  std::unique_ptr<LaneSession> inner_;
};

}  // namespace

FaultPlan fail_once(std::string verb, int call, Fault fault) {
  if (verb != "*") {
    return [=](std::string_view v, int n) { return v == verb && n == call ? std::optional(fault) : std::nullopt; };
  }
  auto count = std::make_shared<std::atomic<int>>(0);
  return [=](std::string_view, int) { return ++*count == call ? std::optional(fault) : std::nullopt; };
}

FaultPlan fail_regularly(int period, std::vector<Fault> faults) {
  auto count = std::make_shared<std::atomic<int>>(0);
  return [=](std::string_view, int) -> std::optional<Fault> {
    const int n = ++*count;
    if (n % period != 0) return std::nullopt;
    return faults[static_cast<std::size_t>(n / period - 1) % faults.size()];
  };
}

FaultyStore::FaultyStore(Store& inner, FaultPlan plan) : inner_(inner), plan_(std::move(plan)) {}

void FaultyStore::set_plan(FaultPlan plan) {
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
}

int FaultyStore::calls(std::string_view verb) const {
  const std::lock_guard lock(mutex_);
  int sum = 0;
  for (const auto& [name, count] : calls_) sum += verb == "*" || verb == name ? count : 0;
  return sum;
}

int FaultyStore::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

std::optional<Fault> FaultyStore::next_fault(std::string_view verb) {
  const std::lock_guard lock(mutex_);
  const int call = ++calls_[std::string(verb)];
  if (!plan_) return std::nullopt;
  const auto fault = plan_(verb, call);
  if (!fault) return std::nullopt;
  ++faults_;
  return possible(*fault, verb);
}

template <class Call>
auto FaultyStore::guard(std::string_view verb, Call call) {
  const auto fault = next_fault(verb);
  if (fault == Fault::in_doubt_after) call();
  if (fault) raise(*fault, verb);
  return call();
}

std::vector<StartResult> FaultyStore::start_runs(std::span<const NewRun> runs) {
  return guard("start_runs", [&] { return inner_.start_runs(runs); });
}
std::vector<SendStatus> FaultyStore::send_messages(std::span<const NewMessage> messages) {
  return guard("send_messages", [&] { return inner_.send_messages(messages); });
}
SendStatus FaultyStore::terminate_run(const RunKey& run, std::string_view reason, std::string_view identity) {
  return guard("terminate_run", [&] { return inner_.terminate_run(run, reason, identity); });
}
std::optional<RunDescription> FaultyStore::describe_run(const RunKey& run) {
  return guard("describe_run", [&] { return inner_.describe_run(run); });
}
std::vector<ClosedRun> FaultyStore::closed_runs(std::span<const Uuid> run_ids) {
  return guard("closed_runs", [&] { return inner_.closed_runs(run_ids); });
}
std::vector<RunSummary> FaultyStore::list_runs(const ListFilter& filter) {
  return guard("list_runs", [&] { return inner_.list_runs(filter); });
}

RunCount FaultyStore::count_runs(const ListFilter& filter, const std::optional<visibility::Column>& group_by) {
  return guard("count_runs", [&] { return inner_.count_runs(filter, group_by); });
}
std::vector<HistoryRow> FaultyStore::read_history(const Uuid& run_id, EventId first, int limit) {
  return guard("read_history", [&] { return inner_.read_history(run_id, first, limit); });
}
std::vector<PendingActivity> FaultyStore::pending_activities(const Uuid& run_id) {
  return guard("pending_activities", [&] { return inner_.pending_activities(run_id); });
}
WorkerId FaultyStore::register_worker(const WorkerInfo& info) {
  return guard("register_worker", [&] { return inner_.register_worker(info); });
}
std::vector<WorkerId> FaultyStore::renew_leases(std::span<const WorkerId> workers, Duration lease) {
  return guard("renew_leases", [&] { return inner_.renew_leases(workers, lease); });
}
void FaultyStore::release_worker(WorkerId worker) {
  guard("release_worker", [&] { inner_.release_worker(worker); });
}
TakeoverReport FaultyStore::take_over_expired(int quarantine_after) {
  return guard("take_over_expired", [&] { return inner_.take_over_expired(quarantine_after); });
}
std::vector<WorkerDescription> FaultyStore::list_workers() {
  return guard("list_workers", [&] { return inner_.list_workers(); });
}
std::vector<QueueDescription> FaultyStore::list_queues() {
  return guard("list_queues", [&] { return inner_.list_queues(); });
}
Readiness FaultyStore::peek(std::span<const WorkerId> workers, std::span<const std::string> task_queues) {
  return guard("peek", [&] { return inner_.peek(workers, task_queues); });
}
std::unique_ptr<LaneSession> FaultyStore::open_lane(WorkerId worker) {
  return std::make_unique<FaultyLane>(*this, inner_.open_lane(worker));  // connects at begin_step: cannot fail here
}
std::vector<ClaimedActivity> FaultyStore::claim_activities(WorkerId worker, std::span<const std::string> queues,
                                                           int limit) {
  return guard("claim_activities", [&] { return inner_.claim_activities(worker, queues, limit); });
}
void FaultyStore::refuse_outcomes(std::function<bool(const ActivityOutcome&)> refused) {
  const std::lock_guard lock(mutex_);
  refused_ = std::move(refused);
}
std::vector<ClaimedActivity> FaultyStore::owned_activities(WorkerId worker) {
  return guard("owned_activities", [&] { return inner_.owned_activities(worker); });
}
FinishReport FaultyStore::finish_activities(std::span<const ActivityOutcome> outcomes) {
  {
    const std::lock_guard lock(mutex_);
    if (refused_ && std::ranges::any_of(outcomes, refused_)) throw StatementFailed("refused", "22021");
  }
  return guard("finish_activities", [&] { return inner_.finish_activities(outcomes); });
}
std::vector<ActivityKey> FaultyStore::heartbeat_activities(WorkerId worker, std::span<const Heartbeat> beats) {
  return guard("heartbeat_activities", [&] { return inner_.heartbeat_activities(worker, beats); });
}
std::vector<ExpiredActivity> FaultyStore::claim_expired_activities(WorkerId worker, int limit) {
  return guard("claim_expired_activities", [&] { return inner_.claim_expired_activities(worker, limit); });
}
void FaultyStore::notify(std::span<const std::string> hints) {
  guard("notify", [&] { inner_.notify(hints); });
}
std::unique_ptr<Listener> FaultyStore::listen() { return inner_.listen(); }
Timestamp FaultyStore::now() {
  return guard("now", [&] { return inner_.now(); });
}
void FaultyStore::maintain() {
  guard("maintain", [&] { inner_.maintain(); });
}

namespace {

std::unique_ptr<StepTransaction> FaultyLane::begin_step(std::optional<std::chrono::milliseconds> patience) {
  return store_.guard("begin_step", [&]() -> std::unique_ptr<StepTransaction> {
    return std::make_unique<FaultyStep>(store_, inner_->begin_step(patience));
  });
}
std::vector<ClaimedRun> FaultyStep::claim_runs(const ClaimRequest& request) {
  return store_.guard("claim_runs", [&] { return inner_->claim_runs(request); });
}
std::vector<RunMessages> FaultyStep::collect_messages() {
  return store_.guard("collect_messages", [&] { return inner_->collect_messages(); });
}
std::vector<RunState> FaultyStep::load_runs(std::span<const Uuid> run_ids) {
  return store_.guard("load_runs", [&] { return inner_->load_runs(run_ids); });
}
void FaultyStep::await_runs(std::span<const Uuid> run_ids) {
  store_.guard("await_runs", [&] { inner_->await_runs(run_ids); });
}
std::vector<RunMessages> FaultyStep::read_messages(std::span<const Uuid> run_ids) {
  return store_.guard("read_messages", [&] { return inner_->read_messages(run_ids); });
}
std::vector<StartResult> FaultyStep::start_children(std::span<const NewChild> children) {
  return store_.guard("start_children", [&] { return inner_->start_children(children); });
}
void FaultyStep::commit(const CommitBatch& batch) {
  store_.guard("commit", [&] { inner_->commit(batch); });
}

}  // namespace

}  // namespace holdfast::test
