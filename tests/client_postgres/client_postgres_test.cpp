// The client on PostgreSQL: starts and signals that ride in the caller's transaction, hints, and waiting.
#include <holdfast/client/client.hpp>

#include <atomic>
#include <latch>
#include <thread>

#include <gmock/gmock.h>
#include <pqxx/pqxx>

#include <holdfast/client/uuid_generator.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>
#include <tests/client/close_run.hpp>
#include <tests/support/test_database.hpp>

namespace holdfast::client {
namespace {

using namespace std::chrono_literals;
using test::close_run;
using testing::Contains;
using testing::HasSubstr;

struct Order {
  std::string item;
};
BOOST_DESCRIBE_STRUCT(Order, (), (item))
struct Receipt {
  std::int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(Receipt, (), (total))
const WorkflowType<Order, Receipt> kShip{"Ship", "orders"};
const Signal<Order> kChange{"change"};
const Update<Order, Receipt> kPack{"pack"};

class ClientOnPostgres : public testing::Test {
 protected:
  holdfast::test::TestDatabase database;
  Client client = Client::connect(database.connection_string());
  pqxx::connection connection{database.connection_string()};

  std::size_t count() { return client.list({.limit = 1000}).size(); }
};

TEST_F(ClientOnPostgres, StartsARunIfAndOnlyIfTheCallersTransactionCommits) {
  {
    pqxx::work given_up(connection);
    client.start_in(given_up, kShip, "order-1", {.item = "tea"});
  }
  EXPECT_EQ(count(), 0U);
  pqxx::work kept(connection);
  const auto run =
      client.start_in(kept, kShip, "order-1", {.item = "tea"}, {.execution_timeout = 1h, .memo = R"({"a":1})"});
  EXPECT_EQ(count(), 0U) << "not before the commit";
  kept.commit();
  const auto found = run.describe();
  EXPECT_EQ(found.summary.task_queue, "orders");
  EXPECT_EQ(found.input, R"({"item":"tea"})");
  EXPECT_EQ(found.memo, R"({"a": 1})");
}

TEST_F(ClientOnPostgres, LeavesTheCallersTransactionUsableAfterARefusal) {
  const auto open = client.start(kShip, "order-1", {});
  pqxx::work transaction(connection);
  EXPECT_THROW(client.start_in(transaction, kShip, "order-1", {}), AlreadyStartedError);
  EXPECT_THROW(client.start_in(transaction, kShip, "", {}), store::InvalidArgument);
  EXPECT_THROW(client.signal_in(transaction, "nobody", kChange, {}), NotFoundError);
  EXPECT_TRUE(client.start_in(transaction, kShip, "order-1", {}, {.conflict = store::IdConflictPolicy::use_existing})
                  .existing());
  client.start_in(transaction, kShip, "order-2", {});
  transaction.commit();
  EXPECT_EQ(count(), 2U);
}

TEST_F(ClientOnPostgres, StartsABatchInTheCallersTransaction) {
  client.start(kShip, "taken", {});
  pqxx::work transaction(connection);
  const std::vector<StartRequest> requests{Client::request(kShip, "a", {}), Client::request(kShip, "taken", {}),
                                           Client::request(kShip, "b", {})};
  const auto results = client.start_many_in(transaction, requests);
  transaction.commit();
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0].status, store::StartStatus::started);
  EXPECT_EQ(results[1].status, store::StartStatus::already_running);
  EXPECT_EQ(count(), 3U);
}

TEST_F(ClientOnPostgres, UpdatesIfAndOnlyIfTheCallersTransactionCommits) {
  const auto run = client.start(kShip, "order-1", {});
  {
    pqxx::work given_up(connection);
    client.update_in(given_up, "order-1", kPack, {.item = "tea"});
  }
  EXPECT_EQ(run.describe().unread_messages, 0);
  pqxx::work kept(connection);
  const auto update = client.update_in(kept, "order-1", kPack, {.item = "tea"}, {.update_id = "u1"});
  EXPECT_EQ(update.state().stage, store::UpdateStage::admitted);
  EXPECT_THROW(update.result(0s), NotFoundError) << "nobody has committed it";
  kept.commit();
  EXPECT_EQ(run.describe().unread_messages, 1);
  EXPECT_THROW(update.result(0s), UpdateTimeoutError);
}

TEST_F(ClientOnPostgres, StartsAndUpdatesAtomically) {
  {
    pqxx::work given_up(connection);
    client.start_in(given_up, kShip, "order-1", {.item = "tea"});
    client.update_in(given_up, "order-1", kPack, {.item = "tea"});
  }
  EXPECT_EQ(count(), 0U) << "neither";
  pqxx::work kept(connection);
  const auto run = client.start_in(kept, kShip, "order-1", {.item = "tea"});
  const auto update = client.update_in(kept, "order-1", kPack, {.item = "tea"}, {.update_id = "u1"});
  kept.commit();
  EXPECT_EQ(run.describe().unread_messages, 1) << "both";
  EXPECT_EQ(update.state().run_id, run.run_id());
  // The same once more, as after a lost answer.
  pqxx::work again(connection);
  EXPECT_TRUE(
      client.start_in(again, kShip, "order-1", {}, {.conflict = store::IdConflictPolicy::use_existing}).existing());
  client.update_in(again, "order-1", kPack, {.item = "tea"}, {.update_id = "u1"});
  again.commit();
  EXPECT_EQ(run.describe().unread_messages, 1);
}

TEST_F(ClientOnPostgres, LeavesTheCallersTransactionUsableAfterARefusedUpdate) {
  const auto run = client.start(kShip, "order-1", {});
  run.terminate();
  pqxx::work transaction(connection);
  EXPECT_THROW(client.update_in(transaction, "nobody", kPack, {}), NotFoundError);
  EXPECT_THROW(client.update_in(transaction, "order-1", kPack, {}), RunClosedError);
  EXPECT_THROW(client.update_in(transaction, "", kPack, {}), store::InvalidArgument);
  client.start_in(transaction, kShip, "order-2", {});
  transaction.commit();
  EXPECT_EQ(count(), 2U);
}

TEST_F(ClientOnPostgres, SignalsIfAndOnlyIfTheCallersTransactionCommits) {
  const auto run = client.start(kShip, "order-1", {});
  {
    pqxx::work given_up(connection);
    client.signal_in(given_up, "order-1", kChange, {.item = "tea"});
  }
  EXPECT_EQ(run.describe().unread_messages, 0);
  pqxx::work kept(connection);
  client.signal_in(kept, "order-1", kChange, {.item = "tea"});
  kept.commit();
  EXPECT_EQ(run.describe().unread_messages, 1);
}

TEST_F(ClientOnPostgres, SignalsARunThatTheSameTransactionStarted) {
  pqxx::work transaction(connection);
  const auto run = client.start_in(transaction, kShip, "order-1", {});
  client.signal_in(transaction, "order-1", kChange, {});
  transaction.commit();
  EXPECT_EQ(run.describe().unread_messages, 1);
}

TEST_F(ClientOnPostgres, StartsOneRunOfAWorkflowIdHoweverManyTry) {
  constexpr int kThreads = 8;
  std::latch together(kThreads);
  std::atomic<int> started = 0, refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        try {
          client.start(kShip, "order-1", {});
          ++started;
        } catch (const AlreadyStartedError&) {
          ++refused;
        }
      });
    }
  }
  EXPECT_EQ(started, 1);
  EXPECT_EQ(refused, kThreads - 1);
  EXPECT_EQ(count(), 1U);
}

TEST_F(ClientOnPostgres, SendsHintsAfterStartsAndSignalsAndOnDemand) {
  const auto listener = client.store().listen();
  std::vector<std::string> heard;
  const auto hear = [&](const std::string& hint) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::ranges::find(heard, hint) == heard.end() && std::chrono::steady_clock::now() < deadline)
      for (auto& next : listener->wait(100ms)) heard.push_back(std::move(next));
    return std::ranges::find(heard, hint) != heard.end();
  };
  // A listener may connect at its first wait, and what was sent before is lost.
  while (heard.empty()) {
    client.wake("warm-up");
    heard = listener->wait(100ms);
  }
  client.start(kShip, "order-1", {});
  EXPECT_TRUE(hear("q:orders"));
  client.signal("order-1", kChange, {});
  EXPECT_TRUE(hear("q:*"));
  client.wake("elsewhere");
  EXPECT_TRUE(hear("q:elsewhere"));
}

TEST_F(ClientOnPostgres, WaitsForAResultWithAndWithoutNotifications) {
  for (const bool notify : {true, false}) {
    const auto waiting = Client::connect(database.connection_string(), {.notify = notify});
    const auto run = waiting.start(kShip, "order-1", {});
    std::jthread worker([&] { close_run(client.store(), run.run_id(), {.result = R"({"total":7})"}); });
    EXPECT_EQ(run.result(60s).total, 7);
  }
}

TEST_F(ClientOnPostgres, WaitsOnThroughALostConnection) {
  const auto run = client.start(kShip, "order-1", {});
  std::jthread trouble([&] {
    for (int i = 0; i < 5; ++i) {
      pqxx::nontransaction session(connection);
      session.exec(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
          "pg_backend_pid()");
    }
    const auto other = Client::connect(database.connection_string());
    close_run(other.store(), run.run_id(), {.result = R"({"total":7})"});
  });
  EXPECT_EQ(run.result(60s).total, 7);
}

TEST_F(ClientOnPostgres, TellsAnUnreachableServerAndAMissingSchema) {
  const auto nowhere = Client::connect("host=/nonexistent dbname=x");
  EXPECT_THROW(nowhere.start(kShip, "order-1", {}), store::Unavailable);
  EXPECT_THROW(nowhere.describe(nowhere.key("x")), store::Unavailable);
  const holdfast::test::TestDatabase empty(holdfast::test::Schema::empty);
  const auto without = Client::connect(empty.connection_string());
  EXPECT_THROW(without.start(kShip, "order-1", {}), store::SchemaMismatch);
  EXPECT_THROW(Client::connect("nonsense").list({}), store::InvalidArgument);
}

}  // namespace
}  // namespace holdfast::client
