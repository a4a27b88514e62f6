-- What was told to people and dashboards.

-- In-app notifications. (What became of an SMS or e-mail is in the history of its run, and what was given up also in
-- audit_log.)
CREATE TABLE platform.notifications (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  id              bigint GENERATED ALWAYS AS IDENTITY,
  user_id         uuid,                          -- NULL: for everybody of the organization
  kind            text NOT NULL,                 -- 'integration.disabled', 'usage.alert', ...
  title           text NOT NULL,
  body            text NOT NULL DEFAULT '',
  read_at         timestamptz,
  PRIMARY KEY (organization_id, created_at, id)
) PARTITION BY RANGE (created_at);

-- The local SMS and e-mail "vendor": messages are recorded here instead of being sent. Not partitioned, because a
-- repeated send must find the first one whenever that was.
CREATE TABLE platform.outbox (
  organization_id uuid NOT NULL,
  idempotency_key text NOT NULL,
  channel         text NOT NULL CHECK (channel IN ('sms', 'email')),
  recipient       text NOT NULL,
  subject         text NOT NULL DEFAULT '',
  body            text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, idempotency_key, channel)
);

-- The local realtime "vendor". A UI hint, not durable truth: readers poll for id > the last one they saw.
CREATE TABLE platform.broadcasts (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  id              bigint GENERATED ALWAYS AS IDENTITY,
  message_id      text NOT NULL,                 -- lets a dashboard ignore repetitions
  event           text NOT NULL,
  payload         json NOT NULL,
  PRIMARY KEY (organization_id, created_at, id)
) PARTITION BY RANGE (created_at);
