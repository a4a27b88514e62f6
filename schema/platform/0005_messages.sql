-- What was told to people and dashboards.

-- In-app notifications.
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

-- Every SMS and e-mail that was sent, by whichever vendor. For the local "vendor" the row is all there is: the message
-- counts as sent when the step that follows the send commits its row. Not partitioned, because a repeat must find the
-- first one whenever that was.
CREATE TABLE platform.outbox (
  organization_id uuid NOT NULL,
  idempotency_key text NOT NULL,
  channel         text NOT NULL CHECK (channel IN ('sms', 'email')),
  recipient       text NOT NULL,
  subject         text NOT NULL DEFAULT '',
  body            text NOT NULL,
  vendor_id       text NOT NULL DEFAULT '',     -- the vendor's id of the message
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
