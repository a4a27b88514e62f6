-- Monthly partitions, created ahead. There is no DEFAULT partition: one would make every later ATTACH scan it, forbid
-- DETACH CONCURRENTLY, and hide that the schedule which creates partitions has stopped.

-- Creates what is missing from last month to months_ahead months from now (UTC) and returns how many it made.
-- Safe to repeat and to run from two sessions. SECURITY DEFINER because the runtime role has no DDL.
-- A new table is attached rather than created as a partition: ATTACH does not block readers and writers of the parent.
CREATE FUNCTION platform.ensure_partitions(months_ahead integer DEFAULT 3) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
  SET lock_timeout = '5s'
AS $$
DECLARE
  parent  text;
  month   timestamptz;
  child   text;
  created integer := 0;
BEGIN
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 24 THEN
    RAISE EXCEPTION 'months_ahead is %, allowed is 0 to 24', coalesce(months_ahead::text, 'NULL')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('platform.ensure_partitions'));
  FOR parent IN
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind = 'p' ORDER BY c.relname
  LOOP
    FOR month IN
      SELECT generate_series(date_trunc('month', now()) - interval '1 month',
                             date_trunc('month', now()) + make_interval(months => months_ahead),
                             interval '1 month')
    LOOP
      child := parent || to_char(month, '_YYYY_MM');
      CONTINUE WHEN to_regclass('platform.' || child) IS NOT NULL;
      EXECUTE format('CREATE TABLE platform.%I (LIKE platform.%I INCLUDING ALL EXCLUDING IDENTITY) WITH (%s)', child, parent,
                     platform.partition_options(parent));
      EXECUTE format('ALTER TABLE platform.%I ENABLE ROW LEVEL SECURITY', child);
      EXECUTE format('ALTER TABLE platform.%I ATTACH PARTITION platform.%I FOR VALUES FROM (%L) TO (%L)',
                     parent, child, month, month + interval '1 month');
      created := created + 1;
    END LOOP;
  END LOOP;
  RETURN created;
END $$;

-- Storage settings per table. Rows that are updated once leave room on their page, so that the update is HOT; insert-
-- only tables are vacuumed by inserts, which also merges the pending list of the search index in small portions.
CREATE FUNCTION platform.partition_options(parent text) RETURNS text
  LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE parent
    WHEN 'calls' THEN 'fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05'
    WHEN 'webhook_deliveries' THEN 'fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05'
    WHEN 'call_transcripts' THEN 'autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_insert_threshold = 2000'
    ELSE 'autovacuum_vacuum_insert_scale_factor = 0.1'
  END
$$;

SELECT platform.ensure_partitions(3);

-- The created_at under which an event of a call is filed: the vendor's value when there is a partition for it,
-- otherwise the start of this month, which is the same for all events of the call and for repeated deliveries.
CREATE FUNCTION platform.call_key_time(vendor_created_at timestamptz) RETURNS timestamptz
  LANGUAGE sql STABLE
AS $$
  SELECT CASE
    WHEN vendor_created_at >= date_trunc('month', now(), 'UTC') - interval '1 month'
     AND vendor_created_at < now() + interval '1 day' THEN vendor_created_at
    ELSE date_trunc('month', now(), 'UTC')
  END
$$;
