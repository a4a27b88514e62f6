#include <gmock/gmock.h>

#include <holdfast/core/attributes.hpp>
#include <holdfast/visibility/parse.hpp>

#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using testing::ElementsAre;
using testing::HasSubstr;

class Filters : public StoreContract {
 protected:
  Uuid start_with(std::string workflow_id, Payload attributes, std::string type = "Order") {
    auto run = new_run(std::move(workflow_id));
    run.workflow_type = std::move(type);
    run.search_attributes = std::move(attributes);
    return start(run);
  }
  static ListFilter filter(std::string_view text) { return {.limit = 1000, .filter = visibility::parse_filter(text)}; }
  std::vector<std::string> ids(const ListFilter& list) {
    std::vector<std::string> out;
    for (const auto& run : store().list_runs(list)) out.push_back(run.workflow_id);
    return out;
  }
  std::vector<std::string> ids(std::string_view text) { return ids(filter(text)); }
  RunCount count(std::string_view text, const char* group_by) {
    return store().count_runs(filter(text), visibility::parse_group_by(group_by));
  }
};
HOLDFAST_ON_EVERY_STORE(Filters);

TEST_P(Filters, AttributesFindTheirRunsNewestFirst) {
  start_with("a", R"({"Customer":"c1","Cents":450})");
  start_with("b", R"({"Customer":"c2","Tags":["eu","vip"]})");
  start_with("c", "");
  start_with("d", R"({"Customer":"c1","Cents":5e1})");
  EXPECT_THAT(ids("Customer = 'c1'"), ElementsAre("d", "a"));
  EXPECT_THAT(ids("Customer != 'c1'"), ElementsAre("b"));
  EXPECT_THAT(ids("Customer IS NULL"), ElementsAre("c"));
  EXPECT_THAT(ids("Customer = 'c1' AND Cents > 100"), ElementsAre("a"));
  EXPECT_THAT(ids("Cents = 50"), ElementsAre("d"));
  EXPECT_THAT(ids("Tags = 'vip' OR WorkflowId = 'c'"), ElementsAre("c", "b"));
  EXPECT_THAT(ids("Customer = 'c1''); DROP TABLE holdfast.runs --'"), ElementsAre());
}

TEST_P(Filters, FieldsAndFilterNarrowEachOther) {
  start_with("mail/1", R"({"Customer":"c1"})", "Mail");
  start_with("order/1", R"({"Customer":"c1"})");
  start_with("order/2", R"({"Customer":"c2"})");
  auto list = filter("Customer = 'c1'");
  list.workflow_type = "Order";
  EXPECT_THAT(ids(list), ElementsAre("order/1"));
  list = filter("");
  list.workflow_id_prefix = "order/";
  list.limit = 1;
  EXPECT_THAT(ids(list), ElementsAre("order/2"));
  list.before = store().list_runs(list).back().run_id;
  EXPECT_THAT(ids(list), ElementsAre("order/1"));
  list.namespace_ = "other";
  EXPECT_THAT(ids(list), ElementsAre());
}

TEST_P(Filters, EveryEndIsFoundByItsStatus) {
  auto worker = new_worker();
  for (const auto& [status, name] :
       {std::pair(RunStatus::completed, "Completed"), std::pair(RunStatus::failed, "Failed"),
        std::pair(RunStatus::canceled, "Canceled"), std::pair(RunStatus::timed_out, "TimedOut")}) {
    auto close = closing(start_owned(worker, name), 2);
    close.status = status;
    commit(worker, std::move(close));
    EXPECT_THAT(ids(std::string("ExecutionStatus = '") + name + "'"), ElementsAre(name));
  }
  const Uuid ended = start_owned(worker, "Terminated");
  store().terminate_run({.run_id = ended}, "", "");
  start("Running");
  EXPECT_THAT(ids("ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')"),
              ElementsAre("Terminated", "TimedOut", "Failed"));
  EXPECT_THAT(ids("ExecutionStatus NOT IN ('Failed', 'Terminated', 'TimedOut')"),
              ElementsAre("Running", "Canceled", "Completed"));
  EXPECT_THAT(ids("ExecutionStatus = 'Running' AND CloseTime IS NULL"), ElementsAre("Running"));
  EXPECT_THAT(ids("ExecutionDuration >= '0s' AND ExecutionStatus = 'Canceled'"), ElementsAre("Canceled"));
}

TEST_P(Filters, ChildrenAreFoundByTheirParent) {
  auto worker = new_worker();
  const Uuid parent = start_owned(worker, "parent");
  NewChild child{.run = new_run("child"), .parent_run_id = parent, .parent_seq = 1};
  child.run.search_attributes = R"({"Customer":"c1"})";
  auto step = worker.lane->begin_step();
  step->start_children({&child, 1});
  step->commit({});
  EXPECT_THAT(ids("ParentWorkflowId = 'parent'"), ElementsAre("child"));
  EXPECT_THAT(ids("ParentRunId = '" + parent.to_string() + "' AND Customer = 'c1'"), ElementsAre("child"));
  EXPECT_THAT(ids("ParentWorkflowId IS NULL"), ElementsAre("parent"));
  EXPECT_THAT(ids("ParentWorkflowId STARTS_WITH 'par'"), ElementsAre("child"));
  EXPECT_THAT(ids("ParentWorkflowId != 'x'"), ElementsAre("child"));
}

TEST_P(Filters, RunsAreCountedInAllAndByWhatTheyHave) {
  start_with("a", R"({"Customer":"c1"})");
  start_with("b", R"({"Customer":"c1"})", "Mail");
  start_with("c", R"({"Customer":7})");
  start_with("d", "");
  EXPECT_EQ(store().count_runs(filter("")).total, 4);
  EXPECT_TRUE(store().count_runs(filter("")).groups.empty());
  EXPECT_EQ(store().count_runs(filter("Customer = 'x'")).total, 0);
  using Group = RunCount::Group;
  EXPECT_THAT(count("", "WorkflowType").groups, ElementsAre(Group{"\"Order\"", 3}, Group{"\"Mail\"", 1}));
  EXPECT_THAT(count("ExecutionStatus = 'Running'", "ExecutionStatus").groups, ElementsAre(Group{"\"running\"", 4}));
  const auto by_customer = count("", "Customer");
  EXPECT_EQ(by_customer.total, 4);
  EXPECT_THAT(by_customer.groups, testing::UnorderedElementsAre(Group{"\"c1\"", 2}, Group{"7", 1}, Group{"null", 1}));
  EXPECT_EQ(by_customer.groups.at(0).count, 2) << "the largest first";
  EXPECT_TRUE(count("Customer = 'x'", "Customer").groups.empty());
  EXPECT_THROW(store().count_runs(filter(""), visibility::Column{visibility::Field::start_time}), InvalidArgument);
}

TEST_P(Filters, AStepChangesAttributesAndMemoInItsCommit) {
  auto worker = new_worker();
  auto run = new_run();
  run.memo = R"({"kept":[1],"gone":{"a":null}})";
  run.search_attributes = R"({"Stage":"new","Gone":true})";
  const Uuid run_id = start(run);
  claim(worker);
  auto first = step(run_id, 1, {event::WorkflowStarted{}});
  first.memo = {{"gone", "null"}, {"note", R"({"b":null})"}};
  first.search_attributes = {{"Stage", "\"billing\""}, {"Gone", "null"}, {"Cents", "450"}, {"Never", "null"}};
  commit(worker, std::move(first));
  EXPECT_TRUE(same_json(describe(run_id).memo, R"({"kept":[1],"note":{"b":null}})"));
  EXPECT_TRUE(same_json(describe(run_id).search_attributes, R"({"Stage":"billing","Cents":450})"));
  EXPECT_EQ(ids("Stage = 'billing' AND Gone IS NULL").size(), 1u) << "what is committed is found at once";

  RunCommit silent;
  silent.run_id = run_id;
  silent.search_attributes = {{"Cents", "null"}};
  commit(worker, std::move(silent));
  EXPECT_TRUE(same_json(describe(run_id).search_attributes, R"({"Stage":"billing"})")) << "without an event of its own";

  auto close = closing(run_id, 2);
  close.search_attributes = {{"Stage", "null"}};
  close.memo = {{"end", "\"good\""}};
  commit(worker, std::move(close));
  EXPECT_EQ(describe(run_id).search_attributes, "") << "the last one went";
  EXPECT_TRUE(same_json(describe(run_id).memo, R"({"kept":[1],"note":{"b":null},"end":"good"})"));
  EXPECT_EQ(describe(run_id).summary.status, RunStatus::completed);
}

TEST_P(Filters, ARunThatGoesOnAsNewTakesItsChangesAlong) {
  auto worker = new_worker();
  auto run = new_run();
  run.search_attributes = R"({"Stage":"new","Customer":"c1"})";
  const Uuid first = start(run);
  claim(worker);
  auto last = step(first, 1, {event::WorkflowStarted{}, event::WorkflowContinuedAsNew{}}, NextState::closed);
  last.status = RunStatus::continued_as_new;
  const Uuid second = new_id();
  last.successor = NextRun{second, "Order", "default", "{}", {}};
  last.search_attributes = {{"Stage", "\"again\""}};
  last.memo = {{"round", "2"}};
  commit(worker, std::move(last));
  for (const Uuid& each : {first, second}) {
    EXPECT_TRUE(same_json(describe(each).search_attributes, R"({"Stage":"again","Customer":"c1"})"));
    EXPECT_TRUE(same_json(describe(each).memo, R"({"round":2})"));
  }
}

TEST_P(Filters, NobodyChangesARunThatIsNotHis) {
  auto worker = new_worker();
  auto other = new_worker();
  const Uuid run_id = start_owned(worker);
  RunCommit thief;
  thief.run_id = run_id;
  thief.search_attributes = {{"Stage", "\"stolen\""}};
  EXPECT_THROW(commit(other, thief), Conflict);
  EXPECT_EQ(describe(run_id).search_attributes, "");
}

TEST_P(Filters, WhatCannotBeAnAttributeIsRefusedByName) {
  std::string many = "{", large = R"({"A":")" + std::string(2049, 'x') + "\"}", fat = "{";
  for (int i = 0; i < 101; ++i) many += (i ? ",\"A" : "\"A") + std::to_string(i) + "\":1";
  for (int i = 0; i < 30; ++i)
    fat += (i ? ",\"A" : "\"A") + std::to_string(i) + "\":\"" + std::string(1500, 'x') + "\"";
  for (const auto& [attributes, why] : std::vector<std::pair<std::string, const char*>>{
           {R"({"A":{}})", "search_attributes.A is \"{}\"; allowed: a string, a boolean"},
           {R"({"A":[1]})", "search_attributes.A is \"[1]\""},
           {R"({"A":1e400})", "search_attributes.A is \"1e400\""},
           {R"({"A":1,"A":2})", "has \"A\" twice"},
           {R"({"":1})", "has the name \"\"; allowed: names of letters"},
           {R"({"a b":1})", "has the name \"a b\""},
           {R"({"1":1})", "has the name \"1\""},
           {R"({"WorkflowId":"x"})", "other than those that filters know already, such as WorkflowId"},
           {R"({"executionstatus":"x"})", "such as ExecutionStatus"},
           {R"({"ScheduledById":"x"})", "such as ScheduledById"},
           {"{\"A\":\"\xff\"}", "is not valid UTF-8"},
           {many + "}", "has 101 names; allowed: at most 100"},
           {large, "search_attributes.A has 2051 bytes; allowed: at most 2048"},
           {fat + "}", "bytes; allowed: a JSON object of at most 40960"}}) {
    auto run = new_run();
    run.search_attributes = attributes;
    try {
      store().start_runs({&run, 1});
      ADD_FAILURE() << attributes.substr(0, 80);
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
  }
  auto run = new_run();
  run.memo = R"({"a":1e999999})";
  EXPECT_THROW(store().start_runs({&run, 1}), InvalidArgument) << "jsonb has no such number";
  run.memo = "{\"a\":\"" + std::string(kMaxMemoBytes, 'x') + "\"}";
  EXPECT_THROW(store().start_runs({&run, 1}), InvalidArgument);
}

}  // namespace
}  // namespace holdfast::test
