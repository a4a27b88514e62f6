// What runs have to do with each other: starting children, telling parents, parent close policies.
#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class Families : public StoreContract {
 protected:
  NewChild new_child(const Uuid& parent, std::string workflow_id = "child-1", CommandSeq seq = 1) {
    NewChild child;
    child.run = new_run(std::move(workflow_id));
    child.parent_run_id = parent;
    child.parent_seq = seq;
    return child;
  }
  /// In a step that does nothing else.
  StartResult start_child(Worker& worker, const NewChild& child) {
    auto step_transaction = worker.lane->begin_step();
    const auto results = step_transaction->start_children({&child, 1});
    step_transaction->commit({});
    return results.at(0);
  }
  Uuid start_child(Worker& worker, const Uuid& parent, ParentClosePolicy policy, std::string workflow_id = "child-1") {
    auto child = new_child(parent, std::move(workflow_id));
    child.parent_close_policy = policy;
    EXPECT_EQ(start_child(worker, child).status, StartStatus::started);
    return child.run.run_id;
  }
  static RunCommit ending(RunCommit commit, const Uuid& parent, CommandSeq seq = 1) {
    commit.notice = ParentNotice{parent, seq, MessageKind::child_completed, commit.result};
    return commit;
  }
  static RunCommit parting(RunCommit commit) {
    commit.has_children = true;
    return commit;
  }
};
HOLDFAST_ON_EVERY_STORE(Families);

TEST_P(Families, AChildIsARunThatKnowsItsParent) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  auto child = new_child(parent, "child", 7);
  child.run.memo = R"({"a":1})";
  child.run.priority = 2;
  child.run.execution_timeout = 1h;
  EXPECT_EQ(start_child(worker, child).status, StartStatus::started);
  const auto description = describe(child.run.run_id);
  EXPECT_EQ(description.summary.parent_run_id, parent);
  EXPECT_EQ(description.parent_workflow_id, "parent");
  EXPECT_EQ(description.parent_seq, 7);
  EXPECT_EQ(description.summary.workflow_id, "child");
  EXPECT_TRUE(same_json(description.memo, R"({"a":1})"));
  EXPECT_TRUE(describe(parent).summary.parent_run_id.is_nil());
  const auto claims = claim(worker);
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].parent_run_id, parent);
  EXPECT_EQ(claims[0].parent_seq, 7);
  EXPECT_EQ(claims[0].priority, 2);
  EXPECT_TRUE(claims[0].deadline);
}

TEST_P(Families, AChildExistsIfAndOnlyIfItsParentsStepCommits) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const auto child = new_child(parent);
  {
    auto step_transaction = worker.lane->begin_step();
    EXPECT_EQ(step_transaction->start_children({&child, 1}).at(0).status, StartStatus::started);
  }
  EXPECT_FALSE(store().describe_run({.workflow_id = "child-1"}));
  EXPECT_EQ(start_child(worker, child).status, StartStatus::started);
  EXPECT_TRUE(store().describe_run({.workflow_id = "child-1"}));
}

TEST_P(Families, StartingAChildTwiceIsStartingItOnce) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const auto child = new_child(parent);
  EXPECT_EQ(start_child(worker, child).status, StartStatus::started);
  EXPECT_EQ(start_child(worker, child).status, StartStatus::started);
  ASSERT_EQ(claim(worker).size(), 1u);
  commit(worker, step(child.run.run_id, 1, {event::WorkflowStarted{}}));
  commit(worker, closing(child.run.run_id, 2));
  EXPECT_EQ(start_child(worker, child).status, StartStatus::started) << "also when it has ended";
  EXPECT_EQ(describe(child.run.run_id).summary.status, RunStatus::completed);
  EXPECT_TRUE(claim(worker).empty());
}

TEST_P(Families, AnIdThatIsTakenIsAnAnswerAndDoesNotDisturbTheOthers) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid other = start("taken");
  const std::vector<NewChild> children{new_child(parent, "taken", 1), new_child(parent, "free", 2),
                                       new_child(parent, "free", 3)};
  auto step_transaction = worker.lane->begin_step();
  const auto results = step_transaction->start_children(children);
  CommitBatch batch;
  batch.runs.push_back(step(parent, 2, {event::TimerStarted{9, Timestamp(1s)}}));
  step_transaction->commit(batch);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].status, StartStatus::already_running);
  EXPECT_EQ(results[0].run_id, other);
  EXPECT_EQ(results[1].status, StartStatus::started);
  EXPECT_EQ(results[2].status, StartStatus::already_running);
  EXPECT_EQ(results[2].run_id, children[1].run.run_id);
  EXPECT_EQ(whole_history(parent), "WorkflowStarted TimerStarted");
}

TEST_P(Families, TheReusePolicyOfAChildIsHeeded) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid first = start_child(worker, parent, ParentClosePolicy::terminate);
  ASSERT_EQ(claim(worker).size(), 1u);
  commit(worker, step(first, 1, {event::WorkflowStarted{}}));
  commit(worker, closing(first, 2));
  auto again = new_child(parent);
  for (const auto policy : {IdReusePolicy::reject_duplicate, IdReusePolicy::allow_duplicate_failed_only}) {
    again.run.reuse = policy;
    const auto result = start_child(worker, again);
    EXPECT_EQ(result.status, StartStatus::rejected);
    EXPECT_EQ(result.run_id, first);
  }
  again.run.reuse = IdReusePolicy::allow_duplicate;
  EXPECT_EQ(start_child(worker, again).status, StartStatus::started);
}

TEST_P(Families, AFailedOnlyChildStartedByItsPolicyKnowsItsParentToo) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  auto child = new_child(parent, "child", 4);
  child.run.reuse = IdReusePolicy::allow_duplicate_failed_only;
  child.parent_close_policy = ParentClosePolicy::request_cancel;
  EXPECT_EQ(start_child(worker, child).status, StartStatus::started);
  EXPECT_EQ(describe(child.run.run_id).summary.parent_run_id, parent);
  EXPECT_EQ(describe(child.run.run_id).parent_seq, 4);
}

TEST_P(Families, BadFieldsOfAChildAreRefused) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  auto child = new_child(parent, std::string(1001, 'x'));
  auto step_transaction = worker.lane->begin_step();
  EXPECT_THROW(step_transaction->start_children({&child, 1}), InvalidArgument);
  child = new_child(parent);
  EXPECT_EQ(step_transaction->start_children({&child, 1}).at(0).status, StartStatus::started);
  step_transaction->commit({});
  EXPECT_TRUE(store().describe_run({.workflow_id = "child-1"}));
}

TEST_P(Families, TheEndOfAChildRingsItsParkedParent) {
  auto worker = new_worker();
  auto other = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid child = start_child(worker, parent, ParentClosePolicy::terminate);
  commit(worker, parking(parent));
  ASSERT_EQ(claim(other, 1).size(), 1u);
  commit(other, step(child, 1, {event::WorkflowStarted{}}));
  commit(other, ending(closing(child, 2, R"({"n":5})"), parent));
  const auto claims = claim(worker);
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].run_id, parent);
  EXPECT_TRUE(claims[0].rung);
  const auto messages = messages_of(worker, parent);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].kind, MessageKind::child_completed);
  EXPECT_EQ(messages[0].seq, 1);
  EXPECT_EQ(messages[0].payload, R"({"n":5})");
}

TEST_P(Families, TheEndOfAChildReachesAnOwnedParentThroughItsDoorbell) {
  auto worker = new_worker();
  auto other = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid child = start_child(worker, parent, ParentClosePolicy::terminate);
  ASSERT_EQ(claim(other, 1).size(), 1u);
  commit(other, step(child, 1, {event::WorkflowStarted{}}));
  commit(other, ending(closing(child, 2), parent));
  const auto rung = collect(worker);
  ASSERT_EQ(rung.size(), 1u);
  EXPECT_EQ(rung[0].run_id, parent);
  ASSERT_EQ(rung[0].messages.size(), 1u);
  auto last = closing(parent, 2);
  last.consumed.push_back(rung[0].messages[0].inbox_id);
  commit(worker, last);
}

TEST_P(Families, AParentThatParksInTheSameCommitIsReadyAtOnce) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid child = start_child(worker, parent, ParentClosePolicy::terminate);
  ASSERT_EQ(claim(worker).size(), 1u);
  commit(worker, step(child, 1, {event::WorkflowStarted{}}));
  commit(worker, {parking(parent), ending(closing(child, 2), parent)});
  EXPECT_EQ(claim(worker).size(), 1u);
  EXPECT_EQ(messages_of(worker, parent).size(), 1u);
}

TEST_P(Families, AParentAndItsChildMayEndInTheSameCommit) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid child = start_child(worker, parent, ParentClosePolicy::terminate);
  ASSERT_EQ(claim(worker).size(), 1u);
  commit(worker, step(child, 1, {event::WorkflowStarted{}}));
  commit(worker, {parting(closing(parent, 2)), ending(closing(child, 2), parent)});
  EXPECT_EQ(describe(parent).summary.status, RunStatus::completed);
  EXPECT_EQ(describe(child).summary.status, RunStatus::completed);
}

TEST_P(Families, NobodyIsToldWhenTheParentIsGone) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid child = start_child(worker, parent, ParentClosePolicy::abandon);
  commit(worker, parting(closing(parent, 2)));
  EXPECT_EQ(describe(child).summary.status, RunStatus::running) << "abandoned";
  ASSERT_EQ(claim(worker).size(), 1u);
  commit(worker, step(child, 1, {event::WorkflowStarted{}}));
  commit(worker, ending(closing(child, 2), parent));
  EXPECT_EQ(describe(child).summary.status, RunStatus::completed);
  EXPECT_EQ(describe(parent).unread_messages, 0);
}

TEST_P(Families, AParentThatEndsTerminatesItsChildrenAndTheirs) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid child = start_child(worker, parent, ParentClosePolicy::terminate);
  const Uuid grandchild = start_child(worker, child, ParentClosePolicy::terminate, "grandchild");
  commit(worker, parting(closing(parent, 2)));
  EXPECT_EQ(describe(child).summary.status, RunStatus::terminated);
  EXPECT_EQ(describe(child).failure->message, "its parent has closed");
  EXPECT_EQ(describe(grandchild).summary.status, RunStatus::terminated);
  EXPECT_EQ(whole_history(child), "WorkflowTerminated");
  EXPECT_TRUE(claim(worker).empty());
}

TEST_P(Families, AChildThatItsParentTerminatesIsFencedFromItsOwner) {
  auto worker = new_worker();
  auto other = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid child = start_child(worker, parent, ParentClosePolicy::terminate);
  ASSERT_EQ(claim(other, 1).size(), 1u);
  commit(other, step(child, 1, {event::WorkflowStarted{}}));
  commit(worker, parting(closing(parent, 2)));
  EXPECT_THROW(commit(other, step(child, 2, {event::TimerStarted{1, Timestamp(1s)}})), Conflict);
  EXPECT_EQ(whole_history(child), "WorkflowStarted WorkflowTerminated");
}

TEST_P(Families, AChildInTheSameBatchEndsWithItsParent) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid parked = start_child(worker, parent, ParentClosePolicy::terminate, "parked");
  const Uuid owned = start_child(worker, parent, ParentClosePolicy::terminate, "owned");
  const Uuid asked = start_child(worker, parent, ParentClosePolicy::request_cancel, "asked");
  ASSERT_EQ(claim(worker).size(), 3u);
  auto parking_child = step(parked, 1, {event::WorkflowStarted{}}, NextState::parked);
  auto parking_other = step(asked, 1, {event::WorkflowStarted{}}, NextState::parked);
  commit(worker,
         {parting(closing(parent, 2)), parking_child, step(owned, 1, {event::WorkflowStarted{}}), parking_other});
  EXPECT_EQ(whole_history(parked), "WorkflowStarted WorkflowTerminated");
  EXPECT_EQ(whole_history(owned), "WorkflowStarted WorkflowTerminated");
  const auto claims = claim(worker);
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].run_id, asked);
  EXPECT_TRUE(claims[0].rung);
}

TEST_P(Families, APoliteParentAsksItsChildrenToEnd) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid child = start_child(worker, parent, ParentClosePolicy::request_cancel);
  commit(worker, parting(closing(parent, 2)));
  EXPECT_EQ(describe(child).summary.status, RunStatus::running);
  ASSERT_EQ(claim(worker).size(), 1u);
  const auto messages = messages_of(worker, child);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].kind, MessageKind::cancel);
  EXPECT_EQ(messages[0].name, "its parent has closed");
}

TEST_P(Families, AChildIsAskedToEndInItsParentsCommit) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid child = start_child(worker, parent, ParentClosePolicy::terminate);
  auto commit_cancel = step(parent, 2, {event::ChildWorkflowCancelRequested{1}});
  commit_cancel.cancel_runs.push_back(child);
  commit(worker, commit_cancel);
  const auto claims = claim(worker);
  ASSERT_EQ(claims.size(), 1u);
  const auto messages = messages_of(worker, child);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].kind, MessageKind::cancel);
}

TEST_P(Families, AnOperatorsTerminationReachesParentAndChildren) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid child = start_child(worker, parent, ParentClosePolicy::terminate);
  const Uuid grandchild = start_child(worker, child, ParentClosePolicy::terminate, "grandchild");
  commit(worker, parking(parent));
  RunKey key;
  key.run_id = child;
  EXPECT_EQ(store().terminate_run(key, "stuck", "me"), SendStatus::sent);
  EXPECT_EQ(describe(grandchild).summary.status, RunStatus::terminated);
  ASSERT_EQ(claim(worker).size(), 1u);
  const auto messages = messages_of(worker, parent);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].kind, MessageKind::child_failed);
  const auto failure = decode_failure(messages[0].payload);
  EXPECT_EQ(failure.kind, FailureKind::terminated);
  EXPECT_EQ(failure.message, "stuck");
}

TEST_P(Families, ChildrenCanBeListed) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  const Uuid first = start_child(worker, parent, ParentClosePolicy::terminate, "c1");
  const Uuid second = start_child(worker, parent, ParentClosePolicy::terminate, "c2");
  start("no child");
  ListFilter filter;
  filter.parent_run_id = parent;
  const auto children = store().list_runs(filter);
  ASSERT_EQ(children.size(), 2u);
  EXPECT_EQ(children[0].run_id, second);
  EXPECT_EQ(children[1].run_id, first);
  EXPECT_EQ(children[1].parent_run_id, parent);
  filter.status = RunStatus::completed;
  EXPECT_TRUE(store().list_runs(filter).empty());
}

}  // namespace
}  // namespace holdfast::test
