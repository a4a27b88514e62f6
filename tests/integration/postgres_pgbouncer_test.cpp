#include <thread>

#include <tests/support/private_pgbouncer.hpp>

#include "postgres_fixture.hpp"

// Many clients at once through a PgBouncer in transaction mode.
namespace holdfast::test {
namespace {

using namespace store;

class PostgresThroughPgBouncer : public PostgresFixture {
 protected:
  PostgresThroughPgBouncer() {
    options_.connection_string = bouncer_.connection_string();
    options_.listen_connection_string = connection_string();
    options_.prepared = false;
    store_ = open(options_);
  }

  PrivatePgbouncer bouncer_{connection_string()};
  PostgresOptions options_;
  std::unique_ptr<Store> store_;
};

TEST_F(PostgresThroughPgBouncer, FourLanesTwoSendersAndAListenerWork) {
  constexpr int kRuns = 200;
  std::vector<NewRun> runs;
  for (int i = 0; i < kRuns; ++i) runs.push_back(new_run("order-" + std::to_string(i)));
  for (const auto& result : store_->start_runs(runs)) ASSERT_EQ(result.status, StartStatus::started);
  std::vector<std::thread> threads;
  for (int lane_number = 0; lane_number < 4; ++lane_number) {
    threads.emplace_back([&] {
      const auto lane = store_->open_lane(store_->register_worker(worker_info()));
      for (auto claims = claim(*lane, 20); !claims.empty(); claims = claim(*lane, 20)) {
        auto step = lane->begin_step();
        CommitBatch batch;
        for (const auto& run : claims) {
          auto park = append(run.run_id, 1, {event::WorkflowStarted{}});
          park.next = NextState::parked;
          batch.runs.push_back(std::move(park));
        }
        step->commit(batch);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  threads.clear();
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.history"), std::to_string(kRuns));
  std::vector<NewMessage> signals;
  for (const auto& run : runs) signals.push_back(signal_to(run.workflow_id));
  for (int sender = 0; sender < 2; ++sender) {
    threads.emplace_back([&, sender] {
      for (int i = sender; i < kRuns; i += 2) {
        EXPECT_EQ(store_->send_messages({&signals[static_cast<std::size_t>(i)], 1}).at(0), SendStatus::sent);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.inbox"), std::to_string(kRuns));
  const auto lane = store_->open_lane(store_->register_worker(worker_info()));
  EXPECT_EQ(claim(*lane, 1000).size(), static_cast<std::size_t>(kRuns));

  const auto listener = store_->listen();
  listener->wait(std::chrono::milliseconds(1));
  const std::vector<std::string> hints{"runs"};
  store_->notify(hints);
  EXPECT_EQ(listener->wait(std::chrono::seconds(30)), hints);
}

TEST_F(PostgresThroughPgBouncer, ALaneThatWaitsForARowGivesUpInTime) {
  options_.lock_timeout = std::chrono::milliseconds(100);
  const auto store = open(options_);
  const NewRun run = new_run("order-1");
  store->start_runs({&run, 1});
  const auto lane = store->open_lane(store->register_worker(worker_info()));
  ASSERT_EQ(claim(*lane).size(), 1u);
  pqxx::connection connection(connection_string());
  pqxx::work slow(connection);
  const NewMessage message = signal_to("order-1");
  send_messages_in(slow, {&message, 1});
  auto close = append(run.run_id, 1, {event::WorkflowCompleted{"1"}});
  close.next = NextState::closed;
  CommitBatch batch;
  batch.runs.push_back(std::move(close));
  EXPECT_THROW(lane->begin_step()->commit(batch), Conflict);
}

TEST_F(PostgresThroughPgBouncer, AVerbThatWaitsForARowGivesUpInTime) {
  options_.lock_timeout = std::chrono::milliseconds(100);
  const auto store = open(options_);
  const NewRun run = new_run("order-1");
  store->start_runs({&run, 1});
  pqxx::connection connection(connection_string());
  pqxx::work slow(connection);
  const NewMessage first = signal_to("order-1"), second = signal_to("order-1");
  send_messages_in(slow, {&first, 1});
  EXPECT_THROW(store->send_messages({&second, 1}), StatementFailed);
  slow.commit();
  EXPECT_EQ(store->send_messages({&second, 1}), std::vector{SendStatus::sent});
}

}  // namespace
}  // namespace holdfast::test
