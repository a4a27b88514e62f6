#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class Reading : public StoreContract {
 protected:
  std::vector<std::string> ids(const ListFilter& filter) {
    std::vector<std::string> out;
    for (const auto& run : store().list_runs(filter)) out.push_back(run.workflow_id);
    return out;
  }
};
HOLDFAST_ON_EVERY_STORE(Reading);

using Ids = std::vector<std::string>;

TEST_P(Reading, UnknownRunsAreNotFound) {
  EXPECT_FALSE(store().describe_run({"default", "nobody", {}}));
  EXPECT_FALSE(store().describe_run({"default", "", new_id()}));
  EXPECT_TRUE(store().read_history(new_id(), 1, 10).empty());
  EXPECT_TRUE(store().pending_activities(new_id()).empty());
  const std::vector<Uuid> unknown{new_id()};
  EXPECT_TRUE(store().closed_runs(unknown).empty());
  EXPECT_TRUE(store().closed_runs({}).empty());
}

TEST_P(Reading, AWorkflowIdMeansItsOpenRunOrElseItsNewest) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  EXPECT_EQ(store().describe_run({"default", "order-1", {}})->summary.run_id, first);
  commit(worker, closing(first, 2));
  EXPECT_EQ(store().describe_run({"default", "order-1", {}})->summary.run_id, first);
  const Uuid second = start();
  EXPECT_EQ(store().describe_run({"default", "order-1", {}})->summary.run_id, second);
  EXPECT_EQ(describe(first).summary.status, RunStatus::completed);
}

TEST_P(Reading, ClosedRunsComeWithResultOrFailure) {
  auto worker = new_worker();
  const Uuid good = start_owned(worker, "good");
  const Uuid bad = start_owned(worker, "bad");
  const Uuid open = start_owned(worker, "open");
  commit(worker, closing(good, 2, R"({"total":"\u0000"})"));
  auto failing = step(bad, 2, {event::WorkflowFailed{}}, NextState::closed);
  failing.status = RunStatus::failed;
  failing.failure.emplace();
  failing.failure->type = "Declined";
  failing.failure->message = "no money";
  commit(worker, std::move(failing));
  const std::vector<Uuid> asked{good, bad, open};
  const auto closed = store().closed_runs(asked);
  ASSERT_EQ(closed.size(), 2u);
  const bool good_first = closed[0].run_id == good;
  const auto& of_good = closed[good_first ? 0 : 1];
  const auto& of_bad = closed[good_first ? 1 : 0];
  EXPECT_EQ(of_good.status, RunStatus::completed);
  EXPECT_EQ(of_good.result, R"({"total":"\u0000"})");
  EXPECT_FALSE(of_good.failure);
  EXPECT_EQ(of_bad.status, RunStatus::failed);
  EXPECT_EQ(of_bad.result, "");
  ASSERT_TRUE(of_bad.failure);
  EXPECT_EQ(of_bad.failure->type, "Declined");
  EXPECT_EQ(describe(bad).failure->message, "no money");
  EXPECT_TRUE(describe(bad).summary.closed_at);
}

TEST_P(Reading, EveryEndHasItsStatus) {
  auto worker = new_worker();
  for (const auto status : {RunStatus::completed, RunStatus::failed, RunStatus::canceled, RunStatus::terminated,
                            RunStatus::continued_as_new, RunStatus::timed_out}) {
    const Uuid run_id = start_owned(worker);
    auto close = closing(run_id, 2);
    close.status = status;
    commit(worker, std::move(close));
    EXPECT_EQ(describe(run_id).summary.status, status);
    ListFilter filter;
    filter.status = status;
    EXPECT_EQ(store().list_runs(filter).size(), 1u);
  }
}

TEST_P(Reading, ListsAreNewestFirstAndPaged) {
  for (const auto* id : {"a", "b", "c", "d", "e"}) start(id);
  ListFilter filter;
  EXPECT_EQ(ids(filter), (Ids{"e", "d", "c", "b", "a"}));
  filter.limit = 2;
  const auto page = store().list_runs(filter);
  ASSERT_EQ(page.size(), 2u);
  filter.before = page[1].run_id;
  EXPECT_EQ(ids(filter), (Ids{"c", "b"}));
  filter.before = store().list_runs(filter).back().run_id;
  EXPECT_EQ(ids(filter), (Ids{"a"}));
}

TEST_P(Reading, ListsAreFilteredByEveryField) {
  NewRun mail = new_run("mail/1");
  mail.workflow_type = "Mail";
  start(mail);
  NewRun slow = new_run("order/1");
  slow.task_queue = "slow";
  start(slow);
  start("order/2");
  start("order%2");
  ListFilter filter;
  filter.workflow_type = "Mail";
  EXPECT_EQ(ids(filter), (Ids{"mail/1"}));
  filter = {};
  filter.task_queue = "slow";
  EXPECT_EQ(ids(filter), (Ids{"order/1"}));
  filter = {};
  filter.workflow_id_prefix = "order/";
  EXPECT_EQ(ids(filter), (Ids{"order/2", "order/1"}));
  filter.workflow_id_prefix = "order%";
  EXPECT_EQ(ids(filter), (Ids{"order%2"})) << "a prefix is text, not a pattern";
  filter.workflow_id_prefix = "order_";
  EXPECT_EQ(ids(filter), (Ids{}));
  filter.workflow_id_prefix = "ORDER";
  EXPECT_EQ(ids(filter), (Ids{}));
  filter.workflow_id_prefix = "";
  EXPECT_EQ(ids(filter).size(), 4u);
  filter = {};
  filter.status = RunStatus::completed;
  EXPECT_EQ(ids(filter), (Ids{}));
  filter.status = RunStatus::running;
  EXPECT_EQ(ids(filter).size(), 4u);
  filter.workflow_type = "Order";
  filter.task_queue = "default";
  EXPECT_EQ(ids(filter), (Ids{"order%2", "order/2"})) << "filters narrow each other";
}

TEST_P(Reading, ListsAreFilteredByTheTimeOfTheStart) {
  const Uuid run_id = start();
  const Timestamp at = describe(run_id).summary.started_at;
  ListFilter filter;
  filter.started_after = at;
  EXPECT_EQ(ids(filter).size(), 1u);
  filter.started_after = at + 1us;
  EXPECT_EQ(ids(filter).size(), 0u);
  filter = {};
  filter.started_before = at;
  EXPECT_EQ(ids(filter).size(), 0u);
  filter.started_before = at + 1us;
  EXPECT_EQ(ids(filter).size(), 1u);
}

TEST_P(Reading, HistoryIsReadFromAnyEventOn) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  commit(worker, step(run_id, 2, {event::TimerStarted{1, Timestamp(1s)}, event::TimerStarted{2, Timestamp(2s)}}));
  commit(worker, step(run_id, 4, {event::TimerFired{1}}));
  const auto all = store().read_history(run_id, 1, 100);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].first_event_id, 2);
  EXPECT_EQ(all[1].at, parse_rfc3339("2026-10-01T12:00:00.000001Z")) << "the time that the commit gave";
  EXPECT_EQ(decode_events(all[1].events).size(), 2u);
  EXPECT_EQ(store().read_history(run_id, 4, 100).size(), 1u);
  EXPECT_EQ(store().read_history(run_id, 2, 1).at(0).first_event_id, 2);
  EXPECT_TRUE(store().read_history(run_id, 5, 100).empty());
}

TEST_P(Reading, ADescriptionSaysWhatAnOpenRunWaitsFor) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  EXPECT_EQ(describe(run_id).owner, worker.id);
  auto park = parking(run_id, parse_rfc3339("2199-01-01T00:00:00.123456Z"));
  park.waiting_for = "timer 3";
  park.task_failure = "NondeterminismError: event 4";
  commit(worker, std::move(park));
  const auto parked = describe(run_id);
  EXPECT_EQ(parked.owner, 0);
  EXPECT_EQ(parked.ready_at, parse_rfc3339("2199-01-01T00:00:00.123456Z"));
  EXPECT_EQ(parked.waiting_for, "timer 3");
  EXPECT_EQ(parked.task_failure, "NondeterminismError: event 4");
  EXPECT_EQ(parked.task_failures, 1);
}

TEST_P(Reading, TerminatingEndsARunAtOnce) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  RunKey key;
  key.workflow_id = "order-1";
  EXPECT_EQ(store().terminate_run(key, "by hand", "me@host"), SendStatus::sent);
  EXPECT_EQ(store().terminate_run(key, "by hand", "me@host"), SendStatus::closed);
  key.workflow_id = "nobody";
  EXPECT_EQ(store().terminate_run(key, "by hand", "me@host"), SendStatus::not_found);
  const auto ended = describe(run_id);
  EXPECT_EQ(ended.summary.status, RunStatus::terminated);
  ASSERT_TRUE(ended.failure);
  EXPECT_EQ(ended.failure->kind, FailureKind::terminated);
  EXPECT_EQ(ended.failure->message, "by hand");
  EXPECT_EQ(whole_history(run_id), "WorkflowStarted WorkflowTerminated");
}

TEST_P(Reading, TerminatingRemovesTasksAndMessages) {
  auto worker = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(1, store().now()));
  send(signal_to(run_id));
  RunKey key;
  key.run_id = run_id;
  EXPECT_EQ(store().terminate_run(key, "", ""), SendStatus::sent);
  EXPECT_TRUE(store().pending_activities(run_id).empty());
  EXPECT_EQ(describe(run_id).unread_messages, 0);
  const std::vector<std::string> queues{"payments"};
  EXPECT_TRUE(store().claim_activities(worker.id, queues, 10).empty());
}

TEST_P(Reading, TimeMovesForward) {
  const Timestamp first = store().now();
  EXPECT_LE(first, store().now());
}

TEST_P(Reading, MaintenanceMayRunAtAnyTime) {
  store().maintain();
  start();
  store().maintain();
  EXPECT_EQ(store().list_runs({}).size(), 1u);
}

}  // namespace
}  // namespace holdfast::test
