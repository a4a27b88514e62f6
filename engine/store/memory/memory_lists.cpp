#include <algorithm>
#include <map>
#include <ranges>

#include <holdfast/core/json_text.hpp>
#include <holdfast/store/list_filter.hpp>
#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/store/memory/memory_tables.hpp>
#include <holdfast/store/validate.hpp>
#include <holdfast/visibility/evaluate.hpp>

// Lists and counts: every run, one by one.
namespace holdfast::store {
namespace {

using Lock = std::lock_guard<std::mutex>;

visibility::Subject subject_of(const MemoryTables& db, const RunRow& row) {
  const auto& run = row.summary;
  visibility::Subject subject{.workflow_id = run.workflow_id,
                              .workflow_type = run.workflow_type,
                              .task_queue = run.task_queue,
                              .status = to_string(run.status),
                              .run_id = run.run_id,
                              .parent_run_id = run.parent_run_id,
                              .start_time = run.started_at,
                              .close_time = run.closed_at,
                              .attributes = visibility::read_attributes(row.search_attributes)};
  if (const auto parent = db.runs.find(run.parent_run_id); parent != db.runs.end())
    subject.parent_workflow_id = parent->second.summary.workflow_id;
  return subject;
}

bool matches(const MemoryTables& db, const RunRow& row, const ListFilter& list, const visibility::Filter& filter) {
  return row.summary.namespace_ == list.namespace_ && visibility::matches(filter, subject_of(db, row));
}

/// As JSON; null if the run has none.
Payload group_of(const RunRow& row, const visibility::Column& column) {
  const auto text = [](std::string_view value) {
    std::string out;
    append_json_string(out, value);
    return out;
  };
  switch (column.field) {
    case visibility::Field::execution_status: return text(to_string(row.summary.status));
    case visibility::Field::workflow_type: return text(row.summary.workflow_type);
    case visibility::Field::task_queue: return text(row.summary.task_queue);
    default: break;
  }
  const auto attributes = read_properties(row.search_attributes);
  const auto found = attributes.find(column.attribute);
  return found == attributes.end() ? "null" : found->second;
}

}  // namespace

std::vector<RunSummary> MemoryStore::list_runs(const ListFilter& list) {
  validate(list);
  const auto filter = whole_filter(list);
  const Lock lock(tables_->mutex);
  std::vector<RunSummary> out;
  for (const auto& [run_id, row] : tables_->runs | std::views::reverse) {
    if (std::ssize(out) == list.limit) break;
    if ((!list.before || run_id < *list.before) && matches(*tables_, row, list, filter)) out.push_back(row.summary);
  }
  return out;
}

RunCount MemoryStore::count_runs(const ListFilter& list, const std::optional<visibility::Column>& group_by) {
  validate(list);
  if (group_by) validate_group_by(*group_by);
  const auto filter = whole_filter(list);
  const Lock lock(tables_->mutex);
  RunCount out;
  std::map<Payload, std::int64_t> counts;
  for (const auto& [run_id, row] : tables_->runs) {
    if (!matches(*tables_, row, list, filter)) continue;
    ++out.total;
    if (group_by) ++counts[group_of(row, *group_by)];
  }
  for (const auto& [value, count] : counts) out.groups.push_back({value, count});
  std::ranges::sort(out.groups, {}, [](const auto& group) { return std::pair(-group.count, group.value); });
  if (out.groups.size() > kMaxGroups) out.groups.resize(kMaxGroups);
  return out;
}

}  // namespace holdfast::store
