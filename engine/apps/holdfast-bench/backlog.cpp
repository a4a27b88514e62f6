#include <fmt/format.h>

#include "beside_empty.hpp"
#include "floor.hpp"

namespace bench {
namespace {

void add_ready_runs(const Database& database, std::int64_t count) {
  database.execute(fmt::format(R"(
    WITH n AS MATERIALIZED (SELECT n, holdfast.uuid_v7() AS run_id FROM generate_series(1, {}) AS n),
    live AS (
      INSERT INTO holdfast.live_runs (shard, run_id, namespace, workflow_id, task_queue, priority, ready_at)
      SELECT 0, run_id, 'default', 'waiting-' || n, 'default', 3, now() - interval '1 hour' + n * interval '1 millisecond' FROM n)
    INSERT INTO holdfast.runs (shard, run_id, namespace, workflow_id, workflow_type, task_queue, input, started_at)
    SELECT 0, run_id, 'default', 'waiting-' || n, 'Job', 'default', '{{"text":"hello"}}', now() FROM n)",
                               count));
}

}  // namespace

Report backlog(Bench& bench) {
  Report report{.scenario = "backlog", .repeats = {}, .remarks = {}};
  report.remarks.emplace_back(
      "one-activity runs are taken off a queue of a million ready ones, while as many are started; beside "
      "the same in an empty database, in turns");
  const std::int64_t waiting = bench.settings.runs_or(1'000'000);
  warm_up(bench);
  const Database full(bench.server);
  add_ready_runs(full, waiting);
  full.settle();
  report.repeats = beside_empty(bench, full, waiting / 10);
  return report;
}

}  // namespace bench
