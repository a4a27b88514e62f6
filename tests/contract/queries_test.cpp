// Queries: asked, taken by one worker at a time, answered once, and never before the run has seen what was said before.
#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class StoredQueries : public StoreContract {
 protected:
  NewQuery query_to(const Uuid& run_id, std::string workflow_id = {}) {
    NewQuery query;
    query.query_id = new_id();
    query.to.run_id = run_id;
    query.to.workflow_id = std::move(workflow_id);
    query.name = "balance";
    query.input = R"({"n": 1})";
    return query;
  }
  /// Asks; the id of the question.
  Uuid ask(const NewQuery& query) {
    EXPECT_EQ(store().queries().ask(query), SendStatus::sent);
    return query.query_id;
  }
  QueryClaim claim_queries(std::vector<std::string> queues = {"default"}, std::vector<std::string> types = {"Order"}) {
    return store().queries().claim_queries(queues, types, 10);
  }
  void answer(const Uuid& id, Payload result) {
    const QueryAnswer answer{id, std::move(result), {}};
    store().queries().answer_queries({&answer, 1});
  }
  std::vector<QueryAnswer> answers(const Uuid& id) { return store().queries().read_answers({&id, 1}); }
};
HOLDFAST_ON_EVERY_STORE(StoredQueries);

TEST_P(StoredQueries, IsAskedTakenAnsweredAndForgotten) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  const Uuid id = ask(query_to(run_id));
  EXPECT_TRUE(answers(id).empty());
  const auto claim = claim_queries();
  ASSERT_EQ(claim.ready.size(), 1u);
  EXPECT_EQ(claim.ready[0].query_id, id);
  EXPECT_EQ(claim.ready[0].run_id, run_id);
  EXPECT_EQ(claim.ready[0].name, "balance");
  EXPECT_EQ(claim.ready[0].input, R"({"n": 1})");
  EXPECT_TRUE(claim_queries().ready.empty()) << "somebody answers it";
  answer(id, "7");
  answer(id, "8");
  ASSERT_EQ(answers(id).size(), 1u);
  EXPECT_EQ(answers(id)[0].result, "7") << "once";
  EXPECT_TRUE(store().queries().withdraw(id));
  EXPECT_FALSE(store().queries().withdraw(id));
  EXPECT_TRUE(answers(id).empty());
  EXPECT_EQ(whole_history(run_id), "WorkflowStarted");
}

TEST_P(StoredQueries, AFailureIsAnAnswer) {
  auto worker = new_worker();
  const Uuid id = ask(query_to(start_owned(worker)));
  claim_queries();
  Failure failure;
  failure.type = "UnknownQuery";
  const QueryAnswer refused{id, {}, failure};
  store().queries().answer_queries({&refused, 1});
  ASSERT_EQ(answers(id).size(), 1u);
  EXPECT_EQ(answers(id)[0].failure->type, "UnknownQuery");
}

TEST_P(StoredQueries, IsForRunsThatExist) {
  EXPECT_EQ(store().queries().ask(query_to(new_id())), SendStatus::not_found);
  EXPECT_EQ(store().queries().ask(query_to({}, "order-1")), SendStatus::not_found);
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  commit(worker, closing(run_id, 2));
  ask(query_to({}, "order-1"));
  EXPECT_EQ(claim_queries().ready.at(0).run_id, run_id) << "a closed one";
}

TEST_P(StoredQueries, AskedAgainIsTheSame) {
  auto worker = new_worker();
  const auto query = query_to(start_owned(worker));
  ask(query);
  ask(query);
  EXPECT_EQ(claim_queries().ready.size(), 1u);
}

TEST_P(StoredQueries, IsForWorkersOfTheQueueThatKnowTheType) {
  auto worker = new_worker();
  ask(query_to(start_owned(worker)));
  EXPECT_TRUE(claim_queries({"other"}).ready.empty());
  EXPECT_TRUE(claim_queries({"default"}, {"Another"}).ready.empty());
  EXPECT_EQ(claim_queries({"other", "default"}, {"Another", "Order"}).ready.size(), 1u);
}

TEST_P(StoredQueries, IsSeenByAPeek) {
  auto worker = new_worker();
  const std::vector<std::string> queues{"default"}, others{"other"};
  const Uuid run_id = start_owned(worker);
  EXPECT_FALSE(store().peek({}, queues).queries);
  const Uuid id = ask(query_to(run_id));
  EXPECT_TRUE(store().peek({}, queues).queries);
  EXPECT_FALSE(store().peek({}, others).queries);
  claim_queries();
  answer(id, "1");
  EXPECT_FALSE(store().peek({}, queues).queries);
}

TEST_P(StoredQueries, WaitsUntilTheRunHasSeenWhatWasSentBefore) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  send(signal_to(run_id, "before"));
  const Uuid id = ask(query_to(run_id));
  auto claim = claim_queries();
  EXPECT_TRUE(claim.ready.empty());
  EXPECT_TRUE(claim.waiting);
  auto consume = step(run_id, 2, {event::WorkflowSignaled{"before", "{}", ""}});
  consume.consumed = {collect(worker).at(0).messages.at(0).inbox_id};
  commit(worker, std::move(consume));
  advance(1s);
  claim = claim_queries();
  ASSERT_EQ(claim.ready.size(), 1u);
  EXPECT_EQ(claim.ready[0].query_id, id);
}

TEST_P(StoredQueries, DoesNotWaitForWhatIsSentLater) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  ask(query_to(run_id));
  send(signal_to(run_id, "after"));
  EXPECT_EQ(claim_queries().ready.size(), 1u);
}

TEST_P(StoredQueries, WaitsForTheFirstStep) {
  const Uuid id = ask(query_to(start()));
  EXPECT_TRUE(claim_queries().waiting);
  const auto open = store().queries().withdraw(id);
  ASSERT_TRUE(open);
  EXPECT_TRUE(open->seen);
  EXPECT_EQ(open->note, "the run has not begun");
  EXPECT_EQ(open->task_queue, "default");
  EXPECT_EQ(open->workflow_type, "Order");
}

TEST_P(StoredQueries, IsTakenAgainWhenNobodyAnswers) {
  auto worker = new_worker();
  auto query = query_to(start_owned(worker));
  query.timeout = 1min;
  ask(query);
  EXPECT_EQ(claim_queries().ready.size(), 1u);
  advance(3s);
  EXPECT_EQ(claim_queries().ready.size(), 1u);
}

TEST_P(StoredQueries, IsAnsweredByNobodyAfterItsDeadline) {
  auto worker = new_worker();
  auto query = query_to(start_owned(worker));
  query.timeout = 500ms;
  ask(query);
  advance(1s);
  EXPECT_TRUE(claim_queries().ready.empty());
  EXPECT_FALSE(store().peek({}, std::vector<std::string>{"default"}).queries);
}

TEST_P(StoredQueries, ByWorkflowIdFollowsTheChain) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  const Uuid followed = ask(query_to({}, "order-1")), exact = ask(query_to(first));
  NextRun next;
  next.run_id = new_id();
  next.workflow_type = "Order";
  next.task_queue = "default";
  next.input = "2";
  auto going_on =
      step(first, 2, {event::WorkflowContinuedAsNew{next.run_id, next.workflow_type, next.task_queue, next.input}},
           NextState::closed);
  going_on.status = RunStatus::continued_as_new;
  const Uuid second = next.run_id;
  going_on.successor = std::move(next);
  commit(worker, std::move(going_on));
  ASSERT_EQ(claim(worker).size(), 1u);
  commit(worker, step(second, 1, {event::WorkflowStarted{}}));
  std::map<Uuid, Uuid> asked;
  for (int i = 0; i < 5 && asked.size() < 2; ++i) {
    for (const auto& query : claim_queries().ready) asked[query.query_id] = query.run_id;
    advance(1s);
  }
  EXPECT_EQ(asked[followed], second);
  EXPECT_EQ(asked[exact], first);
}

TEST_P(StoredQueries, BadValuesAreNamed) {
  const Uuid run_id = start();
  const auto refuses = [&](auto change) {
    auto query = query_to(run_id);
    change(query);
    EXPECT_THROW(store().queries().ask(query), InvalidArgument);
  };
  refuses([](NewQuery& q) { q.query_id = {}; });
  refuses([](NewQuery& q) { q.name = ""; });
  refuses([](NewQuery& q) { q.name = "\xff"; });
  refuses([](NewQuery& q) { q.input = "{"; });
  refuses([](NewQuery& q) { q.timeout = -1s; });
  refuses([](NewQuery& q) { q.timeout = 2h; });
}

}  // namespace
}  // namespace holdfast::test
