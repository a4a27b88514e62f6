#include <algorithm>
#include <stdexcept>
#include <tuple>

#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/store/memory/memory_tables.hpp>
#include <holdfast/store/validate.hpp>

// Step transactions. What one takes (claims, doorbells) happens at once and is undone by a rollback; what it writes is
// checked first and applied then, at commit, under the one mutex.
namespace holdfast::store {
namespace {

using Lock = std::lock_guard<std::mutex>;

class NoBusiness final : public BusinessTransaction {
 public:
  pqxx::transaction_base& postgres() override {
    throw std::logic_error(
        "the memory store has no PostgreSQL transaction: run transactional activities on PostgreSQL");
  }
};

class MemoryStep final : public StepTransaction {
 public:
  MemoryStep(MemoryTables& db, WorkerId worker) : db_(db), worker_(worker) {
    const Lock lock(db_.mutex);
    db_.check_lease(worker_);
    now_ = db_.now();
  }
  ~MemoryStep() override {
    if (!committed_) roll_back();
  }

  Timestamp now() const override { return now_; }
  std::vector<ClaimedRun> claim_runs(const ClaimRequest& request) override;
  std::vector<RunMessages> collect_messages() override;
  std::vector<RunState> load_runs(std::span<const Uuid> run_ids) override;
  void await_runs(std::span<const Uuid>) override {}
  std::vector<RunMessages> read_messages(std::span<const Uuid> run_ids) override;
  std::vector<StartResult> start_children(std::span<const NewChild> children) override;
  BusinessTransaction& business() override { return business_; }
  void commit(const CommitBatch& batch) override;

 private:
  struct Claim {
    Uuid run_id;
    Timestamp ready_at;
    bool fresh, rung;
  };

  ClaimedRun claim(const Uuid& run_id, LiveRow& row);
  void check(const CommitBatch& batch) const;
  bool allows(const RunCommit& commit) const;
  StartResult answer(const NewChild& child) const;
  void check_children() const;
  void apply(const RunCommit& commit);
  static void change(Payload& object, const Properties& changes);
  void apply_tasks(const RunCommit& commit);
  void park(const RunCommit& commit, LiveRow& row);
  void roll_back();

  MemoryTables& db_;
  const WorkerId worker_;
  Timestamp now_;
  std::vector<Claim> claims_;
  std::vector<Uuid> silenced_;      ///< runs whose doorbell was reset
  std::vector<NewChild> children_;  ///< to be started at the commit
  NoBusiness business_;
  bool committed_ = false;
};

std::vector<ClaimedRun> MemoryStep::claim_runs(const ClaimRequest& request) {
  const Lock lock(db_.mutex);
  std::vector<std::pair<const Uuid, LiveRow>*> ready;
  for (auto& entry : db_.live) {
    const std::string& queue = db_.runs.at(entry.first).summary.task_queue;
    const bool ours = std::ranges::find(request.task_queues, queue) != request.task_queues.end();
    if (ours && entry.second.owner == 0 && entry.second.ready_at <= now_) ready.push_back(&entry);
  }
  std::ranges::sort(ready, {},
                    [](const auto* e) { return std::tuple(e->second.priority, e->second.ready_at, e->first); });
  std::vector<ClaimedRun> out;
  for (auto* entry : ready) {
    if (std::ssize(out) >= request.limit) break;
    out.push_back(claim(entry->first, entry->second));
  }
  return out;
}

ClaimedRun MemoryStep::claim(const Uuid& run_id, LiveRow& row) {
  claims_.push_back({.run_id = run_id, .ready_at = row.ready_at, .fresh = row.fresh, .rung = row.rung});
  const RunRow& run = db_.runs.at(run_id);
  ClaimedRun out;
  out.run_id = run_id;
  out.namespace_ = run.summary.namespace_;
  out.workflow_id = run.summary.workflow_id;
  out.workflow_type = run.summary.workflow_type;
  out.task_queue = run.summary.task_queue;
  out.input = run.input;
  out.started_at = run.summary.started_at;
  out.fresh = row.fresh;
  out.rung = row.rung;
  out.claims = ++row.claims;
  out.task_failures = row.task_failures;
  out.takeovers = row.takeovers;
  out.priority = row.priority;
  out.deadline = run.deadline;
  out.parent_run_id = run.summary.parent_run_id;
  out.parent_seq = run.parent_seq;
  out.scheduled = run.scheduled;
  row.owner = worker_;
  row.ready_at = kNever;
  row.fresh = row.rung = row.quarantined = false;
  return out;
}

std::vector<RunMessages> MemoryStep::collect_messages() {
  const Lock lock(db_.mutex);
  std::vector<RunMessages> out;
  for (auto& [run_id, row] : db_.live) {
    if (row.owner != worker_ || !row.rung) continue;
    row.rung = false;
    silenced_.push_back(run_id);
    out.push_back({.run_id = run_id, .messages = db_.unread(run_id)});
  }
  return out;
}

std::vector<RunState> MemoryStep::load_runs(std::span<const Uuid> run_ids) {
  const Lock lock(db_.mutex);
  std::vector<RunState> out;
  for (const Uuid& run_id : run_ids) {
    const LiveRow* row = db_.find_live(run_id);
    if (row == nullptr || row->owner != worker_) continue;
    RunState state;
    state.run_id = run_id;
    state.history = db_.history[run_id].rows;
    db_.for_each_task(run_id, [&](CommandSeq seq, const TaskRow& task) {
      state.tasks.push_back({.seq = seq,
                             .attempt = task.task.attempt,
                             .transactional = task.task.transactional,
                             .owner = task.owner,
                             .ready_at = task.ready_at,
                             .scheduled_at = task.task.scheduled_at,
                             .last_failure = task.task.last_failure});
    });
    state.messages = db_.unread(run_id);
    out.push_back(std::move(state));
  }
  return out;
}

std::vector<RunMessages> MemoryStep::read_messages(std::span<const Uuid> run_ids) {
  const Lock lock(db_.mutex);
  std::vector<RunMessages> out;
  for (const Uuid& run_id : run_ids) {
    const LiveRow* row = db_.find_live(run_id);
    if (row == nullptr || row->owner != worker_) continue;
    if (auto messages = db_.unread(run_id); !messages.empty()) out.push_back({run_id, std::move(messages)});
  }
  return out;
}

StartResult MemoryStep::answer(const NewChild& child) const {
  const NewRun& run = child.run;
  if (db_.runs.contains(run.run_id)) return {StartStatus::started, run.run_id};
  for (const auto& earlier : children_)
    if (earlier.run.namespace_ == run.namespace_ && earlier.run.workflow_id == run.workflow_id)
      return {earlier.run.run_id == run.run_id ? StartStatus::started : StartStatus::already_running,
              earlier.run.run_id};
  return db_.refuse(run).value_or(StartResult{StartStatus::started, run.run_id});
}

std::vector<StartResult> MemoryStep::start_children(std::span<const NewChild> children) {
  validate(children);
  const Lock lock(db_.mutex);
  std::vector<StartResult> results;
  for (const auto& child : children) {
    const bool known = db_.runs.contains(child.run.run_id);
    results.push_back(answer(child));
    if (!known && results.back().status == StartStatus::started) children_.push_back(child);
  }
  return results;
}

/// Nobody sees a child before the commit, so somebody else may have taken its workflow id meanwhile.
void MemoryStep::check_children() const {
  for (const auto& child : children_)
    if (!db_.runs.contains(child.run.run_id) && db_.refuse(child.run))
      throw Conflict("workflow id " + child.run.workflow_id + " was taken meanwhile", {child.parent_run_id});
}

void MemoryStep::commit(const CommitBatch& batch) {
  const Lock lock(db_.mutex);
  check(batch);
  check_children();
  for (const auto& child : children_) {
    db_.start(child.run);
    db_.adopt(child);
  }
  for (const auto& commit : batch.runs) apply(commit);
  for (const auto& commit : batch.runs) {
    for (const Uuid& run_id : commit.cancel_runs) db_.request_cancel(run_id, "its parent asked it to end");
    if (commit.next != NextState::closed) continue;
    if (commit.has_children) db_.part_from_children(commit.run_id);
    if (commit.notice) db_.tell_parent(*commit.notice);
  }
  committed_ = true;
}

void MemoryStep::check(const CommitBatch& batch) const {
  std::vector<Uuid> culprits;
  for (const auto& commit : batch.runs) {
    if (!allows(commit)) culprits.push_back(commit.run_id);
  }
  if (culprits.empty()) return;
  std::string names;
  for (const Uuid& run_id : culprits) names += " " + run_id.to_string();
  throw Conflict("somebody else advanced, took or rang these runs:" + names, culprits);
}

bool MemoryStep::allows(const RunCommit& commit) const {
  const LiveRow* row = db_.find_live(commit.run_id);
  if (row == nullptr || row->owner != worker_) return false;
  if (!commit.events.empty() && db_.history[commit.run_id].next != commit.first_event_id) return false;
  return commit.next != NextState::closed || commit.successor || !row->rung;
}

/// Without any left: nothing, as a run that never had one.
void MemoryStep::change(Payload& object, const Properties& changes) {
  if (changes.empty()) return;
  const auto left = changed_properties(read_properties(object), changes);
  object = left.empty() ? Payload() : write_properties(left);
}

void MemoryStep::apply(const RunCommit& commit) {
  if (!commit.events.empty()) db_.append_history(commit.run_id, commit.at, commit.events);
  RunRow& row = db_.runs.at(commit.run_id);
  change(row.memo, commit.memo);
  change(row.search_attributes, commit.search_attributes);
  db_.write_updates(commit);
  if (commit.next == NextState::closed && !commit.successor)
    return db_.close(commit.run_id, commit.status, commit.result, failure_of(commit));
  for (const auto id : commit.consumed) db_.inbox[commit.run_id].erase(id);
  if (commit.successor) return db_.continue_as_new(commit);
  apply_tasks(commit);
  if (commit.next == NextState::parked) park(commit, db_.live.at(commit.run_id));
}

void MemoryStep::apply_tasks(const RunCommit& commit) {
  for (const auto seq : commit.ended_tasks) db_.tasks.erase({commit.run_id, seq});
  for (const auto& task : commit.new_tasks) {
    TaskRow& row = db_.tasks[{commit.run_id, task.seq}];
    auto details = std::move(row.heartbeat_details);  // for the next attempt
    row = {};
    row.heartbeat_details = std::move(details);
    row.task = task;
    if (task.started_here) {
      db_.start_task(row, worker_);
    } else {
      db_.queue_task(row, db_.now() + task.delay.value_or(Duration::zero()));
    }
  }
  for (const auto seq : commit.cancel_tasks) {
    if (TaskRow* row = db_.find_task(commit.run_id, seq)) row->cancel_requested = true;
  }
}

void MemoryStep::park(const RunCommit& commit, LiveRow& row) {
  row.owner = 0;
  row.ready_at = row.rung ? db_.now() : commit.ready_at.value_or(kNever);
  row.waiting_for = commit.waiting_for;
  row.task_failure = commit.task_failure;
  row.task_failures = commit.task_failure.empty() ? 0 : row.task_failures + 1;
}

void MemoryStep::roll_back() {
  const Lock lock(db_.mutex);
  for (const Uuid& run_id : silenced_) {
    if (LiveRow* row = db_.find_live(run_id)) db_.ring(*row);
  }
  for (const Claim& claim : claims_) {
    LiveRow* row = db_.find_live(claim.run_id);
    if (row == nullptr || row->owner != worker_) continue;
    const bool rang_meanwhile = row->rung;
    row->owner = 0;
    --row->claims;
    row->ready_at = claim.ready_at;
    row->fresh = claim.fresh;
    row->rung = claim.rung;
    if (rang_meanwhile) db_.ring(*row);
  }
}

class MemoryLane final : public LaneSession {
 public:
  MemoryLane(MemoryTables& db, WorkerId worker) : db_(db), worker_(worker) {}
  /// Nobody holds a row here.
  std::unique_ptr<StepTransaction> begin_step(std::optional<std::chrono::milliseconds>) override {
    return std::make_unique<MemoryStep>(db_, worker_);
  }

 private:
  MemoryTables& db_;
  WorkerId worker_;
};

}  // namespace

std::unique_ptr<LaneSession> MemoryStore::open_lane(WorkerId worker) {
  return std::make_unique<MemoryLane>(*tables_, worker);
}

}  // namespace holdfast::store
