#include <holdfast/store/memory/memory_store.hpp>

#include <algorithm>

#include <holdfast/store/memory/memory_tables.hpp>
#include <holdfast/store/validate.hpp>

// The verbs of clients. Workers, lanes, activities and listeners have files of their own.
namespace holdfast::store {
namespace {

using Lock = std::lock_guard<std::mutex>;

SendStatus send(MemoryTables& db, const NewMessage& message) {
  Uuid run_id = db.resolve(message.to);
  if (run_id.is_nil()) return SendStatus::not_found;
  if (const Uuid open = db.open_run_of_chain(run_id); !open.is_nil()) run_id = open;
  const auto seen_by = [&](const Uuid& id) {
    const auto seen = db.message_ids.find(id);
    return seen != db.message_ids.end() && seen->second.contains(message.message_id);
  };
  // A sender who repeats what the run before has read means the same message; a cancel request was for that run.
  const Uuid before = message.kind == MessageKind::cancel ? Uuid{} : db.runs.at(run_id).previous_run_id;
  if (seen_by(run_id) || (!before.is_nil() && seen_by(before))) return SendStatus::sent;
  LiveRow* row = db.find_live(run_id);
  if (row == nullptr) return SendStatus::closed;
  db.message_ids[run_id].insert(message.message_id);
  Message stored;
  stored.kind = message.kind;
  stored.name = message.name;
  stored.payload = message.payload;
  stored.message_id = message.message_id;
  db.deliver(run_id, *row, std::move(stored));
  return SendStatus::sent;
}

}  // namespace

MemoryStore::MemoryStore(MemoryStoreOptions options) : tables_(std::make_unique<MemoryTables>()) {
  tables_->clock = options.now ? std::move(options.now)
                               : [] { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); };
}

MemoryStore::~MemoryStore() = default;

std::vector<StartResult> MemoryStore::start_runs(std::span<const NewRun> runs) {
  validate(runs);
  const Lock lock(tables_->mutex);
  std::vector<StartResult> results;
  for (const auto& run : runs) results.push_back(tables_->start(run));
  return results;
}

std::vector<SendStatus> MemoryStore::send_messages(std::span<const NewMessage> messages) {
  validate(messages);
  const Lock lock(tables_->mutex);
  std::vector<SendStatus> results;
  for (const auto& message : messages) results.push_back(send(*tables_, message));
  return results;
}

SendStatus MemoryStore::terminate_run(const RunKey& run, std::string_view reason, std::string_view identity) {
  validate_termination(run, reason, identity);
  const Lock lock(tables_->mutex);
  if (tables_->resolve(run).is_nil()) return SendStatus::not_found;
  const Uuid run_id = tables_->open_run_of_chain(tables_->resolve(run));
  if (run_id.is_nil()) return SendStatus::closed;
  tables_->terminate(run_id, reason);
  return SendStatus::sent;
}

std::optional<RunDescription> MemoryStore::describe_run(const RunKey& run) {
  validate(run);
  const Lock lock(tables_->mutex);
  const Uuid run_id = tables_->resolve(run);
  if (run_id.is_nil()) return std::nullopt;
  const RunRow& row = tables_->runs.at(run_id);
  RunDescription out;
  out.summary = row.summary;
  out.input = row.input;
  out.result = row.result;
  out.failure = row.failure;
  out.memo = row.memo;
  out.search_attributes = row.search_attributes;
  if (const auto parent = tables_->runs.find(row.summary.parent_run_id); parent != tables_->runs.end())
    out.parent_workflow_id = parent->second.summary.workflow_id;
  out.parent_seq = row.parent_seq;
  out.first_run_id = row.first_run_id;
  out.previous_run_id = row.previous_run_id;
  out.next_run_id = row.next_run_id;
  out.scheduled = row.scheduled;
  const LiveRow* live = tables_->find_live(run_id);
  if (live == nullptr) return out;
  if (live->owner == 0 && live->ready_at != kNever) out.ready_at = live->ready_at;
  out.owner = live->owner;
  out.waiting_for = live->waiting_for;
  out.unread_messages = static_cast<int>(tables_->unread(run_id).size());
  out.task_failures = live->task_failures;
  out.task_failure = live->task_failure;
  out.quarantined = live->quarantined;
  return out;
}

std::vector<ClosedRun> MemoryStore::closed_runs(std::span<const Uuid> run_ids) {
  const Lock lock(tables_->mutex);
  std::vector<ClosedRun> out;
  for (const Uuid& run_id : run_ids) {
    const auto found = tables_->runs.find(run_id);
    if (found == tables_->runs.end() || found->second.summary.status == RunStatus::running) continue;
    const RunRow& row = found->second;
    out.push_back({.run_id = run_id,
                   .status = row.summary.status,
                   .result = row.result,
                   .failure = row.failure,
                   .next_run_id = row.next_run_id});
  }
  return out;
}

std::vector<HistoryRow> MemoryStore::read_history(const Uuid& run_id, EventId first, int limit) {
  const Lock lock(tables_->mutex);
  std::vector<HistoryRow> out;
  const auto found = tables_->history.find(run_id);
  if (found == tables_->history.end()) return out;
  for (const auto& row : found->second.rows) {
    if (row.first_event_id >= first && std::ssize(out) < limit) out.push_back(row);
  }
  return out;
}

std::vector<PendingActivity> MemoryStore::pending_activities(const Uuid& run_id) {
  const Lock lock(tables_->mutex);
  std::vector<PendingActivity> out;
  tables_->for_each_task(run_id, [&](CommandSeq seq, const TaskRow& row) {
    PendingActivity pending;
    pending.seq = seq;
    pending.activity = row.task.activity;
    pending.task_queue = row.task.task_queue;
    pending.attempt = row.task.attempt;
    pending.max_attempts = row.task.options.retry.max_attempts;
    pending.scheduled_at = row.task.scheduled_at;
    if (row.owner == 0 && row.ready_at != kNever) pending.next_attempt_at = row.ready_at;
    pending.owner = row.owner;
    pending.last_failure = row.task.last_failure;
    pending.limit_key = row.task.options.limit_key;
    if (row.owner == 0 && pending.next_attempt_at)
      for (const auto& use : tables_->limits_on(row))
        if (auto words = blocked_words(use); !words.empty()) pending.waits_for_limit.push_back(std::move(words));
    out.push_back(std::move(pending));
  });
  return out;
}

Timestamp MemoryStore::now() {
  const Lock lock(tables_->mutex);
  return tables_->now();
}

void MemoryStore::maintain() {}

std::optional<Timestamp> MemoryStore::next_due() {
  const Lock lock(tables_->mutex);
  Timestamp due = kNever;
  for (const auto& entry : tables_->live) {
    if (entry.second.owner == 0) due = std::min(due, entry.second.ready_at);
  }
  due = std::min(due, tables_->next_schedule_at().value_or(kNever));
  for (const auto& entry : tables_->tasks) {
    const TaskRow& row = entry.second;
    due = std::min(due, row.timeout_at);
    // What limits hold up is due when a rate allows the next, if nothing ends before.
    if (row.owner != 0 || row.ready_at > tables_->now() || tables_->may_start(row))
      due = std::min(due, row.ready_at);
    else
      for (const auto& use : tables_->limits_on(row)) due = std::min(due, use.next_start.value_or(kNever));
  }
  if (due == kNever) return std::nullopt;
  return due;
}

}  // namespace holdfast::store
