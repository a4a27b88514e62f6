#pragma once

#include <random>

#include <gtest/gtest.h>
#include <pqxx/pqxx>

#include <holdfast/store/postgres/postgres_store.hpp>
#include <tests/support/test_database.hpp>

namespace holdfast::test {

/// A database with the engine's schema, and the words that the tests of the PostgreSQL store are written in.
class PostgresFixture : public testing::Test {
 protected:
  std::string connection_string() const { return database_.connection_string(); }

  std::unique_ptr<store::Store> open(store::PostgresOptions options = {}) const {
    if (options.connection_string.empty()) options.connection_string = connection_string();
    return store::open_postgres_store(std::move(options));
  }

  /// One value, on a connection of its own that no fault touches.
  std::string ask(const std::string& sql) {
    pqxx::nontransaction transaction(direct_);
    const auto rows = transaction.exec(sql);
    return rows.empty() ? "" : rows[0][0].c_str();
  }
  void execute(const std::string& sql) {
    pqxx::nontransaction transaction(direct_);
    transaction.exec(sql);
  }

  Uuid new_id() {
    std::array<std::uint8_t, 10> random;
    for (auto& byte : random) byte = static_cast<std::uint8_t>(random_());
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return make_uuid_v7(std::chrono::duration_cast<std::chrono::milliseconds>(now), random);
  }

  store::NewRun new_run(std::string workflow_id) {
    store::NewRun run;
    run.run_id = new_id();
    run.workflow_id = std::move(workflow_id);
    run.workflow_type = "Order";
    return run;
  }

  store::NewMessage signal_to(std::string workflow_id, std::string name = "approve") {
    store::NewMessage message;
    message.to.workflow_id = std::move(workflow_id);
    message.name = std::move(name);
    message.message_id = new_id();
    return message;
  }

  static store::WorkerInfo worker_info(Duration lease = std::chrono::minutes(5)) {
    store::WorkerInfo info;
    info.identity = "test";
    info.task_queues = {"default"};
    info.version = "1";
    info.lease = lease;
    return info;
  }

  static std::vector<store::ClaimedRun> claim(store::LaneSession& lane, int limit = 100) {
    const std::vector<std::string> queues{"default"};
    auto step = lane.begin_step();
    auto claims = step->claim_runs({.task_queues = queues, .limit = limit, .full_sweep = true});
    step->commit({});
    return claims;
  }

  static store::RunCommit append(const Uuid& run_id, EventId first, std::vector<Event> events) {
    store::RunCommit commit;
    commit.run_id = run_id;
    commit.first_event_id = first;
    commit.events = encode_events(events);
    return commit;
  }

  TestDatabase database_{Schema::engine};
  pqxx::connection direct_{database_.connection_string()};
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace holdfast::test
