-- What billing asks of many organizations at once. Row-level security holds for the runtime role as ever: it may only
-- call the functions below. They belong to a role that nobody can log in as and that bypasses nothing; policies of its
-- own let it see and write exactly what the functions need.
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'holdfast_billing') THEN
    CREATE ROLE holdfast_billing NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

GRANT USAGE ON SCHEMA platform TO holdfast_billing;
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['organizations', 'plan_changes', 'calls', 'usage_counters', 'billing_periods', 'daily_usage',
                              'usage_alerts'] LOOP
    EXECUTE format('GRANT SELECT ON platform.%I TO holdfast_billing', name);
    EXECUTE format('CREATE POLICY billing_reads ON platform.%I FOR SELECT TO holdfast_billing USING (true)', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['daily_usage', 'usage_alerts', 'notifications'] LOOP
    EXECUTE format('GRANT INSERT ON platform.%I TO holdfast_billing', name);
    EXECUTE format('CREATE POLICY billing_adds ON platform.%I FOR INSERT TO holdfast_billing WITH CHECK (true)', name);
  END LOOP;
END $$;
GRANT UPDATE ON platform.daily_usage TO holdfast_billing;
CREATE POLICY billing_changes ON platform.daily_usage FOR UPDATE TO holdfast_billing USING (true);

-- Ids that divide the active organizations after an id (NULL: all) into pages: a page is what lies after one id, up to and
-- with the next. At most `most_pages` of them; the last page may be smaller, and then ends the list.
CREATE FUNCTION platform.organization_pages(after uuid, page_size integer, most_pages integer) RETURNS SETOF uuid
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  WITH ids AS (
    SELECT id, row_number() OVER (ORDER BY id) AS n FROM (
      SELECT id FROM platform.organizations WHERE status = 'active' AND (after IS NULL OR id > after)
      ORDER BY id LIMIT least(greatest(page_size, 1), 10000)::bigint * least(greatest(most_pages, 1), 1000)) o)
  SELECT id FROM ids
  WHERE n % least(greatest(page_size, 1), 10000) = 0 OR n = (SELECT max(n) FROM ids) ORDER BY id
$$;

-- One UTC day of one page of organizations (NULL: no bound): brings daily_usage up to date with calls, and writes the
-- alerts of the current period that are due. Repeating it changes nothing. Answers with totals, and with the alerts that
-- it wrote and that somebody must be told of.
-- One partition of calls is read, and of it the day's range of each organization, through the primary key: a plan that
-- hashed a month of calls for each page would be the cheaper one only while the table is small, hence the settings.
CREATE FUNCTION platform.aggregate_usage(day date, after uuid, upto uuid) RETURNS json
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET plan_cache_mode = force_custom_plan
  SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off
AS $$
DECLARE
  day_start constant timestamptz := day::timestamp AT TIME ZONE 'UTC';
  day_end   constant timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
  answer    json;
BEGIN
  IF day IS NULL THEN
    RAISE EXCEPTION 'day is null, allowed is a date' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  WITH page AS MATERIALIZED (
    SELECT id, period_start, period_end FROM platform.organizations
    WHERE status = 'active' AND (after IS NULL OR id > after) AND (upto IS NULL OR id <= upto)),
  per_day AS MATERIALIZED (
    SELECT p.id AS organization_id, d.calls, d.minutes, d.cost_usd, d.by_status
    FROM page p CROSS JOIN LATERAL (
      SELECT coalesce(sum(calls), 0) AS calls, coalesce(sum(minutes), 0) AS minutes, coalesce(sum(cost_usd), 0) AS cost_usd,
             coalesce(jsonb_object_agg(status, calls), '{}') AS by_status
      FROM (SELECT status, count(*) AS calls, sum(cost_usd) AS cost_usd,
                   sum(CASE WHEN duration_ms > 0 THEN (duration_ms - 1) / 60000 + 1 ELSE 0 END) AS minutes
            FROM platform.calls
            WHERE organization_id = p.id AND created_at >= day_start AND created_at < day_end
            GROUP BY status) per_status) d),
  stats AS (   -- with calls, or with none any more
    SELECT * FROM per_day s
    WHERE s.calls > 0
       OR EXISTS (SELECT 1 FROM platform.daily_usage u WHERE u.organization_id = s.organization_id AND u.date = day)),
  written AS (
    INSERT INTO platform.daily_usage AS d (organization_id, date, calls, minutes, cost_usd, by_status)
    SELECT organization_id, day, calls, minutes, cost_usd, by_status FROM stats
    ON CONFLICT (organization_id, date) DO UPDATE
      SET calls = excluded.calls, minutes = excluded.minutes, cost_usd = excluded.cost_usd,
          by_status = excluded.by_status, updated_at = now()
      WHERE (d.calls, d.minutes, d.cost_usd, d.by_status)
            IS DISTINCT FROM (excluded.calls, excluded.minutes, excluded.cost_usd, excluded.by_status)
    RETURNING 1),
  used AS MATERIALIZED (
    SELECT p.id, p.period_start, p.period_end, sum(c.minutes)::bigint AS minutes
    FROM page p JOIN platform.usage_counters c ON c.organization_id = p.id AND c.period_start = p.period_start
    GROUP BY p.id, p.period_start, p.period_end HAVING sum(c.minutes) > 0),
  alerts AS (
    INSERT INTO platform.usage_alerts AS a (organization_id, period_start, percent, minutes_used)
    SELECT u.id, u.period_start, level.percent, u.minutes
    FROM used u
      CROSS JOIN LATERAL (SELECT platform.included_minutes(u.id, u.period_start, u.period_end) AS minutes OFFSET 0) included
      CROSS JOIN (VALUES (80), (100)) level (percent)
    WHERE u.minutes * 100 >= included.minutes * level.percent
    ON CONFLICT DO NOTHING
    RETURNING a.organization_id, a.period_start, a.percent, a.minutes_used),
  notices AS (
    INSERT INTO platform.notifications (organization_id, kind, title, body)
    SELECT organization_id, 'usage.alert', percent || ' % of the plan''s minutes are used',
           minutes_used || ' minutes were used in the current period.'
    FROM alerts)
  SELECT json_build_object(
           'organizations', (SELECT count(*) FROM page),
           'calls', (SELECT coalesce(sum(calls), 0) FROM per_day),
           'minutes', (SELECT coalesce(sum(minutes), 0) FROM per_day),
           'changed', (SELECT count(*) FROM written),
           'alerts', (SELECT coalesce(json_agg(json_build_object('organization_id', organization_id,
                        'period_start', platform.utc_text(period_start),
                        'percent', percent, 'minutes_used', minutes_used)), '[]') FROM alerts))
  INTO answer;
  RETURN answer;
END $$;

-- The next page of organizations, and for which of them a BillingCycle run is due: its period ended `grace` ago, minutes
-- were counted in a period that was billed already, or something was not reported yet. Answers with ids only.
CREATE FUNCTION platform.billing_page(after uuid, page_size integer, grace interval)
  RETURNS TABLE (organization_id uuid, is_due boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET plan_cache_mode = force_custom_plan SET enable_hashjoin = on SET enable_mergejoin = on
AS $$
  WITH page AS MATERIALIZED (
    SELECT id, period_start, period_end FROM platform.organizations
    WHERE status IN ('active', 'suspended') AND (after IS NULL OR id > after)
    ORDER BY id LIMIT least(greatest(page_size, 1), 10000)),
  recent AS MATERIALIZED (
    SELECT b.* FROM page p JOIN platform.billing_periods b ON b.organization_id = p.id
    WHERE b.closed_at > now() - interval '100 days' AND b.next_try <= now()),
  counted AS (
    SELECT r.organization_id, r.period_start, sum(c.minutes) AS minutes
    FROM recent r JOIN platform.usage_counters c USING (organization_id, period_start) GROUP BY 1, 2),
  late AS (
    SELECT r.organization_id FROM recent r LEFT JOIN counted c USING (organization_id, period_start)
    WHERE r.reported_minutes <> r.overage_minutes OR coalesce(c.minutes, 0) <> r.counted_minutes)
  SELECT p.id, p.period_end <= now() - grace
                 AND NOT EXISTS (SELECT 1 FROM platform.billing_periods b WHERE b.organization_id = p.id
                                   AND b.period_start = p.period_start AND b.next_try > now())
               OR EXISTS (SELECT 1 FROM late l WHERE l.organization_id = p.id)
  FROM page p ORDER BY p.id
$$;

REVOKE ALL ON FUNCTION platform.organization_pages(uuid, integer, integer), platform.aggregate_usage(date, uuid, uuid),
  platform.billing_page(uuid, integer, interval) FROM PUBLIC;

-- Giving a function away needs membership in the new owner's role, and the role the right to create in the schema.
GRANT CREATE ON SCHEMA platform TO holdfast_billing;
GRANT holdfast_billing TO CURRENT_USER;
ALTER FUNCTION platform.organization_pages(uuid, integer, integer) OWNER TO holdfast_billing;
ALTER FUNCTION platform.aggregate_usage(date, uuid, uuid) OWNER TO holdfast_billing;
ALTER FUNCTION platform.billing_page(uuid, integer, interval) OWNER TO holdfast_billing;
GRANT EXECUTE ON FUNCTION platform.organization_pages(uuid, integer, integer), platform.aggregate_usage(date, uuid, uuid),
  platform.billing_page(uuid, integer, interval) TO holdfast_runtime;
REVOKE CREATE ON SCHEMA platform FROM holdfast_billing;
