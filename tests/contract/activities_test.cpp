#include <algorithm>

#include "activity_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class Activities : public ActivityContract {};
HOLDFAST_ON_EVERY_STORE(Activities);

TEST_P(Activities, AClaimedTaskComesWithAllThatItsCodeNeeds) {
  auto worker = new_worker();
  auto task = new_task(4, store().now());
  task.options.heartbeat = 7s;
  task.options.schedule_to_close = 1h;
  task.options.schedule_to_start = 10min;
  task.options.retry = {.initial_interval = 2s,
                        .backoff_coefficient = 1.5,
                        .maximum_interval = 1min,
                        .max_attempts = 7,
                        .non_retryable_types = {"Declined", "\u00e9"}};
  const Uuid run_id = start_with_task(worker, task);
  const Timestamp before = store().now();
  const auto claimed = claim_activity(worker);
  EXPECT_EQ(claimed.key, (ActivityKey{run_id, 4, 1}));
  EXPECT_EQ(claimed.namespace_, "default");
  EXPECT_EQ(claimed.workflow_id, describe(run_id).summary.workflow_id);
  EXPECT_EQ(claimed.activity, "charge");
  EXPECT_EQ(claimed.task_queue, "payments");
  EXPECT_EQ(claimed.input, task.input);
  EXPECT_EQ(claimed.scheduled_at, task.scheduled_at);
  EXPECT_GE(claimed.started_at, before);
  EXPECT_EQ(claimed.heartbeat_details, "");
  EXPECT_FALSE(claimed.cancel_requested);
  EXPECT_EQ(claimed.options.start_to_close, 30s);
  EXPECT_EQ(claimed.options.heartbeat, 7s);
  EXPECT_EQ(claimed.options.schedule_to_close, 1h);
  EXPECT_EQ(claimed.options.schedule_to_start, 10min);
  EXPECT_EQ(claimed.options.retry.initial_interval, 2s);
  EXPECT_EQ(claimed.options.retry.backoff_coefficient, 1.5);
  EXPECT_EQ(claimed.options.retry.maximum_interval, 1min);
  EXPECT_EQ(claimed.options.retry.max_attempts, 7);
  EXPECT_EQ(claimed.options.retry.non_retryable_types, task.options.retry.non_retryable_types);
}

TEST_P(Activities, OptionsThatAreNotSetStayUnset) {
  auto worker = new_worker();
  start_with_task(worker, new_task(1, store().now()));
  const auto options = claim_activity(worker).options;
  EXPECT_FALSE(options.schedule_to_close || options.schedule_to_start || options.heartbeat);
  EXPECT_FALSE(options.retry.maximum_interval);
  EXPECT_TRUE(options.retry.non_retryable_types.empty());
}

TEST_P(Activities, AWorkerCanAskWhatItHasClaimed) {
  auto worker = new_worker(), other = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(1, store().now()));
  EXPECT_TRUE(store().owned_activities(worker.id).empty());
  const auto claimed = claim_activity(worker);
  const auto owned = store().owned_activities(worker.id);
  ASSERT_EQ(owned.size(), 1u);
  EXPECT_EQ(owned[0].key, (ActivityKey{run_id, 1, 1}));
  EXPECT_EQ(owned[0].input, claimed.input);
  EXPECT_EQ(owned[0].started_at, claimed.started_at);
  EXPECT_TRUE(store().owned_activities(other.id).empty());
  EXPECT_TRUE(store().owned_activities(0).empty());
}

TEST_P(Activities, ATaskIsClaimedOnceAndOnlyFromItsQueue) {
  auto worker = new_worker();
  auto other = new_worker();
  start_with_task(worker, new_task(1, store().now()));
  const std::vector<std::string> wrong{"default"};
  EXPECT_TRUE(store().claim_activities(other.id, wrong, 10).empty());
  EXPECT_TRUE(store().claim_activities(other.id, {}, 10).empty());
  EXPECT_TRUE(claim_tasks(other, 0).empty());
  EXPECT_EQ(claim_tasks(other).size(), 1u);
  EXPECT_TRUE(claim_tasks(worker).empty());
}

TEST_P(Activities, TheLongestWaitingTaskIsClaimedFirst) {
  auto worker = new_worker();
  std::vector<Uuid> runs;
  for (int i = 0; i < 3; ++i) {
    runs.push_back(start_with_task(worker, new_task(1, store().now())));
    advance(1ms);
  }
  const auto claimed = claim_tasks(worker, 2);
  ASSERT_EQ(claimed.size(), 2u);
  EXPECT_EQ(claimed[0].key.run_id, runs[0]);
  EXPECT_EQ(claimed[1].key.run_id, runs[1]);
}

TEST_P(Activities, AWorkerWithoutALeaseGetsNone) {
  auto worker = new_worker();
  start_with_task(worker, new_task(1, store().now()));
  advance(kLease + 1s);
  EXPECT_THROW(claim_tasks(worker), LeaseLost);
  EXPECT_THROW(store().claim_expired_activities(worker.id, 10), LeaseLost);
  auto other = new_worker();
  EXPECT_EQ(claim_tasks(other).size(), 1u);
}

TEST_P(Activities, ACompletedTaskPutsItsResultIntoTheInbox) {
  auto worker = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(4, store().now()));
  const auto claimed = claim_activity(worker);
  EXPECT_EQ(finish(outcome(Kind::completed, claimed.key, worker.id)), 0);
  EXPECT_TRUE(store().pending_activities(run_id).empty());
  const auto messages = collect(worker);
  ASSERT_EQ(messages.size(), 1u) << "the run's owner must be rung";
  ASSERT_EQ(messages[0].messages.size(), 1u);
  EXPECT_EQ(messages[0].messages[0].kind, MessageKind::activity_completed);
  EXPECT_EQ(messages[0].messages[0].seq, 4);
  EXPECT_EQ(messages[0].messages[0].attempt, 1);
  EXPECT_EQ(messages[0].messages[0].payload, R"({"ok":"\u0000"})");
}

TEST_P(Activities, AFailedTaskPutsItsFailureIntoTheInbox) {
  auto worker = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(4, store().now()));
  const auto claimed = claim_activity(worker);
  EXPECT_EQ(finish(outcome(Kind::failed, claimed.key, worker.id)), 0);
  const auto messages = messages_of(worker, run_id);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].kind, MessageKind::activity_failed);
  EXPECT_EQ(messages[0].seq, 4);
  const auto failed = decode_activity_failure(messages[0].payload);
  EXPECT_EQ(failed.failure.type, "Declined");
  EXPECT_EQ(failed.failure.message, "no money");
  EXPECT_EQ(failed.retry_state, RetryState::maximum_attempts_reached);
}

TEST_P(Activities, AnOutcomeWakesAParkedRun) {
  auto worker = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(1, store().now()));
  commit(worker, parking(run_id));
  const auto claimed = claim_activity(worker);
  EXPECT_TRUE(claim(worker).empty());
  finish(outcome(Kind::completed, claimed.key, worker.id));
  const auto runs = claim(worker);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_TRUE(runs[0].rung);
}

TEST_P(Activities, ARetryIsDueAfterItsDelay) {
  auto worker = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(1, store().now()));
  auto retry = outcome(Kind::retry, claim_activity(worker).key, worker.id);
  retry.retry_delay = 1min;
  EXPECT_EQ(finish(retry), 0);
  EXPECT_TRUE(claim_tasks(worker).empty());
  const auto pending = store().pending_activities(run_id);
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].attempt, 1);
  EXPECT_EQ(pending[0].owner, 0);
  ASSERT_TRUE(pending[0].next_attempt_at);
  EXPECT_GT(*pending[0].next_attempt_at, store().now() + 58s);
  ASSERT_TRUE(pending[0].last_failure);
  EXPECT_EQ(pending[0].last_failure->message, "no money");
  EXPECT_EQ(describe(run_id).unread_messages, 0);
  advance_alive(worker, 61s);
  EXPECT_EQ(claim_activity(worker).key.attempt, 2);
}

TEST_P(Activities, OutcomesOfOtherAttemptsAreDropped) {
  auto worker = new_worker();
  auto other = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(1, store().now()));
  const auto first = claim_activity(worker);
  EXPECT_EQ(finish(outcome(Kind::completed, first.key, other.id)), 1) << "not this worker's";
  EXPECT_EQ(finish(outcome(Kind::completed, {run_id, 1, 2}, worker.id)), 1) << "not this attempt";
  EXPECT_EQ(finish(outcome(Kind::completed, {run_id, 2, 1}, worker.id)), 1) << "no such task";
  EXPECT_EQ(finish(outcome(Kind::completed, {new_id(), 1, 1}, worker.id)), 1) << "no such run";
  EXPECT_EQ(finish(outcome(Kind::completed, first.key, 0)), 1) << "nobody decided that it expired";
  EXPECT_EQ(finish(outcome(Kind::retry, first.key, worker.id)), 0);
  EXPECT_EQ(finish(outcome(Kind::completed, first.key, worker.id)), 1) << "the attempt is over";
  const auto second = claim_activity(worker);
  EXPECT_EQ(finish(outcome(Kind::completed, first.key, worker.id)), 1) << "and this one is another";
  EXPECT_EQ(finish(outcome(Kind::completed, second.key, worker.id)), 0);
  EXPECT_EQ(finish(outcome(Kind::completed, second.key, worker.id)), 1) << "a result is taken once";
  EXPECT_EQ(messages_of(worker, run_id).size(), 1u);
}

TEST_P(Activities, NoQueueWaitsForAnotherOneToBeEmpty) {
  auto worker = new_worker();
  const std::vector<std::string> queues{"payments", "letters"};
  for (int i = 0; i < 8; ++i) {
    auto task = new_task(1, store().now());
    if (i == 3) task.task_queue = "letters";
    start_with_task(worker, task);
  }
  std::vector<std::string> first;
  for (int i = 0; i < 4; ++i) first.push_back(store().claim_activities(worker.id, queues, 1).at(0).task_queue);
  EXPECT_NE(std::ranges::find(first, "letters"), first.end());
}

TEST_P(Activities, ManyOutcomesGoTogetherAndBadOnesDoNotHurtTheOthers) {
  auto worker = new_worker();
  std::vector<ActivityOutcome> outcomes;
  std::vector<Uuid> runs;
  for (int i = 0; i < 4; ++i) runs.push_back(start_with_task(worker, new_task(1, store().now())));
  for (const auto& task : claim_tasks(worker)) outcomes.push_back(outcome(Kind::completed, task.key, worker.id));
  ASSERT_EQ(outcomes.size(), 4u);
  outcomes[1].kind = Kind::failed;
  outcomes[2].kind = Kind::retry;
  outcomes[3].key.attempt = 9;
  EXPECT_EQ(store().finish_activities(outcomes).dropped, 1);
  EXPECT_EQ(store().finish_activities({}).dropped, 0);
  int unread = 0;
  for (const auto& run_id : runs) unread += describe(run_id).unread_messages;
  EXPECT_EQ(unread, 2);
}

TEST_P(Activities, OutcomesOfClosedRunsAreDropped) {
  auto worker = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(1, store().now()));
  const auto claimed = claim_activity(worker);
  commit(worker, closing(run_id, 3));
  EXPECT_EQ(finish(outcome(Kind::completed, claimed.key, worker.id)), 1);
}

TEST_P(Activities, ATaskThatStartedHereIsRecordedAsRunning) {
  auto worker = new_worker();
  auto task = new_task(1, store().now());
  task.started_here = true;
  task.options.retry.max_attempts = 1;
  const Uuid run_id = start_with_task(worker, task);
  EXPECT_TRUE(claim_tasks(worker).empty());
  const auto pending = store().pending_activities(run_id);
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].attempt, 1);
  EXPECT_EQ(pending[0].max_attempts, 1);
  EXPECT_EQ(pending[0].owner, worker.id);
  EXPECT_EQ(pending[0].next_attempt_at, std::nullopt);
  EXPECT_EQ(finish(outcome(Kind::completed, {run_id, 1, 1}, worker.id)), 0);
  EXPECT_EQ(messages_of(worker, run_id).size(), 1u);
}

TEST_P(Activities, TheRunsOwnerEndsATaskInItsCommit) {
  auto worker = new_worker();
  auto task = new_task(1, store().now());
  task.started_here = true;
  const Uuid run_id = start_with_task(worker, task);
  auto done = step(run_id, 3, {event::ActivityCompleted{1, "1"}});
  done.ended_tasks = {1, 77};
  commit(worker, std::move(done));
  EXPECT_TRUE(store().pending_activities(run_id).empty());
  EXPECT_EQ(finish(outcome(Kind::completed, {run_id, 1, 1}, worker.id)), 1);
}

TEST_P(Activities, ANewTaskReplacesTheOneOfTheSameNumber) {
  auto worker = new_worker();
  auto task = new_task(1, store().now());
  task.started_here = true;
  const Uuid run_id = start_with_task(worker, task);
  RunCommit again;
  again.run_id = run_id;
  task.started_here = false;
  task.attempt = 1;
  task.delay = 1min;
  task.last_failure = busy();
  again.new_tasks.push_back(task);
  commit(worker, std::move(again));
  const auto pending = store().pending_activities(run_id);
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].attempt, 1);
  EXPECT_EQ(pending[0].owner, 0);
  EXPECT_EQ(pending[0].last_failure->message, "busy");
  advance_alive(worker, 61s);
  EXPECT_EQ(claim_activity(worker).key.attempt, 2);
}

TEST_P(Activities, ATransactionalTaskIsOnlyForTheRunsOwner) {
  auto worker = new_worker();
  auto task = new_task(1, store().now());
  task.task_queue.clear();
  task.transactional = true;
  task.attempt = 3;
  task.options = {};
  const Uuid run_id = start_with_task(worker, task);
  EXPECT_TRUE(claim_tasks(worker).empty());
  const std::vector<std::string> queues{"", "default"};
  EXPECT_TRUE(store().claim_activities(worker.id, queues, 10).empty());
  auto step_transaction = worker.lane->begin_step();
  const auto states = step_transaction->load_runs({&run_id, 1});
  ASSERT_EQ(states.at(0).tasks.size(), 1u);
  EXPECT_TRUE(states[0].tasks[0].transactional);
  EXPECT_EQ(states[0].tasks[0].attempt, 3);
}

TEST_P(Activities, CancellationIsToldAtTheNextHeartbeat) {
  auto worker = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(1, store().now()));
  const auto claimed = claim_activity(worker);
  const std::vector<Heartbeat> beats{{claimed.key, R"({"page":1})"}};
  EXPECT_TRUE(store().heartbeat_activities(worker.id, beats).empty());
  RunCommit cancel = step(run_id, 3, {event::ActivityCancelRequested{1}});
  cancel.cancel_tasks = {1, 99};
  commit(worker, std::move(cancel));
  EXPECT_EQ(store().heartbeat_activities(worker.id, beats), std::vector{claimed.key});
}

TEST_P(Activities, CancellationIsToldWithTheClaim) {
  auto worker = new_worker();
  const Uuid run_id = start_with_task(worker, new_task(1, store().now()));
  RunCommit cancel = step(run_id, 3, {event::ActivityCancelRequested{1}});
  cancel.cancel_tasks = {1};
  commit(worker, std::move(cancel));
  EXPECT_TRUE(claim_activity(worker).cancel_requested);
}

TEST_P(Activities, HeartbeatsOfOtherAttemptsAreToldToStop) {
  auto worker = new_worker();
  auto other = new_worker();
  start_with_task(worker, new_task(1, store().now()));
  const auto claimed = claim_activity(worker);
  ActivityKey later = claimed.key;
  later.attempt = 2;
  const std::vector<Heartbeat> beats{{later, "1"}, {{new_id(), 1, 1}, "1"}};
  EXPECT_EQ(store().heartbeat_activities(worker.id, beats).size(), 2u);
  const std::vector<Heartbeat> right{{claimed.key, "1"}};
  EXPECT_EQ(store().heartbeat_activities(other.id, right).size(), 1u);
  EXPECT_TRUE(store().heartbeat_activities(worker.id, right).empty());
  EXPECT_TRUE(store().heartbeat_activities(worker.id, {}).empty());
}

TEST_P(Activities, HeartbeatDetailsReachTheNextAttempt) {
  auto worker = new_worker();
  start_with_task(worker, new_task(1, store().now()));
  const auto claimed = claim_activity(worker);
  const std::vector<Heartbeat> beats{{claimed.key, R"({"page":"\u0000"})"}};
  store().heartbeat_activities(worker.id, beats);
  finish(outcome(Kind::retry, claimed.key, worker.id));
  EXPECT_EQ(claim_activity(worker).heartbeat_details, R"({"page":"\u0000"})");
}

}  // namespace
}  // namespace holdfast::test
