#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "bench_workflows.hpp"
#include "engine_under_test.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Everything is due in this second, which lies far enough ahead for the rows to be there before.
void insert_schedules(const Database& database, std::int64_t count) {
  database.execute(fmt::format(R"sql(
    INSERT INTO holdfast.schedules (namespace, schedule_id, since, next_at, definition, input)
    SELECT 'default', 'schedule-' || n, t - interval '1 minute', t,
           json_build_object('workflow_type', '{}', 'task_queue', '{}', 'spec', json_build_object('cron', json_build_array(
             to_char(t AT TIME ZONE 'UTC', 'SS MI HH24 DD MM "*" YYYY')))), '{}'
      FROM generate_series(1, {}) n, (SELECT date_trunc('second', now()) + interval '{} s' AS t) at)sql",
                               kJob.name, kJob.task_queue, holdfast::encode(Text{.text = "hello"}), count,
                               10 + count / 3000));
  database.settle();
}

Figures measure(Bench& bench) {
  const auto count = bench.settings.runs_or(60'000);
  const Database database(bench.server);
  insert_schedules(database, count);
  EngineUnderTest engine(database.runtime_url(), bench.settings);
  auto due_in = engine.client().store().peek({}, {}).schedule_due_in.value_or(holdfast::Duration(0));
  if (due_in == 0s) throw std::runtime_error("the schedules were due before the measurement began");
  engine.start();
  std::this_thread::sleep_for(due_in);
  const auto due = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - due).count(); };
  while (engine.stats().scheduled_starts < count) {
    if (seconds() > 300)
      throw std::runtime_error(fmt::format("only {} of {} started", engine.stats().scheduled_starts.load(), count));
    std::this_thread::sleep_for(5ms);
  }
  Figures figures;
  figures.set("all_started_s", seconds());
  figures.set("starts_per_s", static_cast<double>(count) / seconds());
  engine.wait_closed(count);
  figures.set("all_ended_s", seconds());
  return figures;
}

}  // namespace

Report schedules(Bench& bench) {
  Report report{.scenario = "schedules", .repeats = {}, .remarks = {}};
  report.remarks.emplace_back("one worker fires them and runs what they start: runs of one activity");
  for (int i = 0; i < bench.settings.repeat; ++i) report.repeats.push_back(measure(bench));
  return report;
}

}  // namespace bench
