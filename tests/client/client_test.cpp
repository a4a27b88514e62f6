#include <holdfast/client/client.hpp>

#include <thread>

#include <gmock/gmock.h>

#include "close_run.hpp"
#include "forwarding_store.hpp"

namespace holdfast::client {
namespace {

using namespace std::chrono_literals;
using store::RunStatus;
using test::close_run;
using test::ForwardingStore;
using testing::HasSubstr;

struct Order {
  std::string item;
  std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(Order, (), (item, count))
struct Receipt {
  std::int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(Receipt, (), (total))

const WorkflowType<Order, Receipt> kShip{"Ship", "orders"};
const Signal<Order> kChange{"change"};

class ClientTest : public testing::Test {
 protected:
  std::shared_ptr<ForwardingStore> store = std::make_shared<ForwardingStore>();
  Client client{store};
};

template <class Thrown, class Act>
std::string message_of(Act&& act) {
  try {
    act();
  } catch (const Thrown& e) {
    return e.what();
  }
  ADD_FAILURE() << "nothing, or something else, was thrown";
  return {};
}

// --- start
// ------------------------------------------------------------------------------------------------------------

TEST_F(ClientTest, StartsARunWithItsTypesQueueAndEncodedInput) {
  const auto run = client.start(kShip, "order-1", {.item = "tea", .count = 9007199254740993});
  const auto found = run.describe();
  EXPECT_EQ(found.summary.run_id, run.run_id());
  EXPECT_EQ(found.summary.workflow_type, "Ship");
  EXPECT_EQ(found.summary.task_queue, "orders");
  EXPECT_EQ(found.summary.status, RunStatus::running);
  EXPECT_EQ(found.input, R"({"item":"tea","count":9007199254740993})");
  EXPECT_FALSE(run.existing());
}

TEST_F(ClientTest, WakesTheQueueOfAStartedRunAndNotThatOfADelayedOne) {
  client.start_json(
      {.workflow_type = "T", .workflow_id = "later", .options = {.task_queue = "slow", .start_delay = 1h}});
  client.start(kShip, "order-1", {});
  EXPECT_TRUE(store->saw_hint("q:orders"));
  EXPECT_THAT(store->hints(), testing::Not(testing::Contains("q:slow")));
}

TEST_F(ClientTest, RefusesASecondOpenRunAndNamesTheFirst) {
  const auto first = client.start(kShip, "order-1", {});
  try {
    client.start(kShip, "order-1", {});
    FAIL() << "the second start was accepted";
  } catch (const AlreadyStartedError& e) {
    EXPECT_EQ(e.run_id, first.run_id());
    EXPECT_TRUE(e.open);
    EXPECT_THAT(e.what(), HasSubstr("\"order-1\" is already running"));
  }
}

TEST_F(ClientTest, JoinsTheOpenRunWhenAskedTo) {
  const auto first = client.start(kShip, "order-1", {});
  const auto second = client.start(kShip, "order-1", {}, {.conflict = store::IdConflictPolicy::use_existing});
  EXPECT_TRUE(second.existing());
  EXPECT_EQ(second.run_id(), first.run_id());
}

TEST_F(ClientTest, RefusesAnotherRunAfterAClosedOneWhenDuplicatesAreRejected) {
  const auto first = client.start(kShip, "order-1", {});
  close_run(store->inner, first.run_id(), {.result = "{}"});
  try {
    client.start(kShip, "order-1", {}, {.reuse = store::IdReusePolicy::reject_duplicate});
    FAIL() << "the second start was accepted";
  } catch (const AlreadyStartedError& e) {
    EXPECT_EQ(e.run_id, first.run_id());
    EXPECT_FALSE(e.open);
  }
}

TEST_F(ClientTest, StartsOnceHoweverOftenTheSameRunIdIsStarted) {
  StartOptions options{.run_id = Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91")};
  const auto first = client.start(kShip, "order-1", {}, options);
  const auto again = client.start(kShip, "order-1", {}, options);
  EXPECT_EQ(first.run_id(), again.run_id());
  EXPECT_EQ(client.list({}).size(), 1U);
}

TEST_F(ClientTest, StartsABatchAndReportsRefusalsInTheirPlace) {
  client.start_json({.workflow_type = "T", .workflow_id = "b"});
  const std::vector<StartRequest> requests{Client::request(kShip, "a", {}),
                                           {.workflow_type = "T", .workflow_id = "b"},
                                           {.workflow_type = "T", .workflow_id = "c"}};
  const auto results = client.start_many(requests);
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0].status, store::StartStatus::started);
  EXPECT_EQ(results[1].status, store::StartStatus::already_running);
  EXPECT_EQ(results[2].status, store::StartStatus::started);
  EXPECT_TRUE(client.start_many({}).empty());
}

TEST_F(ClientTest, StartsNothingOfABatchWithABadValueAndSaysWhichOne) {
  const std::vector<StartRequest> requests{{.workflow_type = "T", .workflow_id = "a"},
                                           {.workflow_type = "T", .workflow_id = "b", .input = "{oops"}};
  const auto what = message_of<store::InvalidArgument>([&] { client.start_many(requests); });
  EXPECT_THAT(what, HasSubstr("2 of 2"));
  EXPECT_THAT(what, HasSubstr("input"));
  EXPECT_TRUE(client.list({}).empty());
}

TEST_F(ClientTest, NamesTheFieldOfABadValue) {
  const std::string nul("a\0b", 3);
  const std::vector<std::pair<StartRequest, std::string>> cases{
      {{.workflow_type = "", .workflow_id = "x"}, "workflow_type"},
      {{.workflow_type = "T", .workflow_id = ""}, "workflow_id"},
      {{.workflow_type = "T", .workflow_id = nul}, "workflow_id"},
      {{.workflow_type = "T", .workflow_id = "\xff\xfe"}, "workflow_id"},
      {{.workflow_type = "T", .workflow_id = std::string(1001, 'x')}, "workflow_id"},
      {{.workflow_type = std::string(256, 'x'), .workflow_id = "x"}, "workflow_type"},
      {{.workflow_type = "T", .workflow_id = "x", .input = ""}, "input"},
      {{.workflow_type = "T", .workflow_id = "x", .input = "{\"a\":"}, "input"},
      {{.workflow_type = "T", .workflow_id = "x", .input = "\"" + std::string(5'000'000, 'x') + "\""}, "input"},
      {{.workflow_type = "T", .workflow_id = "x", .options = {.namespace_ = nul}}, "namespace"},
      {{.workflow_type = "T", .workflow_id = "x", .options = {.priority = 0}}, "priority"},
      {{.workflow_type = "T", .workflow_id = "x", .options = {.priority = 6}}, "priority"},
      {{.workflow_type = "T", .workflow_id = "x", .options = {.start_delay = -1s}}, "start_delay"},
      {{.workflow_type = "T", .workflow_id = "x", .options = {.memo = "[1]"}}, "memo"},
      {{.workflow_type = "T", .workflow_id = "x", .options = {.search_attributes = "{"}}, "search_attributes"},
  };
  for (const auto& [request, field] : cases)
    EXPECT_THAT(message_of<store::InvalidArgument>([&] { client.start_json(request); }), HasSubstr(field));
  EXPECT_TRUE(client.list({}).empty());
}

TEST_F(ClientTest, TakesTheLongestAllowedIdsAndAnyJsonInput) {
  client.start_json({.workflow_type = std::string(255, 't'), .workflow_id = std::string(1000, 'i'), .input = "null"});
  client.start_json({.workflow_type = "T", .workflow_id = "ünïcode 電話", .input = R"("\u0000 and \ud83d\ude00")"});
  EXPECT_EQ(client.list({}).size(), 2U);
}

// --- signals, cancel, terminate
// ---------------------------------------------------------------------------------------

TEST_F(ClientTest, DeliversASignalToTheOpenRun) {
  const auto run = client.start(kShip, "order-1", {});
  client.signal("order-1", kChange, {.item = "coffee"});
  run.signal(kChange, {.item = "milk"}, {.task_queue = "orders"});
  EXPECT_EQ(run.describe().unread_messages, 2);
  EXPECT_TRUE(store->saw_hint("q:*"));
}

TEST_F(ClientTest, DeliversASignalOncePerMessageId) {
  const auto run = client.start(kShip, "order-1", {});
  const SignalOptions same{.message_id = Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91")};
  client.signal("order-1", kChange, {}, same);
  client.signal("order-1", kChange, {}, same);
  EXPECT_EQ(run.describe().unread_messages, 1);
}

TEST_F(ClientTest, TellsAnUnknownRunFromAClosedOne) {
  const auto unknown = message_of<NotFoundError>([&] { client.signal("nobody", kChange, {}); });
  EXPECT_THAT(unknown, HasSubstr("there is no workflow \"nobody\""));
  const auto run = client.start(kShip, "order-1", {});
  close_run(store->inner, run.run_id(), {.result = "{}"});
  EXPECT_THROW(client.signal("order-1", kChange, {}), RunClosedError);
  EXPECT_THROW(run.cancel(), RunClosedError);
  EXPECT_THROW(run.terminate(), RunClosedError);
  EXPECT_THROW(client.cancel(client.key("nobody")), NotFoundError);
  EXPECT_THROW(client.terminate(client.key("nobody")), NotFoundError);
  EXPECT_THROW(client.describe(client.key("nobody")), NotFoundError);
  EXPECT_THROW(client.history(client.key("nobody")), NotFoundError);
  EXPECT_THROW(client.result_json(client.key("nobody"), 1s), NotFoundError);
  EXPECT_THROW(client.find(kShip, "nobody"), NotFoundError);
}

TEST_F(ClientTest, RejectsBadSignals) {
  client.start(kShip, "order-1", {});
  const auto key = client.key("order-1");
  EXPECT_THROW(client.signal_json(key, ""), store::InvalidArgument);
  EXPECT_THROW(client.signal_json(key, std::string(256, 's')), store::InvalidArgument);
  EXPECT_THROW(client.signal_json(key, std::string_view("a\0b", 3)), store::InvalidArgument);
  EXPECT_THROW(client.signal_json(key, "s", "{oops"), store::InvalidArgument);
  EXPECT_THROW(client.signal_json(client.key(""), "s"), store::InvalidArgument);
  EXPECT_THROW(client.cancel(key, std::string(5000, 'r')), store::InvalidArgument);
  EXPECT_EQ(client.describe(key).unread_messages, 0);
}

TEST_F(ClientTest, TerminatesARunAndWakesWhoWaitsForIt) {
  const auto run = client.start(kShip, "order-1", {});
  std::jthread operator_thread([&] { run.terminate("wrong order"); });
  try {
    run.result(30s);
    FAIL() << "a terminated run had a result";
  } catch (const WorkflowFailedError& e) {
    EXPECT_EQ(e.run.status, RunStatus::terminated);
    EXPECT_THAT(e.what(), HasSubstr("wrong order"));
  }
}

// --- results
// ----------------------------------------------------------------------------------------------------------

TEST_F(ClientTest, GivesTheResultOfARunThatHasEnded) {
  const auto run = client.start(kShip, "order-1", {});
  close_run(store->inner, run.run_id(), {.result = R"({"total":42})"});
  EXPECT_EQ(run.result(0s).total, 42);
  EXPECT_EQ(client.find(kShip, "order-1").result(10s).total, 42);
}

TEST_F(ClientTest, WaitsForTheEndByHint) {
  const auto run = client.start(kShip, "order-1", {});
  std::jthread worker([&] {
    close_run(store->inner, run.run_id(), {.result = R"({"total":7})"});
    const std::string hint = "c:" + run.run_id().to_string();
    store->inner.notify({&hint, 1});
  });
  EXPECT_EQ(run.result(60s).total, 7);
}

TEST_F(ClientTest, FindsTheEndWithoutAnyHint) {
  const Client silent(store, {.notify = false});
  const auto run = silent.start(kShip, "order-1", {});
  std::jthread worker([&] { close_run(store->inner, run.run_id(), {.result = R"({"total":7})"}); });
  EXPECT_EQ(run.result(60s).total, 7);
  EXPECT_EQ(store->listen_calls, 0);
  EXPECT_EQ(store->notify_calls(), 0);
}

TEST_F(ClientTest, ThrowsTheFailureWithItsCauses) {
  const auto run = client.start(kShip, "order-1", {});
  const Failure cause{.kind = FailureKind::application, .type = "CardDeclined", .message = "no funds"};
  close_run(
      store->inner, run.run_id(),
      {.status = RunStatus::failed,
       .failure = Failure{
           .kind = FailureKind::activity, .message = "charge failed", .cause = std::make_shared<Failure>(cause)}});
  try {
    run.result(10s);
    FAIL() << "a failed run had a result";
  } catch (const WorkflowFailedError& e) {
    EXPECT_EQ(e.run.status, RunStatus::failed);
    ASSERT_TRUE(e.run.failure);
    ASSERT_TRUE(e.run.failure->cause);
    EXPECT_EQ(e.run.failure->cause->type, "CardDeclined");
    EXPECT_THAT(e.what(), HasSubstr("no funds"));
  }
}

TEST_F(ClientTest, GivesUpAtTheDeadlineAndTheRunGoesOn) {
  const auto run = client.start(kShip, "order-1", {});
  EXPECT_THROW(run.result(20ms), ResultTimeoutError);
  EXPECT_EQ(run.describe().summary.status, RunStatus::running);
}

TEST_F(ClientTest, AnswersManyWaitersAtOnce) {
  constexpr int kWaiters = 50;
  std::vector<RunHandle<Receipt>> runs;
  for (int i = 0; i < kWaiters; ++i) runs.push_back(client.start(kShip, "order-" + std::to_string(i), {}));
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> waiters;
    for (int i = 0; i < kWaiters; ++i)
      waiters.emplace_back([&, i] { right += runs[static_cast<std::size_t>(i)].result(60s).total == i; });
    for (int i = 0; i < kWaiters; ++i)
      close_run(store->inner, runs[static_cast<std::size_t>(i)].run_id(),
                {.result = "{\"total\":" + std::to_string(i) + "}"});
  }
  EXPECT_EQ(right, kWaiters);
}

TEST_F(ClientTest, AsksLessAndLessOftenWhileNothingHappens) {
  const auto run = client.start(kShip, "order-1", {});
  EXPECT_THROW(run.result(1s), ResultTimeoutError);
  // 2, 4, 8, ... ms: ten questions reach the first second; busy polling would ask thousands of times.
  EXPECT_LE(store->closed_runs_calls, 20);
}

TEST_F(ClientTest, GoesOnWaitingWhileTheDatabaseIsAway) {
  std::atomic<int> failures = 3;
  store->before_closed_runs = [&] {
    if (failures-- > 0) throw store::Unavailable("no server");
  };
  const auto run = client.start(kShip, "order-1", {});
  close_run(store->inner, run.run_id(), {.result = R"({"total":1})"});
  EXPECT_EQ(run.result(60s).total, 1);
}

TEST_F(ClientTest, ReportsAnErrorOfTheDatabaseToWhoWaits) {
  store->before_closed_runs = [] { throw store::StatementFailed("permission denied", "42501"); };
  const auto run = client.start(kShip, "order-1", {});
  EXPECT_THROW(run.result(60s), store::StatementFailed);
}

// --- reading
// ----------------------------------------------------------------------------------------------------------

TEST_F(ClientTest, ListsNewestFirstInPages) {
  for (int i = 0; i < 5; ++i) client.start(kShip, "order-" + std::to_string(i), {});
  auto page = client.list({.limit = 3});
  ASSERT_EQ(page.size(), 3U);
  EXPECT_EQ(page[0].workflow_id, "order-4");
  page = client.list({.before = page.back().run_id, .limit = 3});
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[1].workflow_id, "order-0");
  EXPECT_THROW(client.list({.limit = 0}), store::InvalidArgument);
}

TEST_F(ClientTest, KeepsNamespacesApart) {
  const Client other(store, {.namespace_ = "other"});
  client.start(kShip, "order-1", {});
  EXPECT_THROW(other.describe(other.key("order-1")), NotFoundError);
  other.start(kShip, "order-1", {});
  EXPECT_EQ(other.describe(other.key("order-1")).summary.namespace_, "other");
}

TEST_F(ClientTest, ReadsTheHistory) {
  const auto run = client.start(kShip, "order-1", {});
  EXPECT_TRUE(client.history(client.key("order-1")).empty());
  close_run(store->inner, run.run_id(), {.result = "{}"});
  const auto rows = client.history(client.key(run.run_id()));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(decode_events(rows[0].events).size(), 2U);
}

TEST_F(ClientTest, WorksOverAStoreThatTheCallerOwns) {
  store::MemoryStore owned;
  const Client borrowed(owned);
  EXPECT_EQ(borrowed.start(kShip, "x", {}).describe().summary.workflow_id, "x");
}

TEST_F(ClientTest, OutlivesTheClientInItsHandles) {
  auto handle = [&] { return Client(store).start(kShip, "order-1", {}); }();
  close_run(store->inner, handle.run_id(), {.result = R"({"total":3})"});
  EXPECT_EQ(handle.result(10s).total, 3);
}

}  // namespace
}  // namespace holdfast::client
