#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include <holdfast/store/validate.hpp>
#include <holdfast/worker/failures.hpp>
#include <holdfast/worker/lane.hpp>

// Child workflows: their start within the step that asks for it, and what a run's end says to its parent.
namespace holdfast::worker {
namespace {

// A workflow that awaits the start of each of many children gets this many statements in one transaction.
constexpr int kMaxRounds = 20;

Failure start_failure(std::string type, std::string message) {
  Failure failure;
  failure.type = std::move(type);
  failure.message = std::move(message);
  failure.non_retryable = true;
  return failure;
}

std::optional<Failure> failure_of(const store::NewRun& run, const store::StartResult& result) {
  using enum store::StartStatus;
  if (result.status == started || result.status == used_existing) return std::nullopt;
  const auto what = result.status == already_running ? "is already running as run " : "may not run again after run ";
  return start_failure("ChildWorkflowAlreadyStarted",
                       fmt::format("workflow {} {}{}", run.workflow_id, what, result.run_id.to_string()));
}

Event outcome_of(CommandSeq seq, const std::optional<Failure>& failure) {
  if (failure) return event::ChildWorkflowStartFailed{seq, *failure};
  return event::ChildWorkflowStarted{seq};
}

}  // namespace

store::NewChild Lane::new_child(const LiveRun& parent, const command::StartChild& command) {
  store::NewChild child;
  child.run.run_id = command.run_id;
  child.run.namespace_ = parent.info.namespace_;
  child.run.workflow_id = command.workflow_id;
  child.run.workflow_type = command.workflow_type;
  child.run.task_queue = command.task_queue;
  child.run.input = command.input;
  child.run.memo = command.memo;
  child.run.search_attributes = command.search_attributes;
  child.run.priority = parent.info.priority;
  child.run.execution_timeout = command.execution_timeout;
  child.run.reuse = command.reuse;
  child.parent_run_id = parent.info.run_id;
  child.parent_seq = command.seq;
  child.parent_close_policy = command.parent_close_policy;
  return child;
}

/// Why each was not started; nothing for those that were. One statement.
std::vector<std::optional<Failure>> Lane::start_now(Batch& batch, const std::vector<StartingChild>& starting,
                                                    store::StepTransaction& transaction) {
  std::vector<std::optional<Failure>> failures(starting.size());
  std::vector<store::NewChild> children;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < starting.size(); ++i) {
    auto child = new_child(*starting[i].live, starting[i].command);
    try {
      store::validate(std::span<const store::NewChild>(&child, 1));
    } catch (const store::InvalidArgument& e) {
      failures[i] = start_failure("InvalidArgument", e.what());
      continue;
    }
    children.push_back(std::move(child));
    places.push_back(i);
  }
  const auto results = transaction.start_children(children);
  for (std::size_t i = 0; i < children.size(); ++i) {
    failures[places[i]] = failure_of(children[i].run, results.at(i));
    if (!failures[places[i]]) batch.ready_queues.insert(children[i].run.task_queue);
  }
  return failures;
}

void Lane::start_children(Batch& batch, store::StepTransaction& transaction) {
  std::unordered_map<const LiveRun*, store::RunCommit*> commits;
  const auto unknown = batch.commit.runs.size() - batch.runs.size();
  for (std::size_t i = 0; i < batch.runs.size(); ++i) commits[batch.runs[i]] = &batch.commit.runs[i + unknown];

  for (int round = 1; !batch.children.empty(); ++round) {
    const auto starting = std::exchange(batch.children, {});
    const auto failures = start_now(batch, starting, transaction);
    for (std::size_t i = 0; i < starting.size(); ++i) {
      auto& live = *starting[i].live;
      const auto outcome = outcome_of(starting[i].command.seq, failures[i]);
      if (round == kMaxRounds)
        live.next_inputs.push_back({outcome});
      else if (!batch.has_failed(live.info.run_id))
        feed_start(batch, live, *commits.at(&live), transaction, outcome);
    }
  }
  for (auto* live : std::exchange(batch.undecided, {}))
    if (!batch.has_failed(live->info.run_id)) decide_next(batch, *live, *commits.at(live));
}

void Lane::feed_start(Batch& batch, LiveRun& live, store::RunCommit& commit, store::StepTransaction& transaction,
                      const Event& outcome) {
  if (live.run->closed() || !live.run->is_open(outcome_seq(outcome))) return;
  transactional_.clear();
  immediate_.clear();
  try {
    feed(batch, live, commit, outcome);
    run_transactional(batch, live, commit, transaction);
  } catch (const TaskFailed& failed) {
    fail_task(batch, live, commit, failed.message);
  }
}

void Lane::end_family(const LiveRun& live, store::RunCommit& commit) {
  commit.has_children = !live.run || live.run->has_dependent_children();
  if (live.info.parent_run_id.is_nil() || commit.successor) return;
  auto& notice = commit.notice.emplace();
  notice.run_id = live.info.parent_run_id;
  notice.seq = live.info.parent_seq;
  if (commit.status == store::RunStatus::completed) {
    notice.kind = store::MessageKind::child_completed;
    notice.payload = commit.result;
    return;
  }
  notice.kind = store::MessageKind::child_failed;
  notice.payload = encode_failure(commit.failure ? *commit.failure : canceled_failure());
}

void Lane::wake_families(const Batch& batch) {
  auto queues = batch.ready_queues;
  bool to_parents = false;
  for (const auto& commit : batch.commit.runs) {
    to_parents = to_parents || commit.notice || !commit.cancel_runs.empty() || commit.has_children;
    if (commit.successor) queues.insert(commit.successor->task_queue);
  }
  if (to_parents) queues.insert("*");  // whose queue it is, only its row knows
  if (queues.empty()) return;
  claims_wanted_ = true;
  messages_wanted_ = messages_wanted_ || to_parents;
  env_.on_ready(queues);
}

}  // namespace holdfast::worker
