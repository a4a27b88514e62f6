#include <holdfast/store/postgres/activities.hpp>
#include <holdfast/store/postgres/lane_commit.hpp>

namespace holdfast::store::postgres {

// New rows of a step; a row of the same seq is replaced. A task that starts here is recorded as running from now.
const Statement kWriteTasks{"write_tasks", R"sql(
INSERT INTO holdfast.activity_tasks (
  shard, run_id, seq, namespace, workflow_id, activity, task_queue, input, options, max_attempts, attempt, owner,
  started_at, ready_at, scheduled_at, last_failure, start_to_close, close_by, schedule_to_start, heartbeat,
  limit_key, timeout_at, timeout_kind)
SELECT 0, t.run_id, t.seq, l.namespace, l.workflow_id, t.activity, t.task_queue, t.input, t.options, t.max_attempts,
       t.attempt + t.here::integer, CASE WHEN t.here THEN $17::bigint END, CASE WHEN t.here THEN now() END,
       CASE WHEN t.here THEN 'infinity' ELSE t.ready_at END, t.scheduled_at, t.last_failure,
       t.start_to_close, t.close_by, t.schedule_to_start, t.heartbeat, t.limit_key,
       CASE WHEN t.task_queue IS NULL THEN NULL WHEN t.here THEN )sql" HOLDFAST_RUNNING_TIMEOUT("now()", "now()") R"sql(
            ELSE )sql" HOLDFAST_WAITING_TIMEOUT("t.ready_at") R"sql( END,
       CASE WHEN t.task_queue IS NULL THEN NULL WHEN t.here THEN )sql" HOLDFAST_RUNNING_TIMEOUT_KIND("now()",
                                                                                                     "now()") R"sql(
            ELSE )sql" HOLDFAST_WAITING_TIMEOUT_KIND("t.ready_at") R"sql( END
  FROM (
    SELECT u.*, now() + coalesce(u.delay, 0) * interval '1 microsecond' AS ready_at,
           u.stc * interval '1 microsecond' AS start_to_close,
           u.scheduled_at + u.sch * interval '1 microsecond' AS close_by,
           u.sts * interval '1 microsecond' AS schedule_to_start, u.beat * interval '1 microsecond' AS heartbeat
      FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::json[], $6::json[], $7::integer[],
                  $8::integer[], $9::bool[], $10::bigint[], $11::timestamptz[], $12::json[], $13::bigint[],
                  $14::bigint[], $15::bigint[], $16::bigint[], $18::text[])
             AS u (run_id, seq, activity, task_queue, input, options, max_attempts, attempt, here, delay, scheduled_at,
                   last_failure, stc, sch, sts, beat, limit_key)) t
  CROSS JOIN LATERAL (SELECT l.namespace, l.workflow_id FROM holdfast.live_runs l
                       WHERE l.shard = 0 AND l.run_id = t.run_id LIMIT 1) l
ON CONFLICT (shard, run_id, seq) DO UPDATE SET
  activity = excluded.activity, task_queue = excluded.task_queue, input = excluded.input, options = excluded.options,
  max_attempts = excluded.max_attempts, attempt = excluded.attempt, owner = excluded.owner,
  started_at = excluded.started_at, ready_at = excluded.ready_at, scheduled_at = excluded.scheduled_at,
  last_failure = excluded.last_failure, start_to_close = excluded.start_to_close, close_by = excluded.close_by,
  schedule_to_start = excluded.schedule_to_start, heartbeat = excluded.heartbeat,
  limit_key = excluded.limit_key, in_line = false, timeout_at = excluded.timeout_at,
  timeout_kind = excluded.timeout_kind, cancel_requested = false)sql"};

}  // namespace holdfast::store::postgres
