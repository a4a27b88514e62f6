-- Usage and billing. The ledger is the truth, counters and daily rows are derived from it or from calls.

-- Append-only, never updated. The primary key is what makes minutes count exactly once: one row per source, for ever,
-- hence not partitioned. The same key serves a period's sum: it reads the tenant's rows, once per billing period.
CREATE TABLE platform.usage_ledger (
  organization_id uuid NOT NULL,
  source          text NOT NULL,                 -- 'call:{id}', 'correction:{…}'
  occurred_at     timestamptz NOT NULL,          -- when the call ended
  period_start    timestamptz NOT NULL,          -- the billing period in which it was counted
  minutes         integer NOT NULL,
  recorded_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, source)
);

-- Live counters, one row per tenant, period and WRITER (server process id): a writer only ever updates its own rows,
-- so lanes neither wait for one another nor deadlock, whatever the order of tenants in a batch. Readers add them up.
CREATE TABLE platform.usage_counters (
  organization_id uuid NOT NULL,
  period_start    timestamptz NOT NULL,
  writer          integer NOT NULL,
  calls           bigint NOT NULL,
  minutes         bigint NOT NULL,
  PRIMARY KEY (organization_id, period_start, writer)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);

CREATE VIEW platform.organization_usage WITH (security_invoker = true) AS
  SELECT o.id AS organization_id, o.slug, o.plan_minutes, o.period_start, o.period_end,
         coalesce(sum(c.minutes), 0)::bigint AS minutes_used, coalesce(sum(c.calls), 0)::bigint AS calls
  FROM platform.organizations o
  LEFT JOIN platform.usage_counters c ON c.organization_id = o.id AND c.period_start = o.period_start
  GROUP BY o.id;

CREATE TABLE platform.daily_usage (
  organization_id uuid NOT NULL,
  date            date NOT NULL,
  calls           integer NOT NULL,
  minutes         integer NOT NULL,
  cost_usd        numeric(14,6) NOT NULL,
  by_status       jsonb NOT NULL DEFAULT '{}',
  updated_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, date)
);

CREATE TABLE platform.usage_alerts (
  organization_id uuid NOT NULL,
  period_start    timestamptz NOT NULL,
  percent         smallint NOT NULL CHECK (percent IN (80, 100)),
  minutes_used    bigint NOT NULL,
  sent_at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, period_start, percent)     -- each alert once per period
);

-- Append-only audit trail of everything that was reported to or received from the payment vendor.
CREATE TABLE platform.billing_events (
  organization_id uuid NOT NULL,
  identifier      text NOT NULL,                 -- deterministic, also the vendor's idempotency identifier
  kind            text NOT NULL,
  quantity        bigint NOT NULL DEFAULT 0,
  detail          json NOT NULL DEFAULT '{}',
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, identifier)
);
