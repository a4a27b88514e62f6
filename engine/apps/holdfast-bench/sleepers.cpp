#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <pqxx/pqxx>

#include "bench_workflows.hpp"
#include "beside_empty.hpp"
#include "floor.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;

void add_sleeping_runs(const Database& database, std::int64_t count) {
  database.execute(fmt::format(R"(
    WITH n AS MATERIALIZED (SELECT n, holdfast.uuid_v7() AS run_id FROM generate_series(1, {}) AS n),
    live AS (
      INSERT INTO holdfast.live_runs (shard, run_id, namespace, workflow_id, task_queue, priority, ready_at, fresh, claims, waiting_for)
      SELECT 0, run_id, 'default', 'asleep-' || n, 'default', 3, now() + interval '1 day' + n * interval '1 second', false, 1, 'timer' FROM n)
    INSERT INTO holdfast.runs (shard, run_id, namespace, workflow_id, workflow_type, task_queue, input, started_at)
    SELECT 0, run_id, 'default', 'asleep-' || n, 'Sleeper', 'default', '{{"milliseconds":86400000}}', now() FROM n)",
                               count));
}

std::int64_t transactions(const Database& database) {
  pqxx::connection connection(database.url());
  pqxx::nontransaction session(connection);
  return session.exec1("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")[0]
      .as<std::int64_t>();
}

/// Transactions per second of a worker that has nothing to do.
double idle_queries(Bench& bench, const Database& database) {
  EngineUnderTest engine(database.runtime_url(), bench.settings);
  engine.start();
  std::this_thread::sleep_for(5s);
  const auto before = transactions(database);
  constexpr auto kTime = 10s;
  std::this_thread::sleep_for(kTime);
  return (static_cast<double>(transactions(database) - before) - 1) / static_cast<double>(kTime.count());
}

/// How late short timers fire among the long ones, in milliseconds.
Durations lateness(Bench& bench, const Database& database, std::int64_t first, std::int64_t runs) {
  EngineUnderTest engine(database.runtime_url(), bench.settings);
  engine.start();
  drive(
      engine, first, runs,
      [](std::int64_t n) {
        return holdfast::client::Client::request(kSleeper, "sleeper-" + std::to_string(n),
                                                 {.milliseconds = 3000 + n * 7919 % 7000});
      },
      runs);
  pqxx::connection connection(database.url());
  pqxx::nontransaction session(connection);
  const auto rows = session.exec(R"(
    SELECT extract(epoch FROM r.closed_at - (e.event ->> 'fire_at')::timestamptz) * 1000
      FROM holdfast.runs r JOIN holdfast.events e ON e.run_id = r.run_id AND e.type = 'TimerStarted'
     WHERE r.workflow_type = 'Sleeper' AND r.status = 'completed')");
  Durations out;
  for (const auto& row : rows) out.add(row[0].as<double>());
  return out;
}

}  // namespace

Report sleepers(Bench& bench) {
  Report report{.scenario = "sleepers", .repeats = {}, .remarks = {}};
  report.remarks.emplace_back(
      "a million runs are parked with timers of more than a day; runs_per_s is that of one-activity runs "
      "beside them, in turns with an empty database; p50_ms and p99_ms are how late 2,000 timers of 3 to "
      "10 s fired; idle_queries_per_s counts every transaction of an idle worker");
  const std::int64_t asleep = bench.settings.runs_or(1'000'000);
  warm_up(bench);
  const Database full(bench.server);
  add_sleeping_runs(full, asleep);
  full.settle();
  report.repeats = beside_empty(bench, full, std::min<std::int64_t>(20'000, asleep / 10));
  const double idle = idle_queries(bench, full);
  const Durations late = lateness(bench, full, 0, 2000);
  for (auto& figures : report.repeats) {
    figures.set("idle_queries_per_s", idle);
    figures.set("p50_ms", late.quantile(0.5));
    figures.set("p99_ms", late.quantile(0.99));
  }
  return report;
}

}  // namespace bench
