#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include <holdfast/client/client.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/store/limit_rate.hpp>
#include <holdfast/worker/worker.hpp>

#include "postgres_fixture.hpp"

// Limits under fire: many claimers, workers that die, rates in the database's time. What is asserted are times and
// counts that the database recorded, never how long something took.
namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

struct Job {
  std::string key;
};
BOOST_DESCRIBE_STRUCT(Job, (), (key))

const Activity<Job> visit{"visit", {.start_to_close = 60s, .retry = {.initial_interval = 10ms}}};
const WorkflowType<Job, Nothing> kVisit{"Visit", "default"};
Workflow<Nothing> visit_once(Context ctx, Job job) { co_return co_await ctx.run(visit.with_limit_key(job.key), job); }

class PostgresLimits : public PostgresFixture {
 protected:
  PostgresLimits() {
    execute("CREATE TABLE visits (key text, began timestamptz, entered timestamptz, ended timestamptz)");
    registry_.add(kVisit, visit_once);
    registry_.add(visit, [this](const Job& job, worker::ActivityContext& context) {
      pqxx::connection connection(connection_string());
      pqxx::nontransaction transaction(connection);
      // What a rate counts is the claim; what is never more than the limit at once is what runs after it.
      const auto row = transaction.exec_params1(
          "SELECT started_at::text, clock_timestamp()::text FROM holdfast.activity_tasks WHERE run_id = $1 AND seq = "
          "$2",
          context.info().run_id.to_string(), static_cast<int>(context.info().seq));
      transaction.exec("SELECT pg_sleep(0.002)");
      transaction.exec_params("INSERT INTO visits VALUES ($1, $2::timestamptz, $3::timestamptz, clock_timestamp())",
                              job.key, row[0].as<std::string>(), row[1].as<std::string>());
      return Nothing{};
    });
  }

  worker::WorkerOptions options() const {
    worker::WorkerOptions options;
    options.lanes = 1;
    options.activity_threads = 8;
    options.idle_poll = 50ms;
    options.lease = 1s;
    options.log = [](std::string_view, std::string_view) {};
    return options;
  }
  std::vector<client::RunHandle<Nothing>> start(const client::Client& client, const std::string& key, int count) {
    std::vector<client::RunHandle<Nothing>> runs;
    for (int i = 0; i < count; ++i) runs.push_back(client.start(kVisit, key + "#" + std::to_string(i), {key}));
    return runs;
  }
  /// The largest number of visits of a key at one time; an attempt frees its place only after it wrote its end.
  int most_at_once(const std::string& key) {
    return std::stoi(
        ask("SELECT coalesce(max(n), 0) FROM (SELECT (SELECT count(*) FROM visits b WHERE b.key = a.key AND "
            "b.entered <= a.entered AND b.ended > a.entered) AS n FROM visits a WHERE a.key = '" +
            key + "') x"));
  }

  worker::Registry registry_;
};

TEST_F(PostgresLimits, ThreeWorkersKeepTheLimitOfEachKey) {
  const auto store = open({.pool_size = 8});
  store->limits().set_limit({{LimitScope::key, "site/*"}, {.max_concurrent = 2}, "", "", ""});
  const client::Client client(*store);
  std::vector<client::RunHandle<Nothing>> runs;
  for (const auto* key : {"site/a", "site/b", "free"})
    std::ranges::move(start(client, key, 40), std::back_inserter(runs));
  std::vector<std::unique_ptr<worker::Worker>> workers;
  for (int i = 0; i < 3; ++i) {
    workers.push_back(std::make_unique<worker::Worker>(*store, registry_, options()));
    workers.back()->start();
  }
  for (auto& run : runs) run.result(60s);
  EXPECT_LE(most_at_once("site/a"), 2);
  EXPECT_LE(most_at_once("site/b"), 2);
  EXPECT_EQ(ask("SELECT count(*) FROM visits"), "120");
}

TEST_F(PostgresLimits, ARateIsNeverExceededInAnyWindow) {
  const auto store = open({.pool_size = 8});
  const LimitRule rule{.rate = 50, .per = 1s, .burst = 5};
  store->limits().set_limit({{LimitScope::key, "api"}, rule, "", "", ""});
  const client::Client client(*store);
  auto runs = start(client, "api", 40);
  worker::Worker one(*store, registry_, options()), two(*store, registry_, options());
  one.start();
  two.start();
  for (auto& run : runs) run.result(60s);
  // GCRA: of the starts in a window of any length w, at most burst + w / step.
  EXPECT_EQ(ask("SELECT count(*) FROM visits a JOIN visits b ON b.began >= a.began WHERE (SELECT count(*) FROM visits "
                "c WHERE "
                "c.began BETWEEN a.began AND b.began) > 5 + extract(epoch FROM b.began - a.began) / 0.02"),
            "0");
  EXPECT_EQ(ask("SELECT count(*) FROM visits"), "40");
}

TEST_F(PostgresLimits, PlacesOfAWorkerThatDiedAreFreeAfterItsLease) {
  const auto store = open({.pool_size = 8});
  store->limits().set_limit({{LimitScope::key, "site"}, {.max_concurrent = 2}, "", "", ""});
  store->limits().set_limit({{LimitScope::queue, "default"}, {.max_concurrent = 2}, "", "", ""});
  const client::Client client(*store);
  auto runs = start(client, "site", 6);
  worker::Worker worker(*store, registry_, options());
  // A worker that takes every place there is, and is never heard of again.
  const std::vector<std::string> queues{"default"};
  const auto dead = store->register_worker(worker_info(1min));
  auto lane = store->open_lane(dead);
  const auto claims = claim(*lane);
  ASSERT_EQ(claims.size(), 6u);
  auto step = lane->begin_step();
  CommitBatch batch;
  for (const auto& run : claims) {
    auto commit =
        append(run.run_id, 1,
               {event::WorkflowStarted{}, event::ActivityScheduled{1, "visit", R"({"key":"site"})", "default"}});
    commit.at = step->now();
    commit.next = NextState::parked;
    NewActivityTask task;
    task.seq = 1;
    task.activity = "visit";
    task.task_queue = "default";
    task.input = R"({"key":"site"})";
    task.options = visit.options;
    task.options.limit_key = "site";
    task.scheduled_at = step->now();
    commit.new_tasks.push_back(task);
    batch.runs.push_back(std::move(commit));
  }
  step->commit(batch);
  ASSERT_EQ(store->claim_activities(dead, queues, 10).size(), 2u);
  ASSERT_TRUE(store->claim_activities(dead, queues, 10).empty());
  execute("UPDATE holdfast.workers SET lease_until = now() WHERE worker_id = " + std::to_string(dead));
  worker.start();
  for (auto& run : runs) run.result(60s);
  EXPECT_EQ(ask("SELECT count(*) FROM visits"), "6");
  EXPECT_LE(most_at_once("site"), 2);
}

TEST_F(PostgresLimits, ClaimersThatRaceNeverTakeMoreThanThereIs) {
  constexpr int kTasks = 300, kMost = 3;
  const auto store = open({.pool_size = 10});
  execute(
      "INSERT INTO holdfast.activity_tasks (run_id, seq, ready_at, scheduled_at, namespace, workflow_id, task_queue, "
      "activity, "
      "input, options, limit_key) SELECT holdfast.uuid_v7(), 1, now() - n * interval '1 ms', now(), 'default', 'w', "
      "'default', "
      "'visit', '{}', json_build_object('limit_key', 'k/' || n % 3), 'k/' || n % 3 FROM generate_series(1, 300) n");
  store->limits().set_limit({{LimitScope::key, "k/*"}, {.max_concurrent = kMost}, "", "", ""});
  store->limits().set_limit({{LimitScope::queue, "default"}, {.max_concurrent = 2 * kMost}, "", "", ""});
  std::map<std::string, std::atomic<int>> running;
  for (const auto* key : {"k/0", "k/1", "k/2", "all"}) running[key] = 0;
  std::atomic<int> done = 0, most_of_key = 0, most = 0;
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  const auto raise = [](std::atomic<int>& top, int now) {
    for (int seen = top; now > seen && !top.compare_exchange_weak(seen, now);) {}
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      const std::vector<std::string> queues{"default"};
      const auto worker = store->register_worker(worker_info());
      while (done < kTasks && std::chrono::steady_clock::now() < deadline) {
        const auto tasks = store->claim_activities(worker, queues, 4);
        std::vector<ActivityOutcome> outcomes;
        for (const auto& task : tasks) {
          raise(most_of_key, ++running.at(task.options.limit_key));
          raise(most, ++running.at("all"));
          ActivityOutcome outcome;
          outcome.key = task.key;
          outcome.worker = worker;
          outcome.kind = ActivityOutcome::Kind::retry;  // their runs do not exist
          outcome.retry_delay = 1h;
          outcome.limit_key = task.options.limit_key;
          outcome.limited_queue = task.task_queue;
          outcomes.push_back(outcome);
        }
        std::this_thread::yield();
        for (const auto& task : tasks) {
          --running.at(task.options.limit_key);
          --running.at("all");
        }
        // A row that another claimer holds at this moment is finished with the next try, as workers do it.
        while (!outcomes.empty()) {
          const auto report = store->finish_activities(outcomes);
          done += static_cast<int>(outcomes.size() - report.busy.size()) - report.dropped;
          std::erase_if(outcomes,
                        [&](const auto& o) { return std::ranges::find(report.busy, o.key) == report.busy.end(); });
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, kTasks);
  EXPECT_LE(most_of_key, kMost);
  EXPECT_LE(most, 2 * kMost);
}

TEST_F(PostgresLimits, TheRateInSqlIsTheRateInCode) {
  const auto store = open();
  for (int i = 0; i < 200; ++i) {
    const auto pick = [&](std::int64_t least, std::int64_t most) {
      return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
    };
    LimitRule rule{.rate = static_cast<int>(pick(1, 5000)),
                   .per = Duration(pick(1'000, 100'000'000)),
                   .burst = static_cast<int>(pick(1, 20))};
    store->limits().set_limit({{LimitScope::key, "k"}, rule, "", "", ""});
    const auto ahead = pick(-50'000'000, 200'000'000);
    execute(
        "INSERT INTO holdfast.limit_gates (scope, name, full_at) VALUES ('key', 'k', "
        "'2026-01-01T00:00:00Z'::timestamptz + " +
        std::to_string(ahead) +
        " * interval '1 us') ON CONFLICT (shard, scope, name) DO UPDATE SET full_at = excluded.full_at");
    const auto now = parse_rfc3339("2026-01-01T00:00:00Z");
    const LimitRate rate(rule);
    EXPECT_EQ(ask("SELECT tokens FROM holdfast.limit_use('key', 'k', '2026-01-01T00:00:00Z')"),
              std::to_string(rate.tokens(now + Duration(ahead), now)))
        << *rule.rate << " per " << rule.per.count() << " us, burst " << *rule.burst << ", ahead " << ahead;
  }
}

TEST_F(PostgresLimits, SqlFunctionsCheckWhatTheyAreGiven) {
  const auto refused = [&](const std::string& call, const std::string& words) {
    try {
      execute("SELECT " + call);
      ADD_FAILURE() << call << " was taken";
    } catch (const pqxx::sql_error& error) {
      EXPECT_EQ(error.sqlstate(), "22023") << call;
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  refused("holdfast.set_limit('row', 'k', 1)", "scope is \"row\", allowed are queue and key");
  refused("holdfast.set_limit(NULL, 'k', 1)", "scope is null");
  refused("holdfast.set_limit('key', '', 1)", "name is empty");
  refused("holdfast.set_limit('key', 'a*', 1)", "name is \"a*\"");
  refused("holdfast.set_limit('key', 'k')", "max_concurrent and rate are null");
  refused("holdfast.set_limit('key', 'k', -1)", "max_concurrent is -1");
  refused("holdfast.set_limit('key', 'k', rate => 0)", "rate is 0");
  refused("holdfast.set_limit('key', 'k', 1, per => '1 min')", "without a rate");
  refused("holdfast.set_limit('key', 'k', rate => 1, per => '0 s')", "per is 00:00:00");
  refused("holdfast.set_limit('key', 'k', rate => 1, burst => 0)", "burst is 0");
  execute(
      "SELECT holdfast.set_limit('key', 'k/*', 5, reason => 'slow'), holdfast.set_limit('queue', 'q *', rate => 90, "
      "per => '1 min')");
  EXPECT_EQ(ask("SELECT string_agg(scope || ' ' || name || ' ' || coalesce(max_concurrent, burst), ', ' ORDER BY name) "
                "FROM holdfast.limit_status"),
            "key k/* 5, queue q * 1");
  EXPECT_EQ(ask("SELECT holdfast.delete_limit('key', 'k/*')::text || holdfast.delete_limit('key', 'k/*')::text"),
            "truefalse");
}

TEST_F(PostgresLimits, MaintenanceForgetsKeysThatAreIdleAndNoOthers) {
  const auto store = open();
  execute(
      "INSERT INTO holdfast.limit_gates (scope, name, full_at) VALUES ('key', 'idle', '-infinity'), ('key', 'used up', "
      "now() + "
      "interval '1 h'), ('key', 'waiting', '-infinity'), ('key', 'running', '-infinity')");
  execute(
      "INSERT INTO holdfast.limit_lines (task_queue, limit_key, look_at) VALUES ('q', 'idle', 'infinity'), ('q', "
      "'waiting', now())");
  execute(
      "INSERT INTO holdfast.activity_tasks (run_id, seq, ready_at, scheduled_at, namespace, workflow_id, task_queue, "
      "activity, "
      "input, options, limit_key, owner) VALUES (holdfast.uuid_v7(), 1, 'infinity', now(), 'd', 'w', 'q', 'a', '{}', "
      "'{}', 'running', 1)");
  store->maintain();
  EXPECT_EQ(ask("SELECT string_agg(name, ', ' ORDER BY name) FROM holdfast.limit_gates"), "running, used up, waiting");
  EXPECT_EQ(ask("SELECT string_agg(limit_key, ', ') FROM holdfast.limit_lines"), "waiting");
}

}  // namespace
}  // namespace holdfast::test
