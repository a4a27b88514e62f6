-- Outgoing webhooks (Standard Webhooks).

CREATE TABLE platform.integrations (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES platform.organizations,
  name            text NOT NULL,
  url             text NOT NULL CHECK (url ~ '^https?://' AND length(url) <= 2000),
  -- whsec_…, newest first. While rotating there are two, and a delivery carries a signature by each.
  secrets         text[] NOT NULL CHECK (cardinality(secrets) BETWEEN 1 AND 5),
  event_types     text[] NOT NULL DEFAULT '{call.completed}',
  failing_since   timestamptz,                   -- first failure after the last success
  disabled_at     timestamptz,
  disabled_reason text,
  created_at      timestamptz NOT NULL DEFAULT now(),
  CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
);
CREATE INDEX integrations_enabled ON platform.integrations (organization_id) WHERE disabled_at IS NULL;

-- One row per endpoint and message; the body is stored once so that every attempt sends the same bytes.
-- created_at is the creation time of what the message is about (the call), so a repeat finds the same partition.
CREATE TABLE platform.webhook_deliveries (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL,
  integration_id  uuid NOT NULL,
  message_id      text NOT NULL,
  type            text NOT NULL,
  body            text NOT NULL,
  status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed', 'cancelled')),
  attempts        smallint NOT NULL DEFAULT 0,
  finished_at     timestamptz,
  PRIMARY KEY (organization_id, created_at, integration_id, message_id)
) PARTITION BY RANGE (created_at);

CREATE TABLE platform.webhook_attempts (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL,          -- the delivery's
  integration_id  uuid NOT NULL,
  message_id      text NOT NULL,
  attempt         smallint NOT NULL,
  sent_at         timestamptz NOT NULL DEFAULT now(),
  status_code     integer,                       -- NULL: no answer
  latency_ms      integer NOT NULL,
  response        text NOT NULL DEFAULT '',      -- the start of the answer
  error           text NOT NULL DEFAULT '',
  PRIMARY KEY (organization_id, created_at, integration_id, message_id, attempt)
) PARTITION BY RANGE (created_at);
