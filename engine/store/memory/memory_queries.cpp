#include <algorithm>

#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/store/memory/memory_tables.hpp>
#include <holdfast/store/validate.hpp>

namespace holdfast::store {
namespace {

using Lock = std::lock_guard<std::mutex>;
constexpr auto kLease = std::chrono::seconds(2);
constexpr auto kSoon = std::chrono::milliseconds(10);

}  // namespace

std::string MemoryTables::why_query_waits(const QueryRow& row) {
  const auto unread = inbox.find(row.run_id);
  if (unread != inbox.end() && !unread->second.empty() && unread->second.begin()->first <= row.last_inbox_id)
    return "the run has not taken up a message that was sent before the query";
  if (history[row.run_id].rows.empty()) return "the run has not begun";
  return {};
}

SendStatus MemoryStore::ask(const NewQuery& query) {
  validate(query);
  const Lock lock(tables_->mutex);
  const Uuid run_id = tables_->resolve(query.to);
  if (run_id.is_nil()) return SendStatus::not_found;
  QueryRow row;
  row.run_id = run_id;
  row.follows = query.to.run_id.is_nil();
  row.last_inbox_id = tables_->last_inbox_id;
  row.deadline = tables_->now() + query.timeout;
  row.look_at = tables_->now();
  row.name = query.name;
  row.input = query.input;
  tables_->queries.emplace(query.query_id, std::move(row));
  return SendStatus::sent;
}

std::vector<QueryAnswer> MemoryStore::read_answers(std::span<const Uuid> query_ids) {
  const Lock lock(tables_->mutex);
  std::vector<QueryAnswer> answers;
  for (const Uuid& id : query_ids)
    if (const auto found = tables_->queries.find(id); found != tables_->queries.end() && found->second.answer)
      answers.push_back(*found->second.answer);
  return answers;
}

std::optional<OpenQuery> MemoryStore::withdraw(const Uuid& query_id) {
  const Lock lock(tables_->mutex);
  const auto query = tables_->queries.extract(query_id);
  if (query.empty()) return std::nullopt;
  const auto& run = tables_->runs.at(query.mapped().run_id).summary;
  return OpenQuery{run.task_queue, run.workflow_type, query.mapped().seen, query.mapped().note};
}

QueryClaim MemoryStore::claim_queries(std::span<const std::string> task_queues,
                                      std::span<const std::string> workflow_types, int limit) {
  const Lock lock(tables_->mutex);
  const auto among = [](std::span<const std::string> names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  QueryClaim claim;
  for (auto& [query_id, row] : tables_->queries) {
    if (std::ssize(claim.ready) >= limit) break;
    if (row.answer || row.look_at > tables_->now() || row.deadline <= tables_->now()) continue;
    const Uuid next = tables_->runs.at(row.run_id).next_run_id;
    if (row.follows && !next.is_nil()) row.run_id = next;
    const auto& run = tables_->runs.at(row.run_id).summary;
    if (!among(task_queues, run.task_queue) || !among(workflow_types, run.workflow_type)) continue;
    row.seen = true;
    row.note = tables_->why_query_waits(row);
    row.look_at = tables_->now() + (row.note.empty() ? Duration(kLease) : Duration(kSoon));
    if (row.note.empty())
      claim.ready.push_back({query_id, row.run_id, row.name, row.input});
    else
      claim.waiting = true;
  }
  return claim;
}

void MemoryStore::answer_queries(std::span<const QueryAnswer> answers) {
  const Lock lock(tables_->mutex);
  for (const auto& answer : answers)
    if (const auto found = tables_->queries.find(answer.query_id); found != tables_->queries.end())
      if (!found->second.answer) found->second.answer = answer;
}

}  // namespace holdfast::store
