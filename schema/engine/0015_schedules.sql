-- Schedules: what starts runs by the clock. docs/schedules.md explains them, schema/README.md the columns.
CREATE TABLE holdfast.schedules (
  shard             smallint    NOT NULL DEFAULT 0,
  paused            boolean     NOT NULL DEFAULT false,
  waiting           boolean     NOT NULL DEFAULT false,
  next_at           timestamptz NOT NULL DEFAULT now(),
  since             timestamptz NOT NULL DEFAULT now(),
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(),
  version           bigint      NOT NULL DEFAULT 1,
  remaining_actions bigint,
  namespace         text        NOT NULL,
  schedule_id       text        NOT NULL,
  origin            text        NOT NULL DEFAULT '',
  note              text        NOT NULL DEFAULT '',
  error             text,
  definition        json        NOT NULL,
  input             json        NOT NULL DEFAULT '{}',
  memo              jsonb,
  search_attributes jsonb,
  requests          jsonb       NOT NULL DEFAULT '[]',
  watched           json        NOT NULL DEFAULT '[]',
  state             json        NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE holdfast.schedules ALTER COLUMN shard SET (n_distinct = 1);
CREATE INDEX schedules_due ON holdfast.schedules (shard, next_at);
ALTER TABLE holdfast.schedules ADD CONSTRAINT schedules_pkey PRIMARY KEY (shard, namespace, schedule_id);

-- What a run knows of the schedule that started it: {"schedule_id", "scheduled_at", "last_result", "last_failure"}.
ALTER TABLE holdfast.runs ADD COLUMN scheduled json;

GRANT SELECT, INSERT, UPDATE, DELETE ON holdfast.schedules TO holdfast_runtime;
