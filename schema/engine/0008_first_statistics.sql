-- Statistics from the first day. Without any, the planner takes `shard = 0` for a rare value and joins batches with
-- "all rows of the shard" instead of looking each run up, until the first ANALYZE minutes later. So each table is filled
-- with what a busy hour looks like, analyzed, and emptied; ANALYZE keeps the statistics of an empty table.
INSERT INTO holdfast.runs (run_id, started_at, closed_at, namespace, workflow_id, workflow_type, task_queue, status, input)
SELECT holdfast.uuid_v7(), now(), CASE WHEN n % 10 > 0 THEN now() END, 'default', 'example-' || n, 'Example', 'default',
       CASE WHEN n % 10 > 0 THEN 'completed' ELSE 'running' END, '{}'
  FROM generate_series(1, 3000) n;
INSERT INTO holdfast.live_runs (run_id, priority, ready_at, owner, fresh, claims, namespace, workflow_id, task_queue)
SELECT holdfast.uuid_v7(), 3, now() + n * interval '1 s', CASE WHEN n % 2 = 0 THEN n % 4 END, false, 1, 'default',
       'example-' || n, 'default'
  FROM generate_series(1, 3000) n;
INSERT INTO holdfast.inbox (run_id, message_id, kind, name, payload)
SELECT holdfast.uuid_v7(), holdfast.uuid_v7(), 'signal', 'example', '{}' FROM generate_series(1, 3000) n;
INSERT INTO holdfast.activity_tasks (run_id, seq, ready_at, scheduled_at, owner, namespace, workflow_id, task_queue,
                                     activity, input, options)
SELECT holdfast.uuid_v7(), 1, now() + n * interval '1 s', now(), CASE WHEN n % 2 = 0 THEN n % 4 END, 'default',
       'example-' || n, 'default', 'example', '{}', '{}'
  FROM generate_series(1, 3000) n;
ANALYZE holdfast.runs, holdfast.live_runs, holdfast.inbox, holdfast.activity_tasks;
TRUNCATE holdfast.runs, holdfast.live_runs, holdfast.inbox, holdfast.activity_tasks;
