-- Statistics from the first day for what 0028 added (see 0008): of tasks with keys, gates and lines.
DO $$
BEGIN
  LOCK TABLE holdfast.activity_tasks IN ACCESS EXCLUSIVE MODE;
  IF NOT EXISTS (SELECT FROM holdfast.activity_tasks) THEN
    INSERT INTO holdfast.activity_tasks (run_id, seq, ready_at, scheduled_at, owner, namespace, workflow_id, task_queue,
                                         activity, input, options, limit_key, in_line, queue_limited)
    SELECT holdfast.uuid_v7(), 1, now() + n * interval '1 s', now(), CASE WHEN n % 2 = 0 THEN n % 4 END, 'default',
           'example-' || n, 'default', 'example', '{}', '{}', CASE WHEN n % 4 < 2 THEN 'example/' || n END, n % 3 = 0,
           n % 5 = 0
      FROM generate_series(1, 3000) n;
    ANALYZE holdfast.activity_tasks;
    TRUNCATE holdfast.activity_tasks;
  END IF;
END
$$;
-- The tables are new: there is nothing in them yet.
INSERT INTO holdfast.limit_gates (scope, name, look_at)
SELECT 'key', 'example/' || n, now() + n * interval '1 s' FROM generate_series(1, 3000) n;
INSERT INTO holdfast.limit_lines (task_queue, limit_key, look_at)
SELECT 'default', 'example/' || n, now() + n * interval '1 s' FROM generate_series(1, 3000) n;
INSERT INTO holdfast.limits (scope, name, max_concurrent)
SELECT 'key', 'example/' || n, 1 FROM generate_series(1, 3000) n;
ANALYZE holdfast.limit_gates, holdfast.limit_lines, holdfast.limits;
TRUNCATE holdfast.limit_gates, holdfast.limit_lines, holdfast.limits;
