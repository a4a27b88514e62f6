#include <algorithm>

#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/store/memory/memory_tables.hpp>
#include <holdfast/store/validate.hpp>

namespace holdfast::store {
namespace {

using Lock = std::lock_guard<std::mutex>;

Failure ended(std::string type, std::string message) {
  Failure failure;
  failure.type = std::move(type);
  failure.message = std::move(message);
  failure.non_retryable = true;
  return failure;
}

}  // namespace

std::vector<UpdateState*> MemoryTables::open_updates_of(const Uuid& run_id) {
  std::vector<UpdateState*> open;
  for (auto& [key, update] : updates)
    if (update.run_id == run_id && !update.ended_at) open.push_back(&update);
  std::ranges::sort(open, {}, [](const UpdateState* u) { return std::pair(u->admitted_at, u->key.update_id); });
  return open;
}

void MemoryTables::write_updates(const RunCommit& commit) {
  for (const auto& change : commit.updates) {
    for (auto* update : open_updates_of(commit.run_id)) {
      if (update->key.update_id != change.update_id) continue;
      update->stage = change.stage;
      update->result = change.result;
      update->failure = change.failure;
      if (change.stage != UpdateStage::rejected && !update->accepted_at) update->accepted_at = now();
      if (change.stage != UpdateStage::accepted) update->ended_at = now();
    }
  }
  if (commit.next == NextState::closed && commit.end_updates) end_updates(commit.run_id);
}

void MemoryTables::end_updates(const Uuid& run_id) {
  for (auto* update : open_updates_of(run_id)) {
    const bool accepted = update->stage == UpdateStage::accepted;
    update->stage = accepted ? UpdateStage::completed : UpdateStage::rejected;
    update->failure = accepted ? ended("WorkflowUpdateNotCompleted", "the run ended before the update was completed")
                               : ended("WorkflowClosed", "the run ended before it took up the update");
    update->ended_at = now();
  }
}

SentUpdate MemoryStore::send_update(const NewUpdate& update) {
  validate(update);
  const Lock lock(tables_->mutex);
  Uuid run_id = tables_->resolve(update.to);
  if (run_id.is_nil()) return {SendStatus::not_found, {}};
  if (const Uuid open = tables_->open_run_of_chain(run_id); !open.is_nil()) run_id = open;
  const RunRow& run = tables_->runs.at(run_id);
  const UpdateKey key{run.first_run_id.is_nil() ? run_id : run.first_run_id, update.update_id};
  if (const auto known = tables_->updates.find(key); known != tables_->updates.end())
    return {SendStatus::sent, known->second};
  LiveRow* row = tables_->find_live(run_id);
  if (row == nullptr) return {SendStatus::closed, {}};
  if (std::ssize(tables_->open_updates_of(run_id)) >= kMaxOpenUpdates) return {SendStatus::too_many, {}};
  UpdateState state;
  state.key = key;
  state.run_id = run_id;
  state.name = update.name;
  state.admitted_at = tables_->now();
  tables_->updates.emplace(key, state);
  Message message;
  message.kind = MessageKind::update;
  message.name = update.name;
  message.payload = encode_update_message({update.update_id, update.input});
  tables_->deliver(run_id, *row, std::move(message));
  return {SendStatus::sent, std::move(state)};
}

std::vector<UpdateState> MemoryStore::read_updates(std::span<const UpdateKey> keys) {
  const Lock lock(tables_->mutex);
  std::vector<UpdateState> out;
  for (const auto& key : keys)
    if (const auto found = tables_->updates.find(key); found != tables_->updates.end()) out.push_back(found->second);
  return out;
}

std::vector<UpdateState> MemoryStore::open_updates(const Uuid& run_id) {
  const Lock lock(tables_->mutex);
  std::vector<UpdateState> out;
  for (const auto* update : tables_->open_updates_of(run_id)) out.push_back(*update);
  return out;
}

}  // namespace holdfast::store
