-- The directory of runs, the control rows of open runs, and their messages. schema/README.md explains each column.
-- Every key starts with `shard`: it is 0 on one server, and the distribution key where the schema is distributed.
CREATE SCHEMA IF NOT EXISTS holdfast;

CREATE TABLE holdfast.namespaces (
  name       text        PRIMARY KEY,
  retention  interval    NOT NULL DEFAULT interval '90 days',
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO holdfast.namespaces (name) VALUES ('default');

-- One row per run, for ever. Inserted at the start, updated once at the close.
CREATE TABLE holdfast.runs (
  shard             smallint    NOT NULL DEFAULT 0,
  run_id            uuid        NOT NULL,
  started_at        timestamptz NOT NULL,
  closed_at         timestamptz,
  deadline          timestamptz,
  exclusive         boolean     NOT NULL DEFAULT false,
  namespace         text        NOT NULL,
  workflow_id       text        NOT NULL,
  workflow_type     text        NOT NULL,
  task_queue        text        NOT NULL,
  status            text        NOT NULL DEFAULT 'running',
  input             json        NOT NULL,
  result            json,
  failure           json,
  memo              jsonb,
  search_attributes jsonb
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1);
CREATE INDEX runs_by_workflow_id ON holdfast.runs (shard, namespace, workflow_id, run_id DESC);
-- Started with reject_duplicate: at most one for ever, also when the first closes between a second's check and insert.
CREATE UNIQUE INDEX runs_exclusive ON holdfast.runs (shard, namespace, workflow_id) WHERE exclusive;
-- Primary keys come last: of equally cheap indexes the planner takes the youngest (see schema/README.md, plans).
ALTER TABLE holdfast.runs ADD CONSTRAINT runs_pkey PRIMARY KEY (shard, run_id);

-- One narrow row per open run.
CREATE TABLE holdfast.live_runs (
  shard          smallint    NOT NULL DEFAULT 0,
  priority       smallint    NOT NULL,
  takeovers      smallint    NOT NULL DEFAULT 0,
  rung           boolean     NOT NULL DEFAULT false,
  fresh          boolean     NOT NULL DEFAULT true,
  quarantined    boolean     NOT NULL DEFAULT false,
  run_id         uuid        NOT NULL,
  ready_at       timestamptz NOT NULL,
  owner          bigint,
  takeover_event bigint,
  claims         integer     NOT NULL DEFAULT 0,
  task_failures  integer     NOT NULL DEFAULT 0,
  namespace      text        NOT NULL,
  workflow_id    text        NOT NULL,
  task_queue     text        NOT NULL,
  waiting_for    text,
  task_failure   text
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX live_runs_claimable ON holdfast.live_runs (shard, task_queue, priority, ready_at) WHERE owner IS NULL;
-- What a worker owns, and of that what was rung: both questions from one index.
CREATE INDEX live_runs_owned ON holdfast.live_runs (shard, owner, rung) WHERE owner IS NOT NULL;
CREATE UNIQUE INDEX live_runs_workflow_id ON holdfast.live_runs (shard, namespace, workflow_id);
ALTER TABLE holdfast.live_runs ADD CONSTRAINT live_runs_pkey PRIMARY KEY (shard, run_id);

-- One row per message that its run has not consumed yet.
CREATE TABLE holdfast.inbox (
  shard      smallint    NOT NULL DEFAULT 0,
  attempt    smallint    NOT NULL DEFAULT 0,
  seq        integer     NOT NULL DEFAULT 0,
  run_id     uuid        NOT NULL,
  inbox_id   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
  message_id uuid        NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(),
  kind       text        NOT NULL CHECK (kind IN ('signal', 'cancel', 'activity_completed', 'activity_failed')),
  name       text        NOT NULL,
  payload    json        NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE holdfast.inbox ADD CONSTRAINT inbox_pkey PRIMARY KEY (shard, run_id, inbox_id);
