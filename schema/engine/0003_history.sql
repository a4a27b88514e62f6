-- Histories: append-only, one row per workflow task, partitioned by the time inside the run's id, so that old months
-- can be dropped. A row that two workers want to append has the same key: the second one fails. That is the fence.
CREATE TABLE holdfast.history (
  shard    smallint    NOT NULL DEFAULT 0,
  run_id   uuid        NOT NULL,
  event_id bigint      NOT NULL,
  at       timestamptz NOT NULL,
  events   json        NOT NULL,
  PRIMARY KEY (shard, run_id, event_id)
) PARTITION BY RANGE (run_id);

-- The smallest UUIDv7 of an instant.
CREATE FUNCTION holdfast.uuid_v7_floor(at timestamptz) RETURNS uuid
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- The time inside a UUIDv7.
CREATE FUNCTION holdfast.uuid_v7_time(id uuid) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN timestamptz 'epoch' + (('x0000' || substr(replace(id::text, '-', ''), 1, 12))::bit(64)::bigint)
         * interval '1 millisecond';

-- Rows outside every month (the clock of whoever made the run id is wrong): a start must not fail for that.
CREATE TABLE holdfast.history_default PARTITION OF holdfast.history DEFAULT
  WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

-- Makes the partitions of this month and of `months` further ones. Returns how many were new. Runs as the owner,
-- because workers, which call it, may not create tables. Attaching locks out nobody who appends to another month.
CREATE FUNCTION holdfast.ensure_history_partitions(months integer DEFAULT 3) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
  first date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
  made integer := 0;
  low text;
  high text;
  partition text;
BEGIN
  IF months IS NULL OR months < 0 OR months > 120 THEN
    RAISE EXCEPTION 'months is %, allowed are 0 to 120', coalesce(months::text, 'null') USING ERRCODE = '22023';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('holdfast.history partitions'));
  FOR i IN 0 .. months LOOP
    partition := 'history_' || to_char(first + make_interval(months => i), 'YYYY_MM');
    CONTINUE WHEN to_regclass('holdfast.' || partition) IS NOT NULL;
    low := quote_literal(holdfast.uuid_v7_floor((first + make_interval(months => i)) AT TIME ZONE 'UTC'));
    high := quote_literal(holdfast.uuid_v7_floor((first + make_interval(months => i + 1)) AT TIME ZONE 'UTC'));
    IF NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = 'holdfast.history'::regclass
                      AND h.inhrelid <> 'holdfast.history_default'::regclass) THEN
      low := quote_literal('00000000-0000-0000-0000-000000000000');   -- the first one also takes everything older
    END IF;
    EXECUTE format('CREATE TABLE holdfast.%I (LIKE holdfast.history INCLUDING DEFAULTS INCLUDING CONSTRAINTS) '
                   'WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)', partition);
    EXECUTE format('WITH stray AS (DELETE FROM holdfast.history_default WHERE run_id >= %s AND run_id < %s RETURNING *) '
                   'INSERT INTO holdfast.%I SELECT * FROM stray', low, high, partition);
    EXECUTE format('ALTER TABLE holdfast.history ATTACH PARTITION holdfast.%I FOR VALUES FROM (%s) TO (%s)',
                   partition, low, high);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;
SELECT holdfast.ensure_history_partitions();

-- Histories as SQL users want them: one row per event.
CREATE VIEW holdfast.events AS
  SELECT h.shard, h.run_id, h.event_id + e.n - 1 AS event_id, h.at, e.event ->> 'type' AS type, e.event
    FROM holdfast.history h CROSS JOIN LATERAL json_array_elements(h.events) WITH ORDINALITY AS e (event, n);
