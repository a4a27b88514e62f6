-- Billing: when an organization's periods end, what is included in one, what it owes, and what the payment vendor was
-- told. docs/platform.md has the rules in words.

-- A period ends where the next one begins. Boundaries are the anchor plus whole months, counted in the organization's
-- time zone from the anchor and not from the last boundary, so that an anchor on the 31st comes back to the 31st after
-- a shorter month. Without an anchor the first period ends where it says, and its end becomes the anchor.
ALTER TABLE platform.organizations
  ADD COLUMN billing_anchor    timestamptz,
  ADD COLUMN billing_time_zone text NOT NULL DEFAULT 'UTC';

-- One run per organization makes one request at a time per customer; that holds only if nobody shares a customer.
CREATE UNIQUE INDEX organizations_by_stripe_customer ON platform.organizations (stripe_customer_id)
  WHERE stripe_customer_id IS NOT NULL;

-- Local times that the zone leaves out move forward by the gap; of one that comes twice the second (standard time) is
-- taken. Both are what PostgreSQL does.
CREATE FUNCTION platform.billing_boundary(anchor timestamptz, zone text, months integer) RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN ((anchor AT TIME ZONE zone) + make_interval(months => months)) AT TIME ZONE zone;

CREATE FUNCTION platform.months_between(anchor timestamptz, zone text, at timestamptz) RETURNS integer
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN ((extract(year FROM at AT TIME ZONE zone) - extract(year FROM anchor AT TIME ZONE zone)) * 12
          + extract(month FROM at AT TIME ZONE zone) - extract(month FROM anchor AT TIME ZONE zone))::integer;

-- The first boundary after `at`, and the last one that is not after it.
CREATE FUNCTION platform.next_billing_boundary(anchor timestamptz, zone text, at timestamptz) RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT min(b) FROM (SELECT platform.billing_boundary(anchor, zone, platform.months_between(anchor, zone, at) + d) AS b
                      FROM generate_series(-1, 2) d) boundaries WHERE b > at
$$;
CREATE FUNCTION platform.last_billing_boundary(anchor timestamptz, zone text, at timestamptz) RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT max(b) FROM (SELECT platform.billing_boundary(anchor, zone, platform.months_between(anchor, zone, at) + d) AS b
                      FROM generate_series(-2, 1) d) boundaries WHERE b <= at
$$;

-- A time as programs read it: RFC 3339 in UTC with microseconds.
CREATE FUNCTION platform.utc_text(at timestamptz) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- Every plan that an organization had, from when on. The first one also holds for the time before it.
CREATE TABLE platform.plan_changes (
  organization_id uuid NOT NULL,
  effective_at    timestamptz NOT NULL,
  plan_id         text NOT NULL,
  plan_minutes    integer NOT NULL CHECK (plan_minutes >= 0),
  PRIMARY KEY (organization_id, effective_at)
);
INSERT INTO platform.plan_changes SELECT id, created_at, plan_id, plan_minutes FROM platform.organizations;

-- Keeps the history whoever changes an organization; organizations are written seldom. Moving the anchor or the zone
-- while a period waits to be closed would move boundaries that calls were already counted by.
CREATE FUNCTION platform.organization_changed() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM now() AT TIME ZONE NEW.billing_time_zone;  -- 22023 if there is no such zone
  IF TG_OP = 'UPDATE' AND NEW.period_end = OLD.period_end AND OLD.period_end <= now()
     AND (NEW.billing_anchor, NEW.billing_time_zone) IS DISTINCT FROM (OLD.billing_anchor, OLD.billing_time_zone) THEN
    RAISE EXCEPTION 'billing_anchor and billing_time_zone of organization % cannot change before its ended period is billed',
      NEW.id USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF TG_OP = 'INSERT' OR (NEW.plan_id, NEW.plan_minutes) IS DISTINCT FROM (OLD.plan_id, OLD.plan_minutes) THEN
    INSERT INTO platform.plan_changes VALUES (NEW.id, now(), NEW.plan_id, NEW.plan_minutes)
    ON CONFLICT (organization_id, effective_at)
      DO UPDATE SET plan_id = excluded.plan_id, plan_minutes = excluded.plan_minutes;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER organization_changed AFTER INSERT OR UPDATE ON platform.organizations
  FOR EACH ROW EXECUTE FUNCTION platform.organization_changed();

-- The minutes that the plans of a period include: each plan for its share of the period's time, the sum rounded up to
-- a whole minute. Whole microseconds and exact arithmetic, so it is the same whoever computes it.
CREATE FUNCTION platform.included_minutes(organization uuid, period_start timestamptz, period_end timestamptz)
  RETURNS bigint LANGUAGE sql STABLE
AS $$
  WITH plans AS (
    SELECT plan_minutes,
           CASE WHEN lag(effective_at) OVER w IS NULL THEN '-infinity' ELSE effective_at END AS since,
           coalesce(lead(effective_at) OVER w, 'infinity') AS until
    FROM platform.plan_changes WHERE organization_id = $1 AND effective_at < $3
    WINDOW w AS (ORDER BY effective_at)),
  first_plan AS (
    SELECT plan_minutes FROM platform.plan_changes WHERE organization_id = $1 ORDER BY effective_at LIMIT 1),
  shares AS (
    SELECT plan_minutes, extract(epoch FROM least(until, $3) - greatest(since, $2)) * 1000000 AS microseconds
    FROM plans WHERE until > $2)
  SELECT coalesce(
    (SELECT div(sum(plan_minutes * microseconds) + extract(epoch FROM $3 - $2) * 1000000 - 1,
                extract(epoch FROM $3 - $2) * 1000000) FROM shares),
    (SELECT plan_minutes FROM first_plan), 0)::bigint
$$;

-- One row per period that was billed, or is being billed.
CREATE TABLE platform.billing_periods (
  organization_id  uuid NOT NULL,
  period_start     timestamptz NOT NULL,
  period_end       timestamptz NOT NULL,
  used_minutes     bigint NOT NULL,              -- the ledger's sum when it was last settled
  counted_minutes  bigint NOT NULL,              -- the counters' sum then: another sum now means late calls
  included_minutes bigint NOT NULL,
  overage_minutes  bigint NOT NULL,              -- what is owed: used beyond included, 0 at least
  overage_cents    integer NOT NULL,             -- per minute, by the plan at the period's end
  reported_minutes bigint NOT NULL DEFAULT 0,    -- what the vendor took and did not reject later
  next_try         timestamptz NOT NULL DEFAULT now(),  -- when something is still to be reported: not before
  closed_at        timestamptz,                  -- when the organization moved on to the next period
  PRIMARY KEY (organization_id, period_start)
);

-- One row per quantity that is told to the vendor; corrections are further rows with the difference. No two reports of
-- an organization have one event_time: the vendor's sum over that minute tells whether this report is in it.
CREATE TABLE platform.usage_reports (
  organization_id uuid NOT NULL,
  period_start    timestamptz NOT NULL,
  seq             integer NOT NULL,
  identifier      text NOT NULL CHECK (length(identifier) <= 100),
  quantity        bigint NOT NULL CHECK (quantity <> 0),
  event_time      timestamptz NOT NULL CHECK (date_trunc('minute', event_time, 'UTC') = event_time),
  planned_at      timestamptz NOT NULL DEFAULT now(),
  reported_at     timestamptz,                   -- the vendor has it
  rejected_at     timestamptz,                   -- it will never count: the vendor said so later, or it became too old
  rejected_reason text,
  PRIMARY KEY (organization_id, period_start, seq),
  UNIQUE (organization_id, event_time),
  CHECK ((rejected_at IS NULL) = (rejected_reason IS NULL))
);

-- The period that usage at a time belongs to. A call belongs to the period in which it ended, whenever its report
-- comes: what comes after that period was billed is billed as a correction. Time before the first period counts in it.
CREATE FUNCTION platform.billing_period_start(organization uuid, at timestamptz) RETURNS timestamptz
  LANGUAGE sql STABLE
AS $$
  SELECT CASE
    WHEN $2 >= o.period_end THEN greatest(o.period_end, platform.last_billing_boundary(
           coalesce(o.billing_anchor, o.period_end), o.billing_time_zone, $2))
    WHEN $2 >= o.period_start THEN o.period_start
    ELSE coalesce(
      (SELECT p.period_start FROM platform.billing_periods p
       WHERE p.organization_id = o.id AND p.period_start <= $2 ORDER BY p.period_start DESC LIMIT 1),
      (SELECT min(p.period_start) FROM platform.billing_periods p WHERE p.organization_id = o.id),
      o.period_start)
    END
  FROM platform.organizations o WHERE o.id = $1
$$;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['plan_changes', 'billing_periods', 'usage_reports'] LOOP
    EXECUTE format('ALTER TABLE platform.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE platform.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON platform.%I USING (organization_id = platform.current_organization())', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON platform.%I TO holdfast_runtime', name);
  END LOOP;
END $$;
