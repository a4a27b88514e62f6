-- Activities that do not run from their owner's memory, and the workers with their leases.

CREATE TABLE holdfast.activity_tasks (
  shard             smallint    NOT NULL DEFAULT 0,
  cancel_requested  boolean     NOT NULL DEFAULT false,
  seq               integer     NOT NULL,
  run_id            uuid        NOT NULL,
  attempt           integer     NOT NULL DEFAULT 0,
  max_attempts      integer     NOT NULL DEFAULT 0,
  ready_at          timestamptz NOT NULL,
  scheduled_at      timestamptz NOT NULL,
  started_at        timestamptz,
  owner             bigint,
  -- The next timeout that applies, and which one it is; recomputed from the four limits below at every change.
  timeout_at        timestamptz,
  timeout_kind      text,
  close_by          timestamptz,
  start_to_close    interval,
  schedule_to_start interval,
  heartbeat         interval,
  namespace         text        NOT NULL,
  workflow_id       text        NOT NULL,
  task_queue        text,
  activity          text        NOT NULL,
  input             json        NOT NULL,
  options           json        NOT NULL,
  heartbeat_details json,
  last_failure      json
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON COLUMN holdfast.activity_tasks.task_queue IS 'NULL: a transactional activity, which only its run''s owner runs';
CREATE INDEX activity_tasks_claimable ON holdfast.activity_tasks (shard, task_queue, ready_at) WHERE owner IS NULL;
CREATE INDEX activity_tasks_timeouts ON holdfast.activity_tasks (shard, timeout_at) WHERE timeout_at IS NOT NULL;
CREATE INDEX activity_tasks_owned ON holdfast.activity_tasks (shard, owner) WHERE owner IS NOT NULL;
ALTER TABLE holdfast.activity_tasks ADD CONSTRAINT activity_tasks_pkey PRIMARY KEY (shard, run_id, seq);

CREATE TABLE holdfast.workers (
  worker_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  started_at  timestamptz NOT NULL DEFAULT now(),
  lease_until timestamptz NOT NULL,
  -- Taken over or released. The row stays for some seconds more: see take_over_expired in the store.
  ended_at    timestamptz,
  identity    text        NOT NULL,
  version     text        NOT NULL,
  task_queues text[]      NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
