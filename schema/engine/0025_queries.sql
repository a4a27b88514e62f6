-- Queries: questions to runs, which any worker that knows the run's code answers from the history. Rows live for
-- moments, and who asks can ask again: not worth a line in the log of the server.
CREATE UNLOGGED TABLE holdfast.queries (
  shard         smallint    NOT NULL DEFAULT 0,
  -- Asked by workflow id: goes on with the next run of a chain.
  follows       boolean     NOT NULL,
  query_id      uuid        NOT NULL,
  run_id        uuid        NOT NULL,
  asked_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  deadline      timestamptz NOT NULL,
  -- When somebody may take it (again).
  look_at       timestamptz NOT NULL DEFAULT now(),
  answered_at   timestamptz,
  task_queue    text        NOT NULL,
  workflow_type text        NOT NULL,
  name          text        NOT NULL,
  input         json        NOT NULL,
  result        json,
  failure       json,
  note          text
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX queries_due ON holdfast.queries (shard, task_queue, look_at) WHERE answered_at IS NULL;
ALTER TABLE holdfast.queries ADD CONSTRAINT queries_pkey PRIMARY KEY (shard, query_id);
ALTER TABLE holdfast.queries ALTER COLUMN shard SET (n_distinct = 1);

GRANT SELECT, INSERT, UPDATE, DELETE ON holdfast.queries TO holdfast_runtime;
