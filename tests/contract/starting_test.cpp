#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class Starting : public StoreContract {
 protected:
  /// Ends the open run of a workflow id.
  void close(const Uuid& run_id, RunStatus status) {
    auto worker = new_worker();
    ASSERT_EQ(claim(worker).size(), 1u);
    auto commit_close = closing(run_id, 1);
    commit_close.status = status;
    commit(worker, std::move(commit_close));
  }
  NewRun again(IdReusePolicy reuse, IdConflictPolicy conflict = IdConflictPolicy::fail) {
    NewRun run = new_run();
    run.reuse = reuse;
    run.conflict = conflict;
    return run;
  }
};
HOLDFAST_ON_EVERY_STORE(Starting);

TEST_P(Starting, AStartedRunIsThereWithEverythingItWasGiven) {
  NewRun run = new_run();
  run.namespace_ = "shop";
  run.task_queue = "orders";
  run.input = R"({"text":"\u0000 \u00e9","big":9007199254740993})";
  run.memo = R"({"who":"me"})";
  run.search_attributes = R"({"customer":"c1"})";
  run.execution_timeout = 10min;
  const Timestamp before = store().now();
  start(run);
  const auto found = store().describe_run({"shop", "order-1", {}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->summary.run_id, run.run_id);
  EXPECT_EQ(found->summary.namespace_, "shop");
  EXPECT_EQ(found->summary.workflow_id, "order-1");
  EXPECT_EQ(found->summary.workflow_type, "Order");
  EXPECT_EQ(found->summary.task_queue, "orders");
  EXPECT_EQ(found->summary.status, RunStatus::running);
  EXPECT_GE(found->summary.started_at, before);
  EXPECT_EQ(found->summary.closed_at, std::nullopt);
  EXPECT_EQ(found->input, run.input) << "payloads are kept to the letter";
  EXPECT_TRUE(same_json(found->memo, run.memo));
  EXPECT_TRUE(same_json(found->search_attributes, run.search_attributes));
  EXPECT_EQ(found->result, "");
  EXPECT_FALSE(found->failure);
  EXPECT_EQ(found->owner, 0);
  EXPECT_FALSE(found->quarantined);
}

TEST_P(Starting, AnExecutionTimeoutBeginsWhenTheStartDelayEndsWhateverThePolicy) {
  auto worker = new_worker();
  for (const auto reuse : {IdReusePolicy::allow_duplicate, IdReusePolicy::allow_duplicate_failed_only}) {
    NewRun run = new_run("order-" + std::to_string(static_cast<int>(reuse)));
    run.reuse = reuse;
    run.start_delay = 2h;
    run.execution_timeout = 1h;
    start(run);
  }
  advance(2h + 1min);
  ASSERT_TRUE(renews(worker));
  const auto claimed = claim(worker);
  ASSERT_EQ(claimed.size(), 2u);
  for (const auto& run : claimed) EXPECT_GT(run.deadline.value(), store().now()) << run.workflow_id;
}

TEST_P(Starting, WithoutMemoAndAttributesBothAreEmpty) {
  const auto found = describe(start());
  EXPECT_EQ(found.memo, "");
  EXPECT_EQ(found.search_attributes, "");
}

TEST_P(Starting, AnswersComeInTheOrderOfTheRequests) {
  std::vector<NewRun> runs{new_run("a"), new_run("b"), new_run("a"), new_run("c")};
  const auto results = store().start_runs(runs);
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(results[0].status, StartStatus::started);
  EXPECT_EQ(results[1].run_id, runs[1].run_id);
  EXPECT_EQ(results[2].status, StartStatus::already_running) << "the second start of an id in one batch sees the first";
  EXPECT_EQ(results[2].run_id, runs[0].run_id);
  EXPECT_EQ(results[3].status, StartStatus::started);
}

TEST_P(Starting, NothingIsStartedByAnEmptyRequest) { EXPECT_TRUE(store().start_runs({}).empty()); }

TEST_P(Starting, RepeatingAStartIsAnsweredAsTheFirstTime) {
  const NewRun run = new_run();
  start(run);
  EXPECT_EQ(start_one(run).status, StartStatus::started);
  EXPECT_EQ(store().list_runs({}).size(), 1u);
  close(run.run_id, RunStatus::completed);
  EXPECT_EQ(start_one(run).status, StartStatus::started) << "also after the run ended";
  EXPECT_EQ(describe(run.run_id).summary.status, RunStatus::completed) << "and without starting it again";
}

TEST_P(Starting, WhileARunIsOpenTheDefaultIsToNameIt) {
  const Uuid open = start();
  const auto result = start_one(new_run());
  EXPECT_EQ(result.status, StartStatus::already_running);
  EXPECT_EQ(result.run_id, open);
  EXPECT_EQ(store().list_runs({}).size(), 1u);
}

TEST_P(Starting, UseExistingJoinsTheOpenRun) {
  const Uuid open = start();
  for (const auto reuse : {IdReusePolicy::allow_duplicate, IdReusePolicy::reject_duplicate}) {
    const auto result = start_one(again(reuse, IdConflictPolicy::use_existing));
    EXPECT_EQ(result.status, StartStatus::used_existing);
    EXPECT_EQ(result.run_id, open);
  }
}

TEST_P(Starting, UseExistingStartsARunWhenNoneIsOpen) {
  EXPECT_EQ(start_one(again(IdReusePolicy::allow_duplicate, IdConflictPolicy::use_existing)).status,
            StartStatus::started);
}

TEST_P(Starting, TerminateExistingEndsTheOpenRunAndStartsAnother) {
  for (const auto reuse : {IdReusePolicy::allow_duplicate, IdReusePolicy::allow_duplicate_failed_only}) {
    NewRun first = new_run(reuse == IdReusePolicy::allow_duplicate ? "a" : "b");
    start(first);
    NewRun second = again(reuse, IdConflictPolicy::terminate_existing);
    second.workflow_id = first.workflow_id;
    start(second);
    EXPECT_EQ(describe(first.run_id).summary.status, RunStatus::terminated);
    EXPECT_EQ(whole_history(first.run_id), "WorkflowTerminated");
    EXPECT_EQ(store().describe_run({"default", first.workflow_id, {}})->summary.run_id, second.run_id);
  }
}

TEST_P(Starting, AClosedRunDoesNotStandInTheWayByDefault) {
  close(start(), RunStatus::completed);
  const Uuid second = start();
  EXPECT_EQ(store().describe_run({"default", "order-1", {}})->summary.run_id, second);
  EXPECT_EQ(store().list_runs({}).size(), 2u);
}

TEST_P(Starting, FailedOnlyRefusesAfterSuccessAndNamesTheRun) {
  const Uuid first = start();
  close(first, RunStatus::completed);
  const auto result = start_one(again(IdReusePolicy::allow_duplicate_failed_only));
  EXPECT_EQ(result.status, StartStatus::rejected);
  EXPECT_EQ(result.run_id, first);
  EXPECT_EQ(store().list_runs({}).size(), 1u);
}

TEST_P(Starting, FailedOnlyAllowsAfterEveryOtherEnd) {
  for (const auto status : {RunStatus::failed, RunStatus::canceled, RunStatus::timed_out, RunStatus::terminated}) {
    const Uuid run_id = start(again(IdReusePolicy::allow_duplicate_failed_only));
    close(run_id, status);
  }
  EXPECT_EQ(store().list_runs({}).size(), 4u);
}

TEST_P(Starting, RejectDuplicateRefusesForEver) {
  const Uuid first = start(again(IdReusePolicy::reject_duplicate));
  EXPECT_EQ(start_one(again(IdReusePolicy::reject_duplicate)).status, StartStatus::already_running);
  close(first, RunStatus::failed);
  const auto result = start_one(again(IdReusePolicy::reject_duplicate));
  EXPECT_EQ(result.status, StartStatus::rejected);
  EXPECT_EQ(result.run_id, first);
}

TEST_P(Starting, RejectDuplicateAlsoRefusesAfterARunThatDidNotAskForIt) {
  close(start(), RunStatus::canceled);
  EXPECT_EQ(start_one(again(IdReusePolicy::reject_duplicate)).status, StartStatus::rejected);
}

TEST_P(Starting, TheSameIdInAnotherNamespaceIsAnotherWorkflow) {
  NewRun other = new_run();
  other.namespace_ = "other";
  start();
  start(other);
  EXPECT_EQ(store().describe_run({"other", "order-1", {}})->summary.run_id, other.run_id);
  EXPECT_EQ(store().list_runs({}).size(), 1u);
}

TEST_P(Starting, IdsAreComparedByteByByte) {
  start("Order");
  start("order");
  start("order ");
  start("o\u0308rder");
  start("\u00f6rder");
  EXPECT_EQ(store().list_runs({}).size(), 5u);
}

TEST_P(Starting, TheLongestIdsAreAllowed) {
  NewRun run = new_run(std::string(1000, 'x'));
  run.workflow_type = std::string(255, 't');
  run.task_queue = std::string(255, 'q');
  run.namespace_ = std::string(255, 'n');
  start(run);
  EXPECT_EQ(describe(run.run_id).summary.workflow_id, run.workflow_id);
}

TEST_P(Starting, ADelayedRunIsDueLater) {
  NewRun run = new_run();
  run.start_delay = 1h;
  run.execution_timeout = 1min;
  start(run);
  auto worker = new_worker();
  EXPECT_TRUE(claim(worker).empty());
  advance(1h + 1s);
  worker = new_worker();
  const auto claimed = claim(worker);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].run_id, run.run_id);
}

TEST_P(Starting, TheExecutionTimeoutCountsFromTheEndOfTheDelay) {
  NewRun run = new_run();
  run.start_delay = 0s;
  run.execution_timeout = 10min;
  start(run);
  NewRun delayed = new_run("order-2");
  delayed.start_delay = 1ms;
  delayed.execution_timeout = 10min;
  start(delayed);
  advance(1s);
  auto worker = new_worker();
  for (const auto& claimed : claim(worker)) {
    ASSERT_TRUE(claimed.deadline);
    const Duration delay = claimed.run_id == run.run_id ? 0ms : 1ms;
    // Time travel moves deadlines but not the time of the start.
    const Duration length = *claimed.deadline - claimed.started_at;
    EXPECT_TRUE(length == 10min + delay || length == 10min + delay - 1s) << length.count();
  }
}

TEST_P(Starting, WithoutATimeoutThereIsNoDeadline) {
  start();
  auto worker = new_worker();
  EXPECT_EQ(claim(worker).at(0).deadline, std::nullopt);
}

}  // namespace
}  // namespace holdfast::test
