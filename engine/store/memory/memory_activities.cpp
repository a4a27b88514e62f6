#include <algorithm>
#include <limits>

#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/store/memory/memory_tables.hpp>

// Activity tasks outside the memory of their run's owner.
namespace holdfast::store {
namespace {

using Lock = std::lock_guard<std::mutex>;
using TaskEntry = std::map<std::pair<Uuid, CommandSeq>, TaskRow>::value_type;

/// How long whoever claimed an expired task has to decide before somebody else is asked.
constexpr Duration kDecisionTime = std::chrono::seconds(10);

ClaimedActivity claimed(const MemoryTables& db, const TaskEntry& entry) {
  const auto& [key, row] = entry;
  const RunSummary& run = db.runs.at(key.first).summary;
  ClaimedActivity out;
  out.key = {.run_id = key.first, .seq = key.second, .attempt = row.task.attempt};
  out.namespace_ = run.namespace_;
  out.workflow_id = run.workflow_id;
  out.activity = row.task.activity;
  out.task_queue = row.task.task_queue;
  out.input = row.task.input;
  out.options = row.task.options;
  out.scheduled_at = row.task.scheduled_at;
  out.started_at = row.started_at;
  out.heartbeat_details = row.heartbeat_details;
  out.cancel_requested = row.cancel_requested;
  out.queue_limited = row.queue_limited;
  return out;
}

/// The entries that `due` gives a time <= now for, longest waiting first, at most `limit`.
template <class Due>
std::vector<TaskEntry*> take_due(MemoryTables& db, int limit, Due due) {
  std::vector<TaskEntry*> entries;
  for (auto& entry : db.tasks) {
    if (due(entry.second) <= db.now()) entries.push_back(&entry);
  }
  std::ranges::sort(entries, {}, [&](const TaskEntry* entry) { return std::pair(due(entry->second), entry->first); });
  if (std::ssize(entries) > limit) entries.resize(static_cast<std::size_t>(std::max(limit, 0)));
  return entries;
}

void finish(MemoryTables& db, const ActivityOutcome& outcome, TaskRow& row) {
  using Kind = ActivityOutcome::Kind;
  const auto [run_id, seq, attempt] = outcome.key;
  if (outcome.kind == Kind::retry) {
    row.task.last_failure = outcome.failure;
    db.queue_task(row, db.now() + outcome.retry_delay);
    return;
  }
  Message message;
  message.seq = seq;
  message.attempt = attempt;
  if (outcome.kind == Kind::completed) {
    message.kind = MessageKind::activity_completed;
    message.payload = outcome.result;
  } else {
    message.kind = MessageKind::activity_failed;
    message.payload = encode_activity_failure({outcome.failure, outcome.retry_state});
  }
  db.tasks.erase({run_id, seq});
  if (LiveRow* live = db.find_live(run_id)) db.deliver(run_id, *live, std::move(message));
}

}  // namespace

std::vector<ClaimedActivity> MemoryStore::claim_activities(WorkerId worker, std::span<const std::string> queues,
                                                           int limit) {
  const Lock lock(tables_->mutex);
  tables_->check_lease(worker);
  const auto due = [&](const TaskRow& row) {
    const bool ours = !row.task.transactional && std::ranges::find(queues, row.task.task_queue) != queues.end();
    return ours && row.owner == 0 ? row.ready_at : kNever;
  };
  std::vector<ClaimedActivity> out;
  for (TaskEntry* entry : take_due(*tables_, std::numeric_limits<int>::max(), due)) {
    if (std::ssize(out) >= limit) break;
    if (!tables_->may_start(entry->second)) continue;
    tables_->take_place(entry->second);
    tables_->start_task(entry->second, worker);
    out.push_back(claimed(*tables_, *entry));
  }
  return out;
}

std::vector<ClaimedActivity> MemoryStore::owned_activities(WorkerId worker) {
  const Lock lock(tables_->mutex);
  std::vector<ClaimedActivity> out;
  for (auto& entry : tables_->tasks)
    if (worker != 0 && entry.second.owner == worker) out.push_back(claimed(*tables_, entry));
  return out;
}

FinishReport MemoryStore::finish_activities(std::span<const ActivityOutcome> outcomes) {
  const Lock lock(tables_->mutex);
  FinishReport report;
  for (const auto& outcome : outcomes) {
    TaskRow* row = tables_->find_task(outcome.key.run_id, outcome.key.seq);
    if (row == nullptr || row->owner != outcome.worker || row->task.attempt != outcome.key.attempt ||
        (outcome.worker == 0 && row->ready_at != kNever)) {  // decided already: it waits for its next attempt
      ++report.dropped;
      continue;
    }
    finish(*tables_, outcome, *row);
  }
  return report;
}

std::vector<ActivityKey> MemoryStore::heartbeat_activities(WorkerId worker, std::span<const Heartbeat> beats) {
  const Lock lock(tables_->mutex);
  std::vector<ActivityKey> to_cancel;
  for (const auto& beat : beats) {
    TaskRow* row = tables_->find_task(beat.key.run_id, beat.key.seq);
    if (row == nullptr || row->owner != worker || row->task.attempt != beat.key.attempt) {
      to_cancel.push_back(beat.key);
      continue;
    }
    row->heartbeat_details = beat.details;
    row->heartbeat_at = tables_->now();
    tables_->set_timeout(*row);
    if (row->cancel_requested) to_cancel.push_back(beat.key);
  }
  return to_cancel;
}

std::vector<ExpiredActivity> MemoryStore::claim_expired_activities(WorkerId worker, int limit) {
  const Lock lock(tables_->mutex);
  tables_->check_lease(worker);
  std::vector<ExpiredActivity> out;
  for (TaskEntry* entry : take_due(*tables_, limit, [](const TaskRow& row) { return row.timeout_at; })) {
    TaskRow& row = entry->second;
    row.owner = 0;  // an outcome of the attempt that comes now is too late
    row.ready_at = kNever;
    row.timeout_at = tables_->now() + kDecisionTime;
    out.push_back({.task = claimed(*tables_, *entry), .timeout = row.timeout, .now = tables_->now()});
  }
  return out;
}

}  // namespace holdfast::store
