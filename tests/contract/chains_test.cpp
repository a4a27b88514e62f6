// Continue-as-new: the run ends and the next one begins in one commit, and no message is lost or in the way.
#include <algorithm>

#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class Chains : public StoreContract {
 protected:
  RunCommit continuing(const Uuid& run_id, EventId first_event, Payload input = R"({"n":2})") {
    NextRun next;
    next.run_id = new_id();
    next.workflow_type = "Order";
    next.task_queue = "default";
    next.input = input;
    RunCommit out = step(run_id, first_event,
                         {event::WorkflowContinuedAsNew{next.run_id, next.workflow_type, next.task_queue, next.input}},
                         NextState::closed);
    out.status = RunStatus::continued_as_new;
    out.successor = std::move(next);
    return out;
  }
  /// The next run's id.
  Uuid go_on(Worker& worker, RunCommit run) {
    const Uuid next = run.successor->run_id;
    commit(worker, std::move(run));
    return next;
  }
  static std::string names(const std::vector<Message>& messages) {
    std::string out;
    for (const auto& message : messages) out += message.name + " ";
    return out;
  }
};
HOLDFAST_ON_EVERY_STORE(Chains);

TEST_P(Chains, TheNextRunHasTheSameWorkflowIdAndItsOwnInput) {
  auto worker = new_worker();
  auto first_run = new_run();
  first_run.memo = R"({"kept":true})";
  first_run.priority = 1;
  first_run.execution_timeout = 1h;
  const Uuid first = start(first_run);
  const auto deadline = claim(worker).at(0).deadline;
  commit(worker, step(first, 1, {event::WorkflowStarted{}}));
  const Uuid second = go_on(worker, continuing(first, 2));

  const auto old = describe(first);
  EXPECT_EQ(old.summary.status, RunStatus::continued_as_new);
  EXPECT_TRUE(old.summary.closed_at);
  EXPECT_EQ(old.next_run_id, second);
  EXPECT_EQ(whole_history(first), "WorkflowStarted WorkflowContinuedAsNew");
  const auto claims = claim(worker);
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].run_id, second);
  EXPECT_EQ(claims[0].workflow_id, "order-1");
  EXPECT_EQ(claims[0].input, R"({"n":2})");
  EXPECT_EQ(claims[0].priority, 1);
  EXPECT_EQ(claims[0].claims, 1) << "a run of its own";
  EXPECT_EQ(claims[0].deadline, deadline) << "the execution timeout spans the chain";
  EXPECT_TRUE(same_json(describe(second).memo, R"({"kept":true})"));

  commit(worker, step(second, 1, {event::WorkflowStarted{}}));
  const Uuid third = go_on(worker, continuing(second, 2));
  EXPECT_EQ(describe(third).first_run_id, first);
  EXPECT_EQ(describe(third).previous_run_id, second);
  RunKey by_id;
  by_id.workflow_id = "order-1";
  EXPECT_EQ(store().describe_run(by_id)->summary.run_id, third);
  const std::vector<Uuid> ids{first, second, third};
  const auto closed = store().closed_runs(ids);
  ASSERT_EQ(closed.size(), 2u);
  EXPECT_NE(std::ranges::find(closed, second, &ClosedRun::next_run_id), closed.end());
}

TEST_P(Chains, UnreadMessagesMoveAndDoNotHoldItUp) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(send(signal_to(first, name)), SendStatus::sent);
  const auto read = collect(worker);
  ASSERT_EQ(read.at(0).messages.size(), 3u);
  EXPECT_EQ(send(signal_to(first, "d")), SendStatus::sent) << "rings after the owner has looked";
  auto run = continuing(first, 2);
  run.consumed.push_back(read[0].messages[0].inbox_id);
  const Uuid second = go_on(worker, std::move(run));
  ASSERT_EQ(claim(worker).size(), 1u);
  EXPECT_EQ(names(messages_of(worker, second)), "b c d ");
  EXPECT_EQ(describe(first).unread_messages, 0);
}

TEST_P(Chains, SignalsThatTheRunHadTakenUpComeBeforeTheUnreadOnes) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  send(signal_to(first, "unread"));
  auto run = continuing(first, 2);
  for (const char* name : {"x", "y"}) run.successor->signals.push_back(signal_to(first, name, R"({"kept":1})"));
  const auto carried = run.successor->signals[0];
  const Uuid second = go_on(worker, std::move(run));
  send(signal_to(second, "later"));
  ASSERT_EQ(claim(worker).size(), 1u);
  const auto messages = messages_of(worker, second);
  EXPECT_EQ(names(messages), "x y unread later ");
  EXPECT_EQ(messages.at(0).message_id, carried.message_id);
  EXPECT_EQ(messages.at(0).payload, R"({"kept":1})");
}

TEST_P(Chains, OutcomesOfTheRunBeforeEndWithIt) {
  auto worker = new_worker();
  const Uuid first = start_with_task(worker, new_task(1, store().now()));
  const auto task = claim_activity(worker);
  ActivityOutcome outcome;
  outcome.key = task.key;
  outcome.worker = worker.id;
  outcome.result = "1";
  EXPECT_EQ(store().finish_activities({&outcome, 1}).dropped, 0);
  send(signal_to(first, "kept"));
  const Uuid second = go_on(worker, continuing(first, 3));
  ASSERT_EQ(claim(worker).size(), 1u);
  EXPECT_EQ(names(messages_of(worker, second)), "kept ");
}

TEST_P(Chains, TasksOfTheRunBeforeAreGone) {
  auto worker = new_worker();
  const Uuid first = start_with_task(worker, new_task(1, store().now()));
  go_on(worker, continuing(first, 3));
  EXPECT_TRUE(store().pending_activities(first).empty());
  const std::vector<std::string> queues{"payments"};
  EXPECT_TRUE(store().claim_activities(worker.id, queues, 10).empty());
}

TEST_P(Chains, AMessageToAnyRunOfTheChainReachesTheOpenOne) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  const Uuid second = go_on(worker, continuing(first, 2));
  claim(worker);
  commit(worker, step(second, 1, {event::WorkflowStarted{}}));
  const Uuid third = go_on(worker, continuing(second, 2));
  EXPECT_EQ(send(signal_to(first, "to the first")), SendStatus::sent);
  EXPECT_EQ(send(signal_to(second, "to the second")), SendStatus::sent);
  auto by_id = signal_to({}, "to the id");
  by_id.to.workflow_id = "order-1";
  EXPECT_EQ(send(by_id), SendStatus::sent);
  claim(worker);
  EXPECT_EQ(names(messages_of(worker, third)), "to the first to the second to the id ");
}

TEST_P(Chains, AMessageThatTheRunBeforeHasReadIsNotDeliveredAgain) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  const auto signal = signal_to(first);
  send(signal);
  const auto read = collect(worker);
  auto taken = step(first, 2, {event::WorkflowSignaled{"approve", "{}", signal.message_id.to_string()}});
  taken.consumed.push_back(read.at(0).messages.at(0).inbox_id);
  commit(worker, taken);
  const Uuid second = go_on(worker, continuing(first, 3));
  EXPECT_EQ(send(signal), SendStatus::sent);
  EXPECT_EQ(describe(second).unread_messages, 0);
}

TEST_P(Chains, ACancelRequestToTheRunBeforeDoesNotSilenceOneToTheNext) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  commit(worker, step(first, 2, {event::WorkflowCancelRequested{"once"}}));
  const Uuid second = go_on(worker, continuing(first, 3));
  auto cancel = signal_to(first, "again");
  cancel.kind = MessageKind::cancel;
  EXPECT_EQ(send(cancel), SendStatus::sent);
  EXPECT_EQ(describe(second).unread_messages, 1);
}

TEST_P(Chains, AMessageToAChainThatHasEndedIsRefused) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  const Uuid second = go_on(worker, continuing(first, 2));
  claim(worker);
  commit(worker, step(second, 1, {event::WorkflowStarted{}}));
  commit(worker, closing(second, 2));
  EXPECT_EQ(send(signal_to(first)), SendStatus::closed);
  EXPECT_EQ(send(signal_to(second)), SendStatus::closed);
}

TEST_P(Chains, TerminatingAnyRunOfTheChainEndsTheOpenOne) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  const Uuid second = go_on(worker, continuing(first, 2));
  RunKey key;
  key.run_id = first;
  EXPECT_EQ(store().terminate_run(key, "enough", "me"), SendStatus::sent);
  EXPECT_EQ(describe(second).summary.status, RunStatus::terminated);
  EXPECT_EQ(describe(first).summary.status, RunStatus::continued_as_new);
  EXPECT_EQ(store().terminate_run(key, "enough", "me"), SendStatus::closed);
}

TEST_P(Chains, TheWorkflowIdIsNeverFreeInBetween) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  const Uuid second = go_on(worker, continuing(first, 2));
  const auto result = start_one(new_run());
  EXPECT_EQ(result.status, StartStatus::already_running);
  EXPECT_EQ(result.run_id, second);
}

TEST_P(Chains, AZombieCannotContinueARunThatWasTakenOver) {
  auto zombie = new_worker();
  const Uuid first = start_owned(zombie);
  auto zombie_step = zombie.lane->begin_step();
  advance(kLease + 1s);
  EXPECT_EQ(store().take_over_expired(100).runs, 1);
  auto heir = new_worker();
  EXPECT_EQ(claim(heir).size(), 1u);
  CommitBatch batch;
  batch.runs.push_back(continuing(first, 2));
  EXPECT_ANY_THROW(zombie_step->commit(batch));
  zombie_step.reset();
  EXPECT_EQ(describe(first).owner, heir.id);
}

TEST_P(Chains, AChildThatContinuesReportsAtTheEndOfItsChain) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  NewChild child;
  child.run = new_run("child");
  child.parent_run_id = parent;
  child.parent_seq = 3;
  {
    auto step_transaction = worker.lane->begin_step();
    step_transaction->start_children({&child, 1});
    step_transaction->commit({});
  }
  const Uuid first = child.run.run_id;
  ASSERT_EQ(claim(worker).size(), 1u);
  commit(worker, step(first, 1, {event::WorkflowStarted{}}));
  const Uuid second = go_on(worker, continuing(first, 2));
  EXPECT_EQ(describe(parent).unread_messages, 0);
  const auto claims = claim(worker);
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].parent_run_id, parent);
  EXPECT_EQ(claims[0].parent_seq, 3);

  auto cancel = step(parent, 2, {event::ChildWorkflowCancelRequested{3}});
  cancel.cancel_runs.push_back(first);
  commit(worker, cancel);
  EXPECT_EQ(describe(second).unread_messages, 1) << "the request follows the chain";
  auto last = parking(second);
  last.consumed.push_back(messages_of(worker, second).at(0).inbox_id);
  commit(worker, last);

  auto end = closing(parent, 3);
  end.has_children = true;
  commit(worker, end);
  EXPECT_EQ(describe(second).summary.status, RunStatus::terminated) << "so does the parent's end";
}

}  // namespace
}  // namespace holdfast::test
