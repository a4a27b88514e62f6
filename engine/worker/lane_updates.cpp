#include <algorithm>

#include <holdfast/worker/contains.hpp>
#include <holdfast/worker/failures.hpp>
#include <holdfast/worker/lane.hpp>

// Updates: whether they are taken, and what became of them.
namespace holdfast::worker {

bool Lane::accepts(LiveRun& live, store::RunCommit& commit, const event::WorkflowUpdateAccepted& update) const {
  store::UpdateChange change{.update_id = update.update_id, .result = {}, .failure = {}};
  change.failure = live.run->refuse_update(step_now_, update.name, update.input);
  const bool accepted = !change.failure;
  change.stage = accepted ? store::UpdateStage::accepted : store::UpdateStage::rejected;
  commit.updates.push_back(std::move(change));
  return accepted;
}

void Lane::limit_result(command::CompleteUpdate& command) const {
  const auto limit = env_.options.max_payload_bytes;
  if (command.result.size() <= limit) return;
  command.failure = oversized_failure("the result of the update", command.result.size(), limit);
  command.result.clear();
}

void Lane::complete(store::RunCommit& commit, command::CompleteUpdate command) {
  auto change = std::ranges::find(commit.updates, command.update_id, &store::UpdateChange::update_id);
  if (change == commit.updates.end())
    change = commit.updates.insert(change, {.update_id = std::move(command.update_id), .result = {}, .failure = {}});
  change->stage = store::UpdateStage::completed;
  change->result = std::move(command.result);
  change->failure = std::move(command.failure);
}

bool Lane::leaves_updates(const LiveRun& live, const store::RunCommit& commit) {
  return live.run->has_open_updates() || std::ranges::any_of(live.inputs, [&](const PendingInput& input) {
           return std::holds_alternative<event::WorkflowUpdateAccepted>(input.event) &&
                  !contains(commit.consumed, input.inbox_id);
         });
}

void Lane::tell_updated(const Batch& batch) const {
  std::vector<Uuid> updated;
  for (const auto& commit : batch.commit.runs)
    if (!commit.updates.empty() || commit.end_updates) updated.push_back(commit.run_id);
  if (!updated.empty()) env_.on_updated(updated);
}

}  // namespace holdfast::worker
