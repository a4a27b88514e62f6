#include <algorithm>

#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class Claims : public StoreContract {
 protected:
  std::vector<std::string> claimed_ids(Worker& worker, int limit = 100) {
    std::vector<std::string> out;
    for (const auto& run : claim(worker, limit)) out.push_back(run.workflow_id);
    return out;
  }
};
HOLDFAST_ON_EVERY_STORE(Claims);

using Ids = std::vector<std::string>;

TEST_P(Claims, AClaimedRunComesWithAllThatItsCodeNeeds) {
  NewRun run = new_run();
  run.namespace_ = "shop";
  run.input = R"({"text":"\u0000"})";
  run.execution_timeout = 1h;
  start(run);
  auto worker = new_worker();
  const auto claimed = claim(worker);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].run_id, run.run_id);
  EXPECT_EQ(claimed[0].namespace_, "shop");
  EXPECT_EQ(claimed[0].workflow_id, "order-1");
  EXPECT_EQ(claimed[0].workflow_type, "Order");
  EXPECT_EQ(claimed[0].task_queue, "default");
  EXPECT_EQ(claimed[0].input, run.input);
  EXPECT_EQ(claimed[0].started_at, describe(run.run_id).summary.started_at);
  EXPECT_TRUE(claimed[0].fresh);
  EXPECT_FALSE(claimed[0].rung);
  EXPECT_EQ(claimed[0].claims, 1);
  EXPECT_EQ(claimed[0].task_failures, 0);
  EXPECT_EQ(claimed[0].deadline, claimed[0].started_at + 1h);
  EXPECT_EQ(describe(run.run_id).owner, worker.id);
  EXPECT_EQ(describe(run.run_id).ready_at, std::nullopt);
}

TEST_P(Claims, NoQueueWaitsForAnotherOneToBeEmpty) {
  auto worker = new_worker({"a", "b"});
  const auto start_in = [&](const std::string& queue, int n) {
    NewRun run = new_run(queue + std::to_string(n));
    run.task_queue = queue;
    start(run);
  };
  for (int i = 0; i < 3; ++i) start_in("a", i);
  start_in("b", 0);
  for (int i = 3; i < 8; ++i) start_in("a", i);
  Ids first;
  for (int i = 0; i < 4; ++i) first.push_back(claim(worker, 1, {"a", "b"}).at(0).workflow_id);
  EXPECT_NE(std::ranges::find(first, "b0"), first.end()) << "it is older than most of the other queue";
}

TEST_P(Claims, AFreshRunWithAMessageIsRung) {
  send(signal_to(start()));
  auto worker = new_worker();
  const auto claimed = claim(worker);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_TRUE(claimed[0].fresh);
  EXPECT_TRUE(claimed[0].rung);
}

TEST_P(Claims, NobodyClaimsWhatAnotherOwns) {
  start();
  auto first = new_worker();
  auto second = new_worker();
  EXPECT_EQ(claim(first).size(), 1u);
  EXPECT_TRUE(claim(second).empty());
  EXPECT_TRUE(claim(first).empty()) << "and nobody claims twice";
}

TEST_P(Claims, TwoOpenStepsNeverGetTheSameRun) {
  start("a");
  start("b");
  auto first = new_worker();
  auto second = new_worker();
  const std::vector<std::string> queues{"default"};
  auto step_1 = first.lane->begin_step();
  auto step_2 = second.lane->begin_step();
  const auto of_1 = step_1->claim_runs({.task_queues = queues, .limit = 1, .full_sweep = true});
  const auto of_2 = step_2->claim_runs({.task_queues = queues, .limit = 10, .full_sweep = true});
  ASSERT_EQ(of_1.size(), 1u);
  ASSERT_EQ(of_2.size(), 1u);
  EXPECT_NE(of_1[0].run_id, of_2[0].run_id);
  step_1->commit({});
  step_2->commit({});
}

TEST_P(Claims, ARolledBackClaimNeverHappened) {
  const Uuid run_id = start();
  auto worker = new_worker();
  const std::vector<std::string> queues{"default"};
  {
    auto step_transaction = worker.lane->begin_step();
    EXPECT_EQ(step_transaction->claim_runs({.task_queues = queues, .limit = 1, .full_sweep = true}).size(), 1u);
  }
  EXPECT_EQ(describe(run_id).owner, 0);
  auto other = new_worker();
  const auto claimed = claim(other);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_TRUE(claimed[0].fresh);
  EXPECT_EQ(claimed[0].claims, 1);
}

TEST_P(Claims, BetterPrioritiesComeFirstThenTheLongestWaiting) {
  const std::vector<std::pair<std::string, int>> starts{{"p5", 5}, {"p3", 3}, {"p1-old", 1}, {"p1-new", 1}, {"p2", 2}};
  for (const auto& [id, priority] : starts) {
    NewRun run = new_run(id);
    run.priority = priority;
    start(run);
    advance(1ms);
  }
  auto worker = new_worker();
  EXPECT_EQ(claimed_ids(worker, 3), (Ids{"p1-old", "p1-new", "p2"}));
  EXPECT_EQ(claimed_ids(worker), (Ids{"p3", "p5"}));
}

TEST_P(Claims, OnlyRunsOfTheNamedQueuesAreTaken) {
  NewRun run = new_run();
  run.task_queue = "slow";
  start(run);
  auto worker = new_worker();
  EXPECT_TRUE(claim(worker).empty());
  EXPECT_TRUE(claim(worker, 10, {}).empty());
  EXPECT_TRUE(claim(worker, 0, {"slow"}).empty());
  EXPECT_EQ(claim(worker, 10, {"other", "slow"}).size(), 1u);
}

TEST_P(Claims, AParkedRunIsDueAtItsTime) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  commit(worker, parking(run_id, store().now() + 3s));
  EXPECT_TRUE(claim(worker).empty());
  advance(4s);
  const auto claimed = claim(worker);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_FALSE(claimed[0].fresh);
  EXPECT_FALSE(claimed[0].rung);
  EXPECT_EQ(claimed[0].claims, 2) << "a cached copy is current if this grew by one";
}

TEST_P(Claims, ARunThatIsDueInThePastIsDueNow) {
  auto worker = new_worker();
  commit(worker, parking(start_owned(worker), store().now() - 24h));
  EXPECT_EQ(claim(worker).size(), 1u);
}

TEST_P(Claims, FailedWorkflowTasksAreCountedUntilOneSucceeds) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  for (int failures = 1; failures <= 2; ++failures) {
    auto park = parking(run_id, store().now());
    park.task_failure = "boom " + std::to_string(failures);
    commit(worker, std::move(park));
    EXPECT_EQ(describe(run_id).task_failures, failures);
    EXPECT_EQ(describe(run_id).task_failure, "boom " + std::to_string(failures));
    EXPECT_EQ(claim(worker).at(0).task_failures, failures);
  }
  commit(worker, parking(run_id));
  EXPECT_EQ(describe(run_id).task_failures, 0);
  EXPECT_EQ(describe(run_id).task_failure, "");
}

TEST_P(Claims, LoadingRebuildsARunFromItsHistoryTasksAndMessages) {
  auto worker = new_worker();
  auto task = new_task(1, store().now());
  task.attempt = 2;
  task.delay = 1h;
  task.last_failure.emplace();
  task.last_failure->message = "busy";
  const Uuid run_id = start_with_task(worker, task);
  send(signal_to(run_id));
  auto other = new_worker();
  const Uuid foreign = start_owned(other, "foreign");
  auto step_transaction = worker.lane->begin_step();
  const std::vector<Uuid> ids{foreign, run_id, new_id()};
  const auto states = step_transaction->load_runs(ids);
  ASSERT_EQ(states.size(), 1u) << "only what this worker owns";
  EXPECT_EQ(states[0].run_id, run_id);
  ASSERT_EQ(states[0].history.size(), 2u);
  EXPECT_EQ(states[0].history[1].first_event_id, 2);
  ASSERT_EQ(states[0].tasks.size(), 1u);
  EXPECT_EQ(states[0].tasks[0].seq, 1);
  EXPECT_EQ(states[0].tasks[0].attempt, 2);
  EXPECT_EQ(states[0].tasks[0].owner, 0);
  EXPECT_FALSE(states[0].tasks[0].transactional);
  EXPECT_GT(states[0].tasks[0].ready_at, step_transaction->now() + 59min);
  EXPECT_EQ(states[0].tasks[0].scheduled_at, task.scheduled_at);
  EXPECT_EQ(states[0].tasks[0].last_failure->message, "busy");
  EXPECT_EQ(states[0].messages.size(), 1u);
}

TEST_P(Claims, ARunIsLoadedInTheStepThatClaimsIt) {
  const Uuid run_id = start();
  send(signal_to(run_id));
  auto worker = new_worker();
  const std::vector<std::string> queues{"default"};
  auto step_transaction = worker.lane->begin_step();
  EXPECT_EQ(step_transaction->claim_runs({.task_queues = queues, .limit = 1, .full_sweep = true}).size(), 1u);
  const auto states = step_transaction->load_runs({&run_id, 1});
  ASSERT_EQ(states.size(), 1u);
  EXPECT_TRUE(states[0].history.empty());
  EXPECT_EQ(states[0].messages.size(), 1u);
}

TEST_P(Claims, AClosedRunIsGoneFromTheLanesView) {
  auto worker = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(1, store().now()));
  commit(worker, closing(run_id, 3));
  EXPECT_TRUE(claim(worker).empty());
  auto step_transaction = worker.lane->begin_step();
  EXPECT_TRUE(step_transaction->load_runs({&run_id, 1}).empty());
  EXPECT_TRUE(store().pending_activities(run_id).empty()) << "its tasks went with it";
  EXPECT_EQ(send(signal_to(run_id)), SendStatus::closed);
}

TEST_P(Claims, PeekSeesWhatIsThereToDo) {
  auto worker = new_worker();
  const std::vector<WorkerId> me{worker.id};
  const std::vector<std::string> queues{"default", "payments"};
  const std::vector<std::string> other_queues{"slow"};
  Readiness seen = store().peek(me, queues);
  EXPECT_FALSE(seen.runs || seen.activities || seen.expired_activities || seen.expired_workers);
  EXPECT_TRUE(seen.rung.empty());

  const Uuid run_id = start();
  EXPECT_TRUE(store().peek(me, queues).runs);
  EXPECT_FALSE(store().peek(me, other_queues).runs);
  claim(worker);
  EXPECT_FALSE(store().peek(me, queues).runs);
  send(signal_to(run_id));
  EXPECT_EQ(store().peek(me, queues).rung, me);
  EXPECT_TRUE(store().peek({}, queues).rung.empty());
  collect(worker);

  start_with_task(worker, new_task(1, store().now()));
  EXPECT_TRUE(store().peek(me, queues).activities);
  EXPECT_FALSE(store().peek(me, other_queues).activities);
  claim_activity(worker);
  EXPECT_FALSE(store().peek(me, queues).activities);
  EXPECT_FALSE(store().peek(me, queues).expired_activities);
  advance(31s);
  EXPECT_TRUE(store().peek(me, queues).expired_activities);
  EXPECT_TRUE(store().peek(me, queues).expired_workers);
}

}  // namespace
}  // namespace holdfast::test
