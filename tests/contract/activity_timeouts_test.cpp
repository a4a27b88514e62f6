#include "activity_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class ActivityTimeouts : public ActivityContract {};
HOLDFAST_ON_EVERY_STORE(ActivityTimeouts);

TEST_P(ActivityTimeouts, AnAttemptThatTakesTooLongExpires) {
  auto worker = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(1, store().now()));
  const auto claimed = claim_activity(worker);
  advance_alive(worker, 29s);
  EXPECT_TRUE(store().claim_expired_activities(worker.id, 10).empty());
  advance_alive(worker, 2s);
  const auto expired = store().claim_expired_activities(worker.id, 10);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].timeout, "StartToClose");
  EXPECT_EQ(expired[0].task.key, claimed.key);
  EXPECT_EQ(expired[0].task.activity, "charge");
  EXPECT_EQ(expired[0].task.options.retry.max_attempts, 7);
  EXPECT_TRUE(store().claim_expired_activities(worker.id, 10).empty()) << "one decision is enough";
  EXPECT_EQ(finish(outcome(Kind::completed, claimed.key, worker.id)), 1) << "its result is too late";
  EXPECT_TRUE(claim_tasks(worker).empty()) << "and it waits for the decision";
  EXPECT_EQ(finish(outcome(Kind::retry, claimed.key, 0)), 0);
  EXPECT_EQ(finish(outcome(Kind::failed, claimed.key, 0)), 1) << "decided once";
  EXPECT_EQ(claim_activity(worker).key.attempt, 2);
  EXPECT_EQ(describe(run_id).unread_messages, 0);
}

TEST_P(ActivityTimeouts, ADecisionThatNobodyMadeIsOfferedAgain) {
  auto worker = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(1, store().now()));
  const auto claimed = claim_activity(worker);
  advance_alive(worker, 31s);
  ASSERT_EQ(store().claim_expired_activities(worker.id, 10).size(), 1u);
  advance_alive(worker, 1min);
  const auto again = store().claim_expired_activities(worker.id, 10);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].timeout, "StartToClose");
  EXPECT_EQ(finish(outcome(Kind::failed, claimed.key, 0)), 0);
  EXPECT_EQ(describe(run_id).unread_messages, 1);
}

TEST_P(ActivityTimeouts, SilenceExpiresAndHeartbeatsPutItOff) {
  auto worker = new_worker();
  auto task = new_task(1, store().now());
  task.options.start_to_close = 1h;
  task.options.heartbeat = 10s;
  start_with_task(worker, task);
  const auto claimed = claim_activity(worker);
  const std::vector<Heartbeat> beats{{claimed.key, "1"}};
  for (int i = 0; i < 3; ++i) {
    advance_alive(worker, 8s);
    EXPECT_TRUE(store().claim_expired_activities(worker.id, 10).empty());
    EXPECT_TRUE(store().heartbeat_activities(worker.id, beats).empty());
  }
  advance_alive(worker, 11s);
  const auto expired = store().claim_expired_activities(worker.id, 10);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].timeout, "Heartbeat");
  EXPECT_EQ(expired[0].task.heartbeat_details, "1");
  EXPECT_EQ(store().heartbeat_activities(worker.id, beats).size(), 1u);
}

TEST_P(ActivityTimeouts, HeartbeatsDoNotPutOffTheAttemptsOwnLimit) {
  auto worker = new_worker();
  auto task = new_task(1, store().now());
  task.options.start_to_close = 12s;
  task.options.heartbeat = 10s;
  start_with_task(worker, task);
  const auto claimed = claim_activity(worker);
  advance_alive(worker, 8s);
  const std::vector<Heartbeat> beats{{claimed.key, "1"}};
  store().heartbeat_activities(worker.id, beats);
  advance_alive(worker, 5s);
  const auto expired = store().claim_expired_activities(worker.id, 10);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].timeout, "StartToClose");
}

TEST_P(ActivityTimeouts, ATaskThatNobodyTakesExpires) {
  auto worker = new_worker();
  auto task = new_task(1, store().now());
  task.options.schedule_to_start = 1min;
  const Uuid run_id = start_with_task(worker, task);
  advance_alive(worker, 61s);
  const auto expired = store().claim_expired_activities(worker.id, 10);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].timeout, "ScheduleToStart");
  EXPECT_EQ(expired[0].task.key, (ActivityKey{run_id, 1, 0}));
  EXPECT_EQ(finish(outcome(Kind::failed, expired[0].task.key, 0)), 0);
  EXPECT_EQ(describe(run_id).unread_messages, 1);
}

TEST_P(ActivityTimeouts, ADelayIsNotTimeInTheQueue) {
  auto worker = new_worker();
  auto task = new_task(1, store().now());
  task.options.schedule_to_start = 1min;
  task.delay = 5min;
  start_with_task(worker, task);
  advance_alive(worker, 5min + 30s);
  EXPECT_TRUE(store().claim_expired_activities(worker.id, 10).empty());
  EXPECT_EQ(claim_activity(worker).key.attempt, 1);
}

TEST_P(ActivityTimeouts, AllAttemptsTogetherExpireWaitingOrRunning) {
  auto worker = new_worker();
  for (const bool running : {false, true}) {
    auto task = new_task(1, store().now());
    task.options.start_to_close.reset();
    task.options.schedule_to_close = 1min;
    if (!running) task.delay = 1h;
    const Uuid run_id = start_with_task(worker, task);
    if (running) claim_activity(worker);
    advance_alive(worker, 61s);
    const auto expired = store().claim_expired_activities(worker.id, 10);
    ASSERT_EQ(expired.size(), 1u);
    EXPECT_EQ(expired[0].timeout, "ScheduleToClose");
    EXPECT_EQ(expired[0].task.key.run_id, run_id);
    EXPECT_EQ(finish(outcome(Kind::failed, expired[0].task.key, 0)), 0);
  }
}

TEST_P(ActivityTimeouts, ADeadWorkersTasksAreOfferedForADecision) {
  auto owner = new_worker();
  const Uuid run_id = start_with_task(owner, new_task(1, store().now()));
  auto dead = new_worker();
  const auto claimed = claim_activity(dead);
  advance(kLease + 1s);
  const auto report = store().take_over_expired(100);
  EXPECT_EQ(report.activities, 1);
  auto worker = new_worker();
  EXPECT_TRUE(claim_tasks(worker).empty()) << "the retry policy is asked first";
  const auto expired = store().claim_expired_activities(worker.id, 10);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].timeout, "WorkerLost");
  EXPECT_EQ(expired[0].task.key, (ActivityKey{run_id, 1, 1}));
  EXPECT_EQ(finish(outcome(Kind::completed, claimed.key, dead.id)), 1) << "the dead say nothing any more";
  EXPECT_EQ(finish(outcome(Kind::retry, claimed.key, 0)), 0);
  EXPECT_EQ(claim_activity(worker).key.attempt, 2);
}

TEST_P(ActivityTimeouts, AReleasedWorkersTasksAreOfferedForADecision) {
  auto owner = new_worker();
  start_with_task(owner, new_task(1, store().now()));
  auto leaving = new_worker();
  claim_activity(leaving);
  store().release_worker(leaving.id);
  EXPECT_TRUE(claim_tasks(owner).empty());
  const auto expired = store().claim_expired_activities(owner.id, 10);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].timeout, "WorkerLost");
}

TEST_P(ActivityTimeouts, ExpiredTasksAreHandedOutInPortions) {
  auto worker = new_worker();
  for (int i = 0; i < 3; ++i) start_with_task(worker, new_task(1, store().now()));
  EXPECT_EQ(claim_tasks(worker).size(), 3u);
  advance_alive(worker, 31s);
  EXPECT_EQ(store().claim_expired_activities(worker.id, 2).size(), 2u);
  EXPECT_EQ(store().claim_expired_activities(worker.id, 2).size(), 1u);
  EXPECT_EQ(store().claim_expired_activities(worker.id, 2).size(), 0u);
}

}  // namespace
}  // namespace holdfast::test
