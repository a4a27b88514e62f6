#include <algorithm>

#include <holdfast/store/postgres/lane_session.hpp>
#include <holdfast/store/postgres/rotated.hpp>

namespace holdfast::store::postgres {

// One index range per (priority, queue), in that order; each range starts at its bound. The planner cannot merge or
// reorder them, and stops at the first `limit` rows. Of several queues each comes first in its turn.
const Statement kClaimRuns{"claim_runs",
                           R"sql(
WITH due AS MATERIALIZED (
  SELECT c.run_id, c.ready_at, c.fresh, c.rung
    FROM unnest($1::smallint[], $2::text[], $3::timestamptz[]) AS range (priority, queue, bound)
    CROSS JOIN LATERAL (
      SELECT l.run_id, l.ready_at, l.fresh, l.rung FROM holdfast.live_runs l
       WHERE l.shard = 0 AND l.task_queue = range.queue AND l.priority = range.priority AND l.owner IS NULL
         AND l.ready_at > range.bound AND l.ready_at <= now()
       ORDER BY l.ready_at LIMIT $4::bigint FOR UPDATE SKIP LOCKED) c
   LIMIT $4::bigint),
taken AS (
  UPDATE holdfast.live_runs l SET owner = $5::bigint, ready_at = 'infinity', claims = l.claims + 1, fresh = false, rung = false,
         quarantined = false
    FROM due WHERE l.shard = 0 AND l.run_id = due.run_id
  RETURNING l.run_id, l.priority, l.claims, l.task_failures, l.takeovers, due.ready_at, due.fresh, due.rung)
SELECT t.run_id, r.namespace, r.workflow_id, r.workflow_type, r.task_queue, r.input,
       )sql" HOLDFAST_MICROS("r.started_at") R"sql(, t.fresh, t.rung, t.claims, t.task_failures,
       )sql" HOLDFAST_MICROS("r.deadline") R"sql(, t.priority, )sql" HOLDFAST_MICROS(
                               "t.ready_at") R"sql(, r.parent_run_id, r.parent_seq, r.scheduled, t.takeovers
  FROM taken t
  CROSS JOIN LATERAL (SELECT * FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = t.run_id LIMIT 1) r
 ORDER BY t.priority, t.ready_at)sql"};

namespace {

ClaimedRun read_claim(const pqxx::row& row) {
  ClaimedRun run;
  run.run_id = uuid(row[0]);
  run.namespace_ = text(row[1]);
  run.workflow_id = text(row[2]);
  run.workflow_type = text(row[3]);
  run.task_queue = text(row[4]);
  run.input = text(row[5]);
  run.started_at = time_of(row[6]);
  run.fresh = boolean(row[7]);
  run.rung = boolean(row[8]);
  run.claims = integer(row[9]);
  run.task_failures = small(row[10]);
  run.deadline = optional_time(row[11]);
  run.priority = small(row[12]);
  run.parent_run_id = optional_uuid(row[14]);
  run.parent_seq = static_cast<CommandSeq>(integer(row[15]));
  run.scheduled = text(row[16]);
  run.takeovers = small(row[17]);
  return run;
}

}  // namespace

std::vector<ClaimedRun> PostgresStep::claim_runs(const ClaimRequest& request) {
  if (request.task_queues.empty() || request.limit <= 0) return {};
  lane_.bound.begin_claim(request.full_sweep);
  const RunRanges ranges = run_ranges(lane_.bound, rotated(request.task_queues, lane_.claims_made++));
  return guarded([&] {
    const auto rows = run(kClaimRuns, {ranges.priorities, ranges.queues, ranges.bounds, bigint_parameter(request.limit),
                                       bigint_parameter(lane_.worker)});
    std::vector<ClaimedRun> claims;
    claims.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto& row : rows) {
      claims.push_back(read_claim(row));
      lane_.bound.claimed(claims.back().task_queue, small(row[12]), time_of(row[13]));
      lane_.shared->run_claimed(claims.back().task_queue, small(row[12]), time_of(row[13]));
    }
    return claims;
  });
}

}  // namespace holdfast::store::postgres
