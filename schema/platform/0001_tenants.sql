-- Organizations (the tenant), their people and their telephony set-up. Small tables, read often, written seldom.

CREATE SCHEMA IF NOT EXISTS platform;

-- The role of workers and API processes: no DDL, not the owner, subject to row-level security. The engine's first
-- migration creates it as well; roles belong to the cluster, so two databases may race to create it.
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'holdfast_runtime') THEN
    CREATE ROLE holdfast_runtime NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

-- The tenant of the current transaction, NULL when none was set. A transaction-local setting reads as '' once its
-- transaction is over, hence the nullif. Inlined by the planner into every policy.
CREATE FUNCTION platform.current_organization() RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.organization_id', true), '')::uuid $$;

CREATE TABLE platform.plans (
  id            text PRIMARY KEY,
  name          text NOT NULL,
  minutes       integer NOT NULL CHECK (minutes >= 0),
  overage_cents integer NOT NULL DEFAULT 0 CHECK (overage_cents >= 0)   -- per minute beyond the plan's
);
INSERT INTO platform.plans (id, name, minutes, overage_cents) VALUES
  ('starter', 'Starter', 200, 15), ('growth', 'Growth', 1000, 12), ('scale', 'Scale', 5000, 9);

-- No counter lives here: one hot row per tenant would queue every lane behind its lock, and two lanes that touch two
-- tenants in opposite order would deadlock. Live usage is the view organization_usage (0003).
CREATE TABLE platform.organizations (
  id                 uuid PRIMARY KEY,
  slug               text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name               text NOT NULL,
  plan_id            text NOT NULL REFERENCES platform.plans,
  plan_minutes       integer NOT NULL CHECK (plan_minutes >= 0),
  period_start       timestamptz NOT NULL,
  period_end         timestamptz NOT NULL,
  stripe_customer_id text,
  -- {"notify": {"sms": true, "sms_to": "+1…", "email": true, "email_to": "…"}, "vapi": {…}}
  settings           jsonb NOT NULL DEFAULT '{}',
  status             text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'deleted')),
  created_at         timestamptz NOT NULL DEFAULT now(),
  CHECK (period_end > period_start)
);

CREATE TABLE platform.users (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES platform.organizations,
  email           text NOT NULL,
  name            text,
  role            text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member')),
  created_at      timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organization_id, email)
);

CREATE TABLE platform.api_keys (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES platform.organizations,
  name            text NOT NULL,
  key_hash        bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),  -- SHA-256; the key is shown once
  scopes          text[] NOT NULL DEFAULT '{}',
  expires_at      timestamptz,
  last_used_at    timestamptz,
  revoked_at      timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX api_keys_by_organization ON platform.api_keys (organization_id);

CREATE TABLE platform.assistants (
  id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id   uuid NOT NULL REFERENCES platform.organizations,
  name              text NOT NULL,
  vapi_assistant_id text,
  config            jsonb NOT NULL DEFAULT '{}',
  created_at        timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organization_id, vapi_assistant_id)
);

CREATE TABLE platform.phone_numbers (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES platform.organizations,
  number          text NOT NULL UNIQUE,
  assistant_id    uuid REFERENCES platform.assistants,
  provider        text NOT NULL DEFAULT 'twilio',
  provider_sid    text,
  released_at     timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX phone_numbers_by_organization ON platform.phone_numbers (organization_id);

-- Append-only: what happened to a tenant's data and settings, and optional steps that were given up.
CREATE TABLE platform.audit_log (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  id              bigint GENERATED ALWAYS AS IDENTITY,
  actor           text NOT NULL,            -- a workflow id, a user id, 'operator'
  action          text NOT NULL,            -- 'call.step_failed', 'integration.disabled', …
  subject         text NOT NULL,            -- what it was done to: a call id, an integration id
  detail          json NOT NULL DEFAULT '{}',
  PRIMARY KEY (organization_id, created_at, id)
) PARTITION BY RANGE (created_at);

CREATE TABLE platform.deletion_requests (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL,
  subject_kind    text NOT NULL CHECK (subject_kind IN ('organization', 'person')),
  subject         text NOT NULL,
  requested_by    text NOT NULL,
  requested_at    timestamptz NOT NULL DEFAULT now(),
  proofs          jsonb NOT NULL DEFAULT '{}',   -- per system: what was removed and how that was verified
  completed_at    timestamptz
);
CREATE INDEX deletion_requests_by_organization ON platform.deletion_requests (organization_id, requested_at);
