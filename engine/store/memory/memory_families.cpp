#include <algorithm>

#include <holdfast/store/memory/memory_tables.hpp>

// Starts, and what runs have to do with each other: parents, children, chains of continue-as-new.
namespace holdfast::store {

std::optional<StartResult> MemoryTables::refuse(const NewRun& run) {
  const auto ids = by_workflow_id.find({run.namespace_, run.workflow_id});
  if (ids == by_workflow_id.end()) return std::nullopt;
  const Uuid newest = resolve({run.namespace_, run.workflow_id, {}});
  if (live.contains(newest)) {
    if (run.conflict == IdConflictPolicy::fail) return StartResult{StartStatus::already_running, newest};
    if (run.conflict == IdConflictPolicy::use_existing) return StartResult{StartStatus::used_existing, newest};
    terminate(newest, "replaced by a new start of the workflow id");
    return std::nullopt;
  }
  const RunStatus status = runs.at(newest).summary.status;
  const bool succeeded = status == RunStatus::completed || status == RunStatus::continued_as_new;
  const bool refused = run.reuse == IdReusePolicy::reject_duplicate ||
                       (run.reuse == IdReusePolicy::allow_duplicate_failed_only && succeeded);
  if (refused) return StartResult{StartStatus::rejected, newest};
  return std::nullopt;
}

StartResult MemoryTables::start(const NewRun& run) {
  if (runs.contains(run.run_id)) return {StartStatus::started, run.run_id};
  if (const auto refusal = refuse(run)) return *refusal;
  const Timestamp start = now();
  const Timestamp ready_at = start + run.start_delay.value_or(Duration::zero());
  RunRow row;
  row.summary = {.run_id = run.run_id,
                 .namespace_ = run.namespace_,
                 .workflow_id = run.workflow_id,
                 .workflow_type = run.workflow_type,
                 .task_queue = run.task_queue,
                 .status = RunStatus::running,
                 .started_at = start,
                 .closed_at = std::nullopt,
                 .parent_run_id = {}};
  row.input = run.input;
  row.memo = run.memo;
  row.search_attributes = run.search_attributes;
  if (run.execution_timeout) row.deadline = ready_at + *run.execution_timeout;
  runs.emplace(run.run_id, std::move(row));
  LiveRow of_run;
  of_run.priority = run.priority;
  of_run.ready_at = ready_at;
  live.emplace(run.run_id, std::move(of_run));
  by_workflow_id[{run.namespace_, run.workflow_id}].insert(run.run_id);
  return {StartStatus::started, run.run_id};
}

void MemoryTables::adopt(const NewChild& child) {
  RunRow& row = runs.at(child.run.run_id);
  row.summary.parent_run_id = child.parent_run_id;
  row.parent_seq = child.parent_seq;
  row.parent_close_policy = child.parent_close_policy;
}

Uuid MemoryTables::open_run_of_chain(Uuid run_id) const {
  while (!run_id.is_nil() && !live.contains(run_id)) {
    const auto row = runs.find(run_id);
    run_id = row == runs.end() ? Uuid{} : row->second.next_run_id;
  }
  return run_id;
}

void MemoryTables::request_cancel(const Uuid& run_id, std::string_view reason) {
  const Uuid open = open_run_of_chain(run_id);
  if (open.is_nil()) return;
  Message message;
  message.kind = MessageKind::cancel;
  message.name = reason;
  message.payload = "{}";
  deliver(open, live.at(open), std::move(message));
}

void MemoryTables::tell_parent(const ParentNotice& notice) {
  LiveRow* row = find_live(notice.run_id);
  if (row == nullptr) return;
  Message message;
  message.kind = notice.kind;
  message.payload = notice.payload;
  message.seq = notice.seq;
  deliver(notice.run_id, *row, std::move(message));
}

void MemoryTables::part_from_children(const Uuid& parent) {
  std::vector<Uuid> children;
  for (const auto& [run_id, row] : live)
    if (runs.at(run_id).summary.parent_run_id == parent) children.push_back(run_id);
  for (const Uuid& child : children) {
    switch (runs.at(child).parent_close_policy) {
      case ParentClosePolicy::terminate: terminate(child, "its parent has closed"); break;
      case ParentClosePolicy::request_cancel: request_cancel(child, "its parent has closed"); break;
      case ParentClosePolicy::abandon: break;
    }
  }
}

void MemoryTables::continue_as_new(const RunCommit& commit) {
  const NextRun& next = *commit.successor;
  RunRow& old = runs.at(commit.run_id);
  RunRow row = old;
  row.summary.run_id = next.run_id;
  row.summary.workflow_type = next.workflow_type;
  row.summary.task_queue = next.task_queue;
  row.summary.started_at = now();
  row.input = next.input;
  if (row.first_run_id.is_nil()) row.first_run_id = commit.run_id;
  row.previous_run_id = commit.run_id;
  old.next_run_id = next.run_id;
  LiveRow of_next;
  of_next.priority = live.at(commit.run_id).priority;
  of_next.ready_at = now();
  of_next.rung = true;
  const auto left = unread(commit.run_id);
  for (auto* update : open_updates_of(commit.run_id)) update->run_id = next.run_id;
  close(commit.run_id, RunStatus::continued_as_new, {}, std::nullopt);
  by_workflow_id[{row.summary.namespace_, row.summary.workflow_id}].insert(next.run_id);
  runs.emplace(next.run_id, std::move(row));
  LiveRow& live_next = live.emplace(next.run_id, std::move(of_next)).first->second;
  const auto move = [&](Message message) {
    if (!message.message_id.is_nil()) message_ids[next.run_id].insert(message.message_id);
    deliver(next.run_id, live_next, std::move(message));
  };
  for (const auto& signal : next.signals) {
    Message message;
    message.kind = signal.kind;
    message.name = signal.name;
    message.payload = signal.payload;
    message.message_id = signal.message_id;
    move(std::move(message));
  }
  // Outcomes concern commands of the run before, and end with it.
  for (const auto& message : left)
    if (message.seq == 0) move(message);
}

}  // namespace holdfast::store
