#include <thread>

#include <holdfast/core/workflow.hpp>
#include <holdfast/worker/worker.hpp>

#include "postgres_fixture.hpp"

// Somebody's open transaction holds a row: whoever needs it waits, and nobody else.
namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class PostgresObstacles : public PostgresFixture {
 protected:
  Uuid start(Store& store, const std::string& id, const std::string& type = "Order") {
    auto run = new_run(id);
    run.workflow_type = type;
    run.input = "0";
    store.start_runs({&run, 1});
    return run.run_id;
  }
  /// A caller who has signaled and does not commit.
  struct Holder {
    Holder(const std::string& connection_string, const NewMessage& message) : connection(connection_string) {
      send_messages_in(transaction, {&message, 1});
    }
    pqxx::connection connection;
    pqxx::work transaction{connection};
  };
  std::string owners() { return ask("SELECT count(*) FROM holdfast.live_runs WHERE owner IS NOT NULL"); }

  void add_task(Store& store, LaneSession& lane, const Uuid& run_id) {
    auto with_task = append(run_id, 1, {event::WorkflowStarted{}});
    NewActivityTask task;
    task.seq = 1;
    task.activity = "charge";
    task.task_queue = "default";
    task.input = "{}";
    task.options.start_to_close = 1min;
    task.scheduled_at = store.now();
    with_task.new_tasks.push_back(task);
    CommitBatch batch;
    batch.runs.push_back(std::move(with_task));
    lane.begin_step()->commit(batch);
  }
};

TEST_F(PostgresObstacles, ATakeoverFreesWhatNobodyHoldsAndTheRestLater) {
  const auto store = open();
  for (int i = 0; i < 3; ++i) start(*store, "order-" + std::to_string(i));
  const auto lane = store->open_lane(store->register_worker(worker_info()));
  ASSERT_EQ(claim(*lane).size(), 3u);
  execute("UPDATE holdfast.workers SET lease_until = now() - interval '1 s'");
  {
    Holder holder(connection_string(), signal_to("order-1"));
    EXPECT_EQ(store->take_over_expired(3).runs, 2);
    EXPECT_EQ(owners(), "1");
    execute("UPDATE holdfast.workers SET ended_at = ended_at - interval '2 min', look_at = look_at - interval '2 min'");
    EXPECT_EQ(store->take_over_expired(3).runs, 0);
    EXPECT_EQ(ask("SELECT count(*) FROM holdfast.workers"), "1") << "kept while something is left";
    holder.transaction.commit();
  }
  execute("UPDATE holdfast.workers SET look_at = look_at - interval '2 min'");
  EXPECT_TRUE(store->peek({}, {}).expired_workers);
  EXPECT_EQ(store->take_over_expired(3).runs, 1);
  EXPECT_EQ(owners(), "0");
}

TEST_F(PostgresObstacles, ReleasingDoesNotWait) {
  const auto store = open();
  for (int i = 0; i < 2; ++i) start(*store, "order-" + std::to_string(i));
  const auto worker = store->register_worker(worker_info());
  const auto lane = store->open_lane(worker);
  ASSERT_EQ(claim(*lane).size(), 2u);
  Holder holder(connection_string(), signal_to("order-1"));
  store->release_worker(worker);
  EXPECT_EQ(owners(), "1");
  holder.transaction.commit();
  execute("UPDATE holdfast.workers SET look_at = look_at - interval '2 s'");
  store->take_over_expired(3);
  EXPECT_EQ(owners(), "0");
}

TEST_F(PostgresObstacles, OutcomesOfOtherRunsAreWrittenAndTheHeldOnesAreNamed) {
  const auto store = open();
  const auto worker = store->register_worker(worker_info());
  const auto lane = store->open_lane(worker);
  for (int i = 0; i < 2; ++i) start(*store, "order-" + std::to_string(i));
  for (const auto& run : claim(*lane)) add_task(*store, *lane, run.run_id);
  std::vector<ActivityOutcome> outcomes;
  const std::vector<std::string> queues{"default"};
  for (const auto& task : store->claim_activities(worker, queues, 10)) {
    outcomes.emplace_back().key = task.key;
    outcomes.back().worker = worker;
    outcomes.back().result = "1";
  }
  ASSERT_EQ(outcomes.size(), 2u);
  Holder holder(connection_string(), signal_to("order-1"));
  auto report = store->finish_activities(outcomes);
  EXPECT_EQ(report.dropped, 0);
  ASSERT_EQ(report.busy.size(), 1u);
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.activity_tasks"), "1");
  holder.transaction.commit();
  report = store->finish_activities(outcomes);
  EXPECT_EQ(report.dropped, 1);
  EXPECT_TRUE(report.busy.empty());
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.activity_tasks"), "0");
}

TEST_F(PostgresObstacles, TerminatingARunWhoseOwnerAppendsDoesNotAbortTheCaller) {
  const auto store = open();
  const Uuid run_id = start(*store, "order-1");
  pqxx::connection owner(connection_string());
  pqxx::work appending(owner);
  appending.exec("INSERT INTO holdfast.history (shard, run_id, event_id, at, events) VALUES (0, '" +
                 run_id.to_string() + R"(', 1, now(), '[{"type":"WorkflowStarted"}]'))");
  std::thread caller([&] {
    pqxx::connection connection(connection_string());
    pqxx::work transaction(connection);
    EXPECT_STREQ(transaction.exec("SELECT holdfast.terminate_workflow('order-1', 'why')")[0][0].c_str(), "sent");
    transaction.commit();
  });
  while (ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") ==
         "0")
    std::this_thread::yield();
  appending.commit();
  caller.join();
  EXPECT_EQ(ask("SELECT string_agg(event_id::text, ' ' ORDER BY event_id) FROM holdfast.history"), "1 2");
}

TEST_F(PostgresObstacles, AClaimInDoubtIsReadBackWhenItsFateIsKnown) {
  const auto store = open();
  const Uuid run_id = start(*store, "order-1");
  const auto worker = store->register_worker(worker_info());
  const auto lane = store->open_lane(worker);
  // The server is still carrying out the COMMIT of a claim whose connection is gone.
  pqxx::connection late(connection_string());
  pqxx::work committing(late);
  committing.exec("UPDATE holdfast.live_runs SET owner = " + std::to_string(worker));
  EXPECT_THROW(lane->begin_step(20ms)->await_runs({&run_id, 1}), Conflict);
  std::thread server([&] {
    while (
        ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") ==
        "0")
      std::this_thread::yield();
    committing.commit();
  });
  const auto step = lane->begin_step(20s);
  step->await_runs({&run_id, 1});
  EXPECT_EQ(step->load_runs({&run_id, 1}).size(), 1u);
  server.join();
}

TEST_F(PostgresObstacles, WhatStoppedATransactionalActivityIsTold) {
  execute("CREATE TABLE account (id int PRIMARY KEY); INSERT INTO account VALUES (1)");
  const auto store = open();
  const auto lane = store->open_lane(store->register_worker(worker_info()));
  const auto after = [&](const std::string& sql, std::string before = "") {
    auto step = lane->begin_step(50ms);
    auto& business = step->business();
    if (!before.empty()) business.postgres().exec(before);
    try {
      business.postgres().exec(sql);
    } catch (const std::exception&) {
      return std::pair(business.broken(), business.obstructed());
    }
    ADD_FAILURE() << sql;
    return std::pair(false, false);
  };
  EXPECT_EQ(after("SELECT 1 / 0"), std::pair(false, false)) << "the activity's own";
  {
    pqxx::connection connection(connection_string());
    pqxx::work holder(connection);
    holder.exec("SELECT FROM account FOR UPDATE");
    EXPECT_EQ(after("UPDATE account SET id = 2"), std::pair(false, true));
  }
  EXPECT_EQ(after("SELECT pg_terminate_backend(pg_backend_pid())").first, true);
}

const Activity<int, int> add_one{"add_one", {.start_to_close = 30s}};
const WorkflowType<int, int> kSteps{"Steps", "default"};
const WorkflowType<int, int> kQuick{"Quick", "default"};
Workflow<int> steps(Context ctx, int n) {
  for (int i = 0; i < 8; ++i) n = co_await ctx.run(add_one, n);
  co_return n;
}
Workflow<int> quick(Context ctx, int n) { co_return co_await ctx.run(add_one, n); }

TEST_F(PostgresObstacles, ARunThatIsHeldDoesNotHoldUpTheOthersOfItsLane) {
  // Long enough that a lane which waits for it more than once or twice misses what is waited for here.
  const auto store = open({.lock_timeout = 5s});
  std::atomic<bool> go = false, called = false;
  worker::Registry registry;
  registry.add(kSteps, steps);
  registry.add(kQuick, quick);
  registry.add(add_one, [&](const int& n, worker::ActivityContext& context) {
    if (context.info().workflow_id == "held") {
      called = true;
      while (!go) std::this_thread::sleep_for(1ms);
    }
    return n + 1;
  });
  worker::WorkerOptions options;
  options.lanes = 1;
  options.log = [](std::string_view, std::string_view) {};
  worker::Worker worker(*store, registry, options);
  const Uuid held = start(*store, "held", "Quick");
  worker.start();
  while (!called) std::this_thread::sleep_for(1ms);
  Holder holder(connection_string(), signal_to("held"));
  go = true;  // it wants to close, and cannot
  std::vector<Uuid> others;
  for (int i = 0; i < 10; ++i) others.push_back(start(*store, "other-" + std::to_string(i), "Steps"));
  const auto deadline = std::chrono::steady_clock::now() + 16s;
  while (store->closed_runs(others).size() < others.size() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(5ms);
  EXPECT_EQ(store->closed_runs(others).size(), others.size());
  EXPECT_TRUE(store->closed_runs({&held, 1}).empty());
  holder.transaction.commit();
  while (store->closed_runs({&held, 1}).empty() && std::chrono::steady_clock::now() < deadline + 20s)
    std::this_thread::sleep_for(5ms);
  EXPECT_FALSE(store->closed_runs({&held, 1}).empty());
  worker.stop();
}

}  // namespace
}  // namespace holdfast::test
