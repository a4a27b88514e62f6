-- Limits: how many activities of a task queue, or of a key, run at once and start per time. docs/limits.md explains
-- them, schema/README.md the columns.

CREATE TABLE holdfast.limits (
  shard          smallint    NOT NULL DEFAULT 0,
  max_concurrent integer     CHECK (max_concurrent BETWEEN 0 AND 1000000),
  rate           integer     CHECK (rate BETWEEN 1 AND 1000000),
  burst          integer     CHECK (burst BETWEEN 1 AND 1000000),
  per            interval,
  updated_at     timestamptz NOT NULL DEFAULT now(),
  scope          text        NOT NULL CHECK (scope IN ('queue', 'key')),
  name           text        NOT NULL COLLATE "C",
  updated_by     text        NOT NULL DEFAULT '',
  reason         text        NOT NULL DEFAULT '',
  origin         text        NOT NULL DEFAULT '',
  CHECK (max_concurrent IS NOT NULL OR rate IS NOT NULL),
  CHECK ((rate IS NULL) = (per IS NULL) AND (rate IS NULL) = (burst IS NULL)),
  PRIMARY KEY (shard, scope, name)
);
COMMENT ON COLUMN holdfast.limits.name IS 'a task queue; a key; or the default of the keys of a class: class/*';

-- One row per limited queue and per key in use: who holds its lock may start attempts, and nobody else. What runs is
-- counted from activity_tasks; the only state is what no other row says, the time of the rate (full_at, the "theoretical
-- arrival time" of GCRA).
CREATE TABLE holdfast.limit_gates (
  shard   smallint    NOT NULL DEFAULT 0,
  look_at timestamptz NOT NULL DEFAULT '-infinity',
  full_at timestamptz NOT NULL DEFAULT '-infinity',
  scope   text        NOT NULL,
  name    text        NOT NULL COLLATE "C",
  PRIMARY KEY (shard, scope, name)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);
COMMENT ON COLUMN holdfast.limit_gates.look_at IS 'queues: nothing can start before, unless an attempt ends';

-- One row per queue and key with tasks that had to wait, and when to look at them again.
CREATE TABLE holdfast.limit_lines (
  shard      smallint    NOT NULL DEFAULT 0,
  look_at    timestamptz NOT NULL,
  task_queue text        NOT NULL,
  limit_key  text        NOT NULL COLLATE "C"
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX limit_lines_due ON holdfast.limit_lines (shard, task_queue, look_at);
ALTER TABLE holdfast.limit_lines ADD CONSTRAINT limit_lines_pkey PRIMARY KEY (shard, limit_key, task_queue);
ALTER TABLE holdfast.limits ALTER COLUMN shard SET (n_distinct = 1);
ALTER TABLE holdfast.limit_gates ALTER COLUMN shard SET (n_distinct = 1), ALTER COLUMN name SET (n_distinct = -0.9);
ALTER TABLE holdfast.limit_lines ALTER COLUMN shard SET (n_distinct = 1), ALTER COLUMN limit_key SET (n_distinct = -0.9);

ALTER TABLE holdfast.activity_tasks
  ADD COLUMN limit_key     text COLLATE "C",
  -- A waiting task of a key: its line (limit_lines) looks after it.
  ADD COLUMN in_line       boolean NOT NULL DEFAULT false,
  -- A running task counts for the limit of its queue.
  ADD COLUMN queue_limited boolean NOT NULL DEFAULT false;

-- Tasks with a key are in indexes of their own, so that however many of them wait, nobody else's claim passes over them.
DROP INDEX holdfast.activity_tasks_claimable;
CREATE INDEX activity_tasks_claimable ON holdfast.activity_tasks (shard, task_queue, ready_at)
  WHERE owner IS NULL AND limit_key IS NULL;
CREATE INDEX activity_tasks_arrived ON holdfast.activity_tasks (shard, task_queue, ready_at)
  WHERE owner IS NULL AND limit_key IS NOT NULL AND NOT in_line;
CREATE INDEX activity_tasks_lines ON holdfast.activity_tasks (shard, task_queue, limit_key, ready_at)
  WHERE owner IS NULL AND limit_key IS NOT NULL;
CREATE INDEX activity_tasks_running_keys ON holdfast.activity_tasks (shard, limit_key)
  WHERE owner IS NOT NULL AND limit_key IS NOT NULL;
CREATE INDEX activity_tasks_running_queues ON holdfast.activity_tasks (shard, task_queue)
  WHERE owner IS NOT NULL AND queue_limited;

-- Where a limit stands at a time: one row, of nulls if nothing limits that queue or key. `free`: how many may start now,
-- null: any number. The rate is GCRA: a start costs `step`, full_at says until when what was started uses it up, and
-- starts may be ahead of the time by `burst` steps. Steps are rounded up, so that a rate is never exceeded.
CREATE FUNCTION holdfast.limit_use(a_scope text, a_name text, at timestamptz)
  RETURNS TABLE (rule text, max_concurrent integer, running bigint, rate integer, per interval, burst integer,
                 tokens bigint, free bigint, base timestamptz, step interval) LANGUAGE sql STABLE
AS $$
  SELECT l.name, l.max_concurrent, r.running, l.rate, l.per, l.burst, v.tokens,
         least(CASE WHEN l.max_concurrent IS NOT NULL THEN greatest(l.max_concurrent - r.running, 0) END, v.tokens), b.base, s.step
    FROM (SELECT 1) one
    LEFT JOIN LATERAL (
      SELECT x.* FROM holdfast.limits x
       WHERE x.shard = 0 AND x.scope = a_scope
         AND x.name IN (a_name, CASE WHEN a_scope = 'key' THEN regexp_replace(a_name, '[^/]*$', '*') END)
       ORDER BY x.name <> a_name LIMIT 1) l ON true
    LEFT JOIN LATERAL (SELECT x.full_at FROM holdfast.limit_gates x
                        WHERE x.shard = 0 AND x.scope = a_scope AND x.name = a_name LIMIT 1) g ON true
    CROSS JOIN LATERAL (
      SELECT CASE WHEN l.max_concurrent IS NULL THEN NULL
                  WHEN a_scope = 'key' THEN (
                    SELECT count(*) FROM holdfast.activity_tasks t
                     WHERE t.shard = 0 AND t.limit_key = a_name AND t.owner IS NOT NULL)
                  ELSE (SELECT count(*) FROM holdfast.activity_tasks t
                         WHERE t.shard = 0 AND t.task_queue = a_name AND t.owner IS NOT NULL AND t.queue_limited)
             END AS running) r
    CROSS JOIN LATERAL (SELECT ceil(extract(epoch FROM l.per) * 1000000 / l.rate)::bigint AS us) u
    CROSS JOIN LATERAL (SELECT u.us * interval '1 microsecond' AS step) s
    -- Never more than a full burst ahead: after a clock that was set back, or a rate that was raised.
    CROSS JOIN LATERAL (SELECT least(greatest(coalesce(g.full_at, '-infinity'), at), at + l.burst * s.step) AS base) b
    CROSS JOIN LATERAL (SELECT CASE WHEN l.rate IS NOT NULL THEN
      (l.burst * u.us - round(extract(epoch FROM b.base - at) * 1000000)::bigint) / u.us END AS tokens) v
$$;

-- Sets the limit of a task queue ('queue'), of a key, or of each key of a class (class/*) that has none of its own. What
-- runs goes on. Workers notice within a few seconds. A null burst: what a second allows, at least 1.
CREATE FUNCTION holdfast.set_limit(scope text, name text, max_concurrent integer DEFAULT NULL, rate integer DEFAULT NULL,
                                   per interval DEFAULT NULL, burst integer DEFAULT NULL, reason text DEFAULT '',
                                   updated_by text DEFAULT session_user, origin text DEFAULT '')
  RETURNS void LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
BEGIN
  IF scope IS NULL OR scope NOT IN ('queue', 'key') THEN
    RAISE EXCEPTION 'scope is %, allowed are queue and key', coalesce('"' || scope || '"', 'null') USING ERRCODE = '22023';
  END IF;
  PERFORM holdfast.check_text('name', name, 255);
  IF scope = 'key' AND strpos(name, '*') > 0 AND name !~ '^[^*]*[^*/]/[*]$' THEN
    RAISE EXCEPTION 'name is "%", allowed is a key without *, or class/* for the keys of a class', name
      USING ERRCODE = '22023';
  ELSIF max_concurrent IS NULL AND rate IS NULL THEN
    RAISE EXCEPTION 'max_concurrent and rate are null, allowed is at least one of them' USING ERRCODE = '22023';
  ELSIF max_concurrent NOT BETWEEN 0 AND 1000000 THEN
    RAISE EXCEPTION 'max_concurrent is %, allowed are 0 to 1000000', max_concurrent USING ERRCODE = '22023';
  ELSIF rate NOT BETWEEN 1 AND 1000000 THEN
    RAISE EXCEPTION 'rate is %, allowed are 1 to 1000000', rate USING ERRCODE = '22023';
  ELSIF rate IS NULL AND (per IS NOT NULL OR burst IS NOT NULL) THEN
    RAISE EXCEPTION 'per and burst are set without a rate' USING ERRCODE = '22023';
  ELSIF per NOT BETWEEN interval '1 millisecond' AND interval '31 days' THEN
    RAISE EXCEPTION 'per is %, allowed are 1 ms to 31 days', per USING ERRCODE = '22023';
  ELSIF burst NOT BETWEEN 1 AND 1000000 THEN
    RAISE EXCEPTION 'burst is %, allowed are 1 to 1000000', burst USING ERRCODE = '22023';
  ELSIF reason IS NULL OR updated_by IS NULL OR origin IS NULL THEN
    RAISE EXCEPTION 'reason, updated_by and origin must not be null' USING ERRCODE = '22023';
  END IF;
  IF rate IS NOT NULL THEN
    per := coalesce(per, interval '1 second');
    burst := coalesce(burst, greatest(1, floor(rate / extract(epoch FROM per)))::integer);
  END IF;
  INSERT INTO holdfast.limits AS l (scope, name, max_concurrent, rate, per, burst, reason, updated_by, origin)
    VALUES (scope, name, max_concurrent, rate, per, burst, reason, updated_by, origin)
    ON CONFLICT ON CONSTRAINT limits_pkey DO UPDATE
       SET max_concurrent = excluded.max_concurrent, rate = excluded.rate, per = excluded.per, burst = excluded.burst,
           reason = excluded.reason, updated_by = excluded.updated_by, origin = excluded.origin, updated_at = now();
END
$$;

-- False: there was none.
CREATE FUNCTION holdfast.delete_limit(scope text, name text) RETURNS boolean LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
BEGIN
  DELETE FROM holdfast.limits l WHERE l.shard = 0 AND l.scope = scope AND l.name = name;
  RETURN FOUND;
END
$$;

-- For people: reads every task that is under a limit.
CREATE VIEW holdfast.limit_status AS
  SELECT l.scope, l.name, l.max_concurrent, l.rate, l.per, l.burst, l.updated_at, l.updated_by, l.reason, l.origin,
         t.running, t.waiting
    FROM holdfast.limits l
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE t.owner IS NOT NULL AND (l.scope = 'key' OR t.queue_limited)) AS running,
             count(*) FILTER (WHERE t.owner IS NULL AND t.ready_at <= now()) AS waiting
        FROM holdfast.activity_tasks t
       WHERE t.shard = 0
         AND CASE WHEN l.scope = 'queue' THEN t.task_queue = l.name
                  WHEN l.name LIKE '%/*' THEN regexp_replace(t.limit_key, '[^/]*$', '*') = l.name
                       AND NOT EXISTS (SELECT FROM holdfast.limits o
                                        WHERE o.shard = 0 AND o.scope = 'key' AND o.name = t.limit_key)
                  ELSE t.limit_key = l.name END) t
   WHERE l.shard = 0;

-- Gates and lines that nobody needs: of keys without a task, whose rate has refilled.
CREATE FUNCTION holdfast.forget_idle_limits() RETURNS void LANGUAGE sql
AS $$
  DELETE FROM holdfast.limit_gates g USING (
    SELECT x.scope, x.name FROM holdfast.limit_gates x
     WHERE x.shard = 0 AND x.full_at < now() AND x.scope = 'key'
       AND NOT EXISTS (SELECT FROM holdfast.activity_tasks t
                        WHERE t.shard = 0 AND t.limit_key = x.name AND t.owner IS NOT NULL)
       AND NOT EXISTS (SELECT FROM holdfast.limit_lines n
                        WHERE n.shard = 0 AND n.limit_key = x.name AND n.look_at < 'infinity')
     ORDER BY x.name FOR UPDATE SKIP LOCKED) idle
   WHERE g.shard = 0 AND g.scope = idle.scope AND g.name = idle.name;
  DELETE FROM holdfast.limit_lines n
   WHERE n.shard = 0 AND n.look_at = 'infinity'
     AND NOT EXISTS (SELECT FROM holdfast.limit_gates g WHERE g.shard = 0 AND g.scope = 'key' AND g.name = n.limit_key);
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON holdfast.limits, holdfast.limit_gates, holdfast.limit_lines TO holdfast_runtime;
GRANT SELECT ON holdfast.limit_status TO holdfast_runtime;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA holdfast FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA holdfast TO holdfast_runtime;
