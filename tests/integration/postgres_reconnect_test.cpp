#include <chrono>
#include <thread>
#include <vector>

#include <holdfast/devpg/private_postgres.hpp>
#include <holdfast/store/postgres/migrations.hpp>

#include "postgres_fixture.hpp"

// The server goes away and comes back: nobody exits, everybody works again.
namespace holdfast::test {
namespace {

using namespace store;

class PostgresReconnect : public testing::Test {
 protected:
  PostgresReconnect() {
    postgres::Migrator(server_.connection_string(), "engine", postgres::embedded_engine_migrations()).apply();
    PostgresOptions options;
    options.connection_string = server_.connection_string();
    store_ = open_postgres_store(options);
  }

  template <class Verb>
  static auto until_it_works(Verb verb) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      try {
        return verb();
      } catch (const Error&) {
        if (std::chrono::steady_clock::now() > deadline) throw;
      }
    }
  }

  devpg::PrivatePostgres server_{{.fsync = false}};
  std::unique_ptr<Store> store_;
};

TEST_F(PostgresReconnect, VerbsLanesAndListenersSurviveACrashOfTheServer) {
  const std::vector<std::string> queues{"default"};
  const WorkerId worker =
      store_->register_worker({.identity = "w", .task_queues = queues, .version = "1", .lease = std::chrono::hours(1)});
  const auto lane = store_->open_lane(worker);
  lane->begin_step()->commit({});
  const auto listener = store_->listen();
  listener->wait(std::chrono::milliseconds(1));
  auto open_step = lane->begin_step();

  server_.restart_immediate();

  EXPECT_THROW(open_step->claim_runs({.task_queues = queues, .limit = 1}), Unavailable);
  open_step.reset();
  until_it_works([&] { return store_->now(); });
  until_it_works([&] {
    lane->begin_step()->commit({});
    return true;
  });
  // Notifications may be lost, but not the listener.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  std::vector<std::string> heard;
  const std::vector<std::string> hints{"runs"};
  while (heard.empty() && std::chrono::steady_clock::now() < deadline) {
    until_it_works([&] {
      store_->notify(hints);
      return true;
    });
    heard = listener->wait(std::chrono::milliseconds(100));
  }
  EXPECT_FALSE(heard.empty());
}

TEST_F(PostgresReconnect, AServerThatIsDownIsUnavailable) {
  const std::vector<std::string> queues{"default"};
  const WorkerId worker =
      store_->register_worker({.identity = "w", .task_queues = queues, .version = "1", .lease = std::chrono::hours(1)});
  const auto lane = store_->open_lane(worker);
  lane->begin_step()->commit({});
  server_.stop();
  EXPECT_THROW(store_->list_workers(), Unavailable);
  EXPECT_THROW(store_->list_workers(), Unavailable);
  EXPECT_THROW(lane->begin_step(), Unavailable);
  EXPECT_THROW(lane->begin_step(), Unavailable);
  server_.start();
  EXPECT_EQ(until_it_works([&] { return store_->list_workers(); }).size(), 1u);
  until_it_works([&] {
    lane->begin_step()->commit({});
    return true;
  });
}

// They share one session. One after the other they would need half a minute: each attempt waits longer than the last.
TEST_F(PostgresReconnect, ManyCallersFindOutTogetherThatTheServerIsDown) {
  const auto store = open_postgres_store({.connection_string = server_.connection_string(), .pool_size = 1});
  server_.stop();
  const auto since = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 20; ++i) callers.emplace_back([&] { EXPECT_THROW(store->list_workers(), Unavailable); });
  }
  EXPECT_LT(std::chrono::steady_clock::now() - since, std::chrono::seconds(15));
}

TEST(PostgresOptions, ThatAreNotAllowedAreRefusedByName) {
  EXPECT_THROW(open_postgres_store({.pool_size = 0}), InvalidArgument);
  EXPECT_THROW(open_postgres_store({.lock_timeout = std::chrono::milliseconds(-1)}), InvalidArgument);
  const auto store = open_postgres_store({.connection_string = "no such=syntax"});
  EXPECT_THROW(store->now(), InvalidArgument);
}

}  // namespace
}  // namespace holdfast::test
