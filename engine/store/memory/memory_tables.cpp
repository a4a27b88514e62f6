#include <holdfast/store/memory/memory_tables.hpp>

#include <algorithm>

#include <holdfast/core/json_reader.hpp>

namespace holdfast::store {

EventId count_events(std::string_view json) {
  EventId count = 0;
  JsonReader in(json);
  in.array([&] {
    in.skip();
    ++count;
  });
  in.end();
  return count;
}

LiveRow* MemoryTables::find_live(const Uuid& run_id) {
  const auto found = live.find(run_id);
  return found == live.end() ? nullptr : &found->second;
}

TaskRow* MemoryTables::find_task(const Uuid& run_id, CommandSeq seq) {
  const auto found = tasks.find({run_id, seq});
  return found == tasks.end() ? nullptr : &found->second;
}

Uuid MemoryTables::resolve(const RunKey& key) const {
  if (!key.run_id.is_nil()) return runs.contains(key.run_id) ? key.run_id : Uuid{};
  const auto ids = by_workflow_id.find({key.namespace_, key.workflow_id});
  if (ids == by_workflow_id.end()) return {};
  const auto open = std::ranges::find_if(ids->second, [&](const Uuid& id) { return live.contains(id); });
  return open != ids->second.end() ? *open : *ids->second.rbegin();
}

void MemoryTables::check_lease(WorkerId worker) const {
  const auto row = workers.find(worker);
  if (row == workers.end() || row->second.lease_until <= now()) {
    throw LeaseLost("worker " + std::to_string(worker) + " has no lease any more");
  }
}

void MemoryTables::ring(LiveRow& row) {
  row.rung = true;
  // The owner of an owned run sees the bell; a run in quarantine waits for an operator.
  if (row.owner == 0 && !row.quarantined) row.ready_at = std::min(row.ready_at, now());
}

void MemoryTables::deliver(const Uuid& run_id, LiveRow& row, Message message) {
  ring(row);
  message.inbox_id = ++last_inbox_id;
  inbox[run_id].emplace(message.inbox_id, std::move(message));
}

void MemoryTables::append_history(const Uuid& run_id, Timestamp at, std::string events) {
  History& of_run = history[run_id];
  const EventId first = of_run.next;
  of_run.next += count_events(events);
  of_run.rows.push_back({.first_event_id = first, .at = at, .events = std::move(events)});
}

void MemoryTables::close(const Uuid& run_id, RunStatus status, Payload result, std::optional<Failure> failure) {
  RunRow& run = runs.at(run_id);
  run.summary.status = status;
  run.summary.closed_at = now();
  run.result = std::move(result);
  run.failure = std::move(failure);
  live.erase(run_id);
  inbox.erase(run_id);
  std::erase_if(tasks, [&](const auto& entry) { return entry.first.first == run_id; });
}

void MemoryTables::terminate(const Uuid& run_id, std::string_view reason) {
  append_history(run_id, now(), encode_events({event::WorkflowTerminated{std::string(reason)}}));
  Failure failure;
  failure.kind = FailureKind::terminated;
  failure.message = reason;
  const auto payload = encode_failure(failure);
  close(run_id, RunStatus::terminated, {}, std::move(failure));
  end_updates(run_id);
  part_from_children(run_id);
  const RunRow& run = runs.at(run_id);
  tell_parent({run.summary.parent_run_id, run.parent_seq, MessageKind::child_failed, payload});
}

std::vector<Message> MemoryTables::unread(const Uuid& run_id) const {
  std::vector<Message> messages;
  if (const auto found = inbox.find(run_id); found != inbox.end()) {
    for (const auto& [id, message] : found->second) messages.push_back(message);
  }
  return messages;
}

void MemoryTables::for_each_task(const Uuid& run_id, const std::function<void(CommandSeq, TaskRow&)>& visit) {
  for (auto it = tasks.lower_bound({run_id, 0}); it != tasks.end() && it->first.first == run_id; ++it) {
    visit(it->first.second, it->second);
  }
}

void MemoryTables::queue_task(TaskRow& row, Timestamp ready_at) const {
  row.owner = 0;
  row.ready_at = ready_at;
  set_timeout(row);
}

void MemoryTables::start_task(TaskRow& row, WorkerId worker) const {
  row.owner = worker;
  row.ready_at = kNever;
  row.started_at = row.heartbeat_at = now();
  ++row.task.attempt;
  set_timeout(row);
}

void MemoryTables::set_timeout(TaskRow& row) const {
  row.timeout_at = kNever;
  row.timeout.clear();
  if (row.task.transactional) return;  // its run's owner watches over it
  const auto limit = [&](std::optional<Duration> length, Timestamp from, const char* name) {
    if (!length || from == kNever || from + *length >= row.timeout_at) return;
    row.timeout_at = from + *length;
    row.timeout = name;
  };
  const ActivityOptions& options = row.task.options;
  if (row.owner == 0) {
    limit(options.schedule_to_start, row.ready_at, "ScheduleToStart");
  } else {
    limit(options.start_to_close, row.started_at, "StartToClose");
    limit(options.heartbeat, row.heartbeat_at, "Heartbeat");
  }
  limit(options.schedule_to_close, row.task.scheduled_at, "ScheduleToClose");
}

void MemoryTables::lose_task(TaskRow& row) const {
  row.owner = 0;
  row.ready_at = kNever;
  row.timeout_at = now();
  row.timeout = "WorkerLost";
}

std::pair<int, int> MemoryTables::disown(WorkerId worker, const std::function<void(const Uuid&, LiveRow&)>& on_run) {
  int run_count = 0;
  int task_count = 0;
  for (auto& [run_id, row] : live) {
    if (row.owner != worker) continue;
    row.owner = 0;
    row.ready_at = now();
    on_run(run_id, row);
    ++run_count;
  }
  for (auto& [key, row] : tasks) {
    if (row.owner != worker) continue;
    lose_task(row);
    ++task_count;
  }
  return {run_count, task_count};
}

}  // namespace holdfast::store
