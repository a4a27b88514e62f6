#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class Workers : public StoreContract {
 protected:
  /// One worker after the other claims the run and dies; how many times until it was set aside, at most `most`.
  int deaths_until_quarantine(const Uuid& run_id, int quarantine_after, int most) {
    for (int deaths = 1; deaths <= most; ++deaths) {
      auto worker = new_worker();
      EXPECT_EQ(claim(worker).size(), 1u);
      kill(worker, quarantine_after);
      if (describe(run_id).quarantined) return deaths;
    }
    return most + 1;
  }
};
HOLDFAST_ON_EVERY_STORE(Workers);

TEST_P(Workers, EachHasAnIdentityOfItsOwn) {
  const auto first = new_worker({"a", "b"});
  const auto second = new_worker({"a"});
  EXPECT_NE(first.id, second.id);
  EXPECT_GT(first.id, 0);
  const auto workers = store().list_workers();
  ASSERT_EQ(workers.size(), 2u);
  const auto& listed = workers[0].id == first.id ? workers[0] : workers[1];
  EXPECT_EQ(listed.identity, "test:1");
  EXPECT_EQ(listed.version, "v1");
  EXPECT_EQ(listed.task_queues, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(listed.alive);
  EXPECT_EQ(listed.lease_until - listed.started_at, kLease);
}

TEST_P(Workers, IdsAreNeverUsedAgain) {
  const auto first = new_worker();
  store().release_worker(first.id);
  EXPECT_GT(new_worker().id, first.id);
}

TEST_P(Workers, RenewingExtendsTheLease) {
  auto worker = new_worker();
  for (int i = 0; i < 3; ++i) {
    advance(kLease - 1s);
    ASSERT_TRUE(renews(worker));
  }
  EXPECT_EQ(store().take_over_expired(3).workers, 0);
  EXPECT_NO_THROW(worker.lane->begin_step());
}

TEST_P(Workers, RenewingNamesThoseWhoseLeaseIsLostAndExtendsTheOthers) {
  const auto lost = new_worker(), other = new_worker(), last = new_worker();
  store().release_worker(lost.id);
  advance(kLease - 1s);
  const std::vector<WorkerId> all{other.id, lost.id, last.id, 999'999};
  EXPECT_EQ(store().renew_leases(all, kLease), (std::vector<WorkerId>{lost.id, 999'999}));
  advance(kLease - 1s);
  EXPECT_NO_THROW(other.lane->begin_step());
  EXPECT_NO_THROW(last.lane->begin_step());
  EXPECT_TRUE(store().renew_leases({}, kLease).empty());
}

TEST_P(Workers, WithoutALeaseNoStepBegins) {
  auto worker = new_worker();
  advance(kLease + 1s);
  EXPECT_THROW(worker.lane->begin_step(), LeaseLost);
  store().take_over_expired(3);
  EXPECT_THROW(worker.lane->begin_step(), LeaseLost);
  EXPECT_FALSE(renews(worker));
  EXPECT_THROW(store().open_lane(999'999)->begin_step(), LeaseLost);
}

TEST_P(Workers, ALaneWorksAgainAfterAStepThatDidNotBegin) {
  auto worker = new_worker();
  advance(kLease + 1s);
  EXPECT_THROW(worker.lane->begin_step(), LeaseLost);
  ASSERT_TRUE(renews(worker)) << "nobody took over";
  EXPECT_NO_THROW(worker.lane->begin_step());
}

TEST_P(Workers, TheDeadLoseTheirRunsAndTheLivingKeepTheirs) {
  auto dead = new_worker();
  const Uuid lost = start_owned(dead, "lost");
  advance(kLease - 1s);
  auto alive = new_worker();
  const Uuid kept = start_owned(alive, "kept");
  advance(2s);
  const auto report = store().take_over_expired(3);
  EXPECT_EQ(report.workers, 1);
  EXPECT_EQ(report.runs, 1);
  EXPECT_EQ(report.activities, 0);
  EXPECT_EQ(report.quarantined, 0);
  EXPECT_EQ(describe(lost).owner, 0);
  EXPECT_EQ(describe(kept).owner, alive.id);
  const auto claimed = claim(alive);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].run_id, lost);
  EXPECT_FALSE(claimed[0].fresh);
  EXPECT_EQ(store().take_over_expired(3).workers, 0) << "once is enough";
}

TEST_P(Workers, AMessageThatADeadWorkerNeverReadIsReadByItsHeir) {
  auto dead = new_worker();
  const Uuid run_id = start_owned(dead);
  send(signal_to(run_id));
  kill(dead);
  auto heir = new_worker();
  const auto claimed = claim(heir);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_TRUE(claimed[0].rung);
  EXPECT_EQ(messages_of(heir, run_id).size(), 1u);
}

TEST_P(Workers, ReleasingGivesEverythingBackAtOnce) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  store().release_worker(worker.id);
  EXPECT_EQ(describe(run_id).owner, 0);
  EXPECT_THROW(worker.lane->begin_step(), LeaseLost);
  EXPECT_FALSE(renews(worker));
  auto other = new_worker();
  EXPECT_EQ(claim(other).size(), 1u);
  EXPECT_NO_THROW(store().release_worker(worker.id)) << "twice does no harm";
}

TEST_P(Workers, ARunThatKillsItsWorkersIsSetAside) {
  const Uuid run_id = start();
  EXPECT_EQ(deaths_until_quarantine(run_id, 3, 5), 3);
  auto worker = new_worker();
  EXPECT_TRUE(claim(worker).empty());
  const auto aside = describe(run_id);
  EXPECT_EQ(aside.summary.status, RunStatus::running);
  EXPECT_EQ(aside.owner, 0);
  EXPECT_NE(aside.waiting_for.find("quarantined"), std::string::npos) << aside.waiting_for;
}

TEST_P(Workers, ProgressBetweenDeathsStartsTheCountAnew) {
  const Uuid run_id = start();
  for (EventId next = 1; next <= 4; ++next) {
    auto worker = new_worker();
    ASSERT_EQ(claim(worker).size(), 1u);
    commit(worker, step(run_id, next, {event::TimerFired{1}}));
    kill(worker, 2);
    EXPECT_FALSE(describe(run_id).quarantined) << next;
  }
  EXPECT_EQ(deaths_until_quarantine(run_id, 2, 5), 1) << "one death without progress after the last one";
}

TEST_P(Workers, DeathsAreCountedByProcessForAWhile) {
  const std::vector<std::string> mine{"default"}, others{"others"};
  const auto register_as = [&](const std::string& identity) {
    WorkerInfo info;
    info.identity = identity;
    info.task_queues = mine;
    info.lease = kLease;
    return store().register_worker(info);
  };
  const auto crash = [&] {
    register_as("host:1/0");
    register_as("host:1/1");
    register_as("host:1/activities");
    advance(kLease + 1s);
  };
  EXPECT_EQ(store().peek({}, mine).deaths, 0);
  store().release_worker(register_as("host:2/0"));
  crash();
  const int one = store().peek({}, mine).deaths;  // or two, where a second ended between their leases
  EXPECT_TRUE(one == 1 || one == 2) << one;
  EXPECT_EQ(store().peek({}, others).deaths, 0);
  store().take_over_expired(3);
  EXPECT_EQ(store().peek({}, mine).deaths, one) << "it still counts";
  crash();  // the same process, started again
  EXPECT_GT(store().peek({}, mine).deaths, one);
  advance(2min);
  store().take_over_expired(3);
  advance(2min);
  store().take_over_expired(3);
  EXPECT_EQ(store().peek({}, mine).deaths, 0);
}

TEST_P(Workers, TheCleanEndOfAWorkerIsNoDeath) {
  const Uuid run_id = start();
  for (int i = 0; i < 5; ++i) {
    auto worker = new_worker();
    ASSERT_EQ(claim(worker).size(), 1u);
    store().release_worker(worker.id);
  }
  EXPECT_EQ(deaths_until_quarantine(run_id, 2, 5), 2);
}

TEST_P(Workers, AQuarantinedRunStillTakesMessagesAndCanBeTerminated) {
  const Uuid run_id = start();
  deaths_until_quarantine(run_id, 1, 2);
  EXPECT_EQ(send(signal_to(run_id)), SendStatus::sent);
  auto worker = new_worker();
  EXPECT_TRUE(claim(worker).empty()) << "a message does not let it out";
  RunKey key;
  key.run_id = run_id;
  EXPECT_EQ(store().terminate_run(key, "poison", "me"), SendStatus::sent);
  EXPECT_EQ(describe(run_id).summary.status, RunStatus::terminated);
}

TEST_P(Workers, OwnedThingsAreCounted) {
  auto worker = new_worker();
  start_with_task(worker, new_task(1, store().now()));
  start_owned(worker, "second");
  claim_activity(worker);
  const auto workers = store().list_workers();
  ASSERT_EQ(workers.size(), 1u);
  EXPECT_EQ(workers[0].owned_runs, 2);
  EXPECT_EQ(workers[0].owned_activities, 1);
}

TEST_P(Workers, QueuesAreDescribed) {
  auto worker = new_worker({"default", "idle"});
  start_with_task(worker, new_task(1, store().now()));
  commit(worker, parking(start_owned(worker, "parked")));
  start("ready");
  const auto queues = store().list_queues();
  const auto find = [&](const std::string& name) {
    for (const auto& queue : queues) {
      if (queue.task_queue == name) return queue;
    }
    ADD_FAILURE() << "no queue " << name;
    return QueueDescription{};
  };
  const auto runs = find("default");
  EXPECT_EQ(runs.ready_runs, 1);
  EXPECT_EQ(runs.parked_runs, 1);
  EXPECT_EQ(runs.owned_runs, 1);
  EXPECT_EQ(runs.workers, 1);
  EXPECT_TRUE(runs.oldest_ready_age);
  const auto tasks = find("payments");
  EXPECT_EQ(tasks.waiting_activities, 1);
  EXPECT_EQ(tasks.running_activities, 0);
  EXPECT_EQ(tasks.workers, 0) << "a queue that nobody serves must be visible";
  EXPECT_EQ(find("idle").workers, 1);
}

}  // namespace
}  // namespace holdfast::test
