#pragma once

#include <string>
#include <vector>

#include <holdfast/store/store.hpp>

namespace holdfast::client::test {

struct Ending {
  store::RunStatus status = store::RunStatus::completed;
  Payload result = {};
  std::optional<Failure> failure = {};
};

inline Event end_event(const Ending& ending) {
  if (ending.status == store::RunStatus::completed) return event::WorkflowCompleted{ending.result};
  if (ending.status == store::RunStatus::canceled) return event::WorkflowCanceled{};
  return event::WorkflowFailed{ending.failure.value_or(Failure{})};
}

/// Plays the worker that claims and ends one run.
inline void close_run(store::Store& store, const Uuid& run_id, const Ending& ending) {
  const auto run = store.describe_run({.run_id = run_id});
  const std::vector<std::string> queues{run->summary.task_queue};
  const auto worker = store.register_worker(
      {.identity = "test", .task_queues = queues, .version = "test", .lease = std::chrono::hours(1)});
  const auto lane = store.open_lane(worker);
  const auto step = lane->begin_step();
  const auto claimed = step->claim_runs({.task_queues = queues, .limit = 1000, .full_sweep = true});
  store::CommitBatch batch;
  for (const auto& mine : claimed) {
    store::RunCommit commit{.run_id = mine.run_id, .at = step->now()};
    if (mine.run_id == run_id) {
      commit.events = encode_events({event::WorkflowStarted{}, end_event(ending)});
      commit.next = store::NextState::closed;
      commit.status = ending.status;
      commit.result = ending.result;
      commit.failure = ending.failure;
    } else {
      commit.next = store::NextState::parked;
      commit.ready_at = step->now();
      commit.waiting_for = "its turn";
    }
    batch.runs.push_back(std::move(commit));
  }
  step->commit(batch);
  store.release_worker(worker);
}

}  // namespace holdfast::client::test
