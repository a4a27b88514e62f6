-- Calls and what belongs to them. Every table is partitioned by the month of created_at, and created_at is always the
-- CALL's creation time as the vendor reports it: the same value in every event of the call. So the key of a call is
-- (organization_id, created_at, id) everywhere, one index serves the point look-up and "recent calls of a tenant",
-- statements prune to one partition, and retention drops whole partitions.
-- No foreign key points at organizations: it would lock the tenant's row on every insert.

-- Raw vendor events, byte for byte. The unique key makes a repeated delivery a no-op.
CREATE TABLE platform.vapi_events (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL,
  call_id         text NOT NULL CHECK (length(call_id) BETWEEN 1 AND 200),
  type            text NOT NULL CHECK (length(type) BETWEEN 1 AND 100),
  status          text NOT NULL DEFAULT '',      -- of a status-update, otherwise ''
  received_at     timestamptz NOT NULL DEFAULT now(),
  body            text NOT NULL,                 -- exactly the bytes that were signed
  PRIMARY KEY (organization_id, created_at, call_id, type, status)
) PARTITION BY RANGE (created_at);

CREATE TABLE platform.calls (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL,
  id              text NOT NULL,                 -- the vendor's call id
  status          text NOT NULL CHECK (status IN ('in-progress', 'completed', 'failed')),
  direction       text,                          -- the vendor's call type, for example inboundPhoneCall
  assistant_id    text,                          -- the vendor's id of the assistant
  from_number     text,
  started_at      timestamptz,
  ended_at        timestamptz,
  ended_reason    text,                          -- an open list at the vendor's
  duration_ms     bigint CHECK (duration_ms >= 0),
  cost_usd        numeric(12,6),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, created_at, id)
) PARTITION BY RANGE (created_at);

-- The search vector is built on the write path (0.07 ms per KB, nearly all of it in the parser, whatever the
-- configuration): 'simple' suits every language. The input is cut because a tsvector may not exceed 1 MB, and a giant
-- transcript must not fail its call.
CREATE TABLE platform.call_transcripts (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL,
  call_id         text NOT NULL,
  transcript      text NOT NULL,
  messages        json NOT NULL DEFAULT '[]',
  summary         text NOT NULL DEFAULT '',
  search          tsvector GENERATED ALWAYS AS
    (to_tsvector('pg_catalog.simple', left(summary, 20000) || ' ' || left(transcript, 200000))) STORED,
  PRIMARY KEY (organization_id, created_at, call_id)
) PARTITION BY RANGE (created_at);
-- fastupdate: a write appends to the pending list; autovacuum merges it (see the partition settings in 0007).
CREATE INDEX call_transcripts_search ON platform.call_transcripts USING gin (search) WITH (fastupdate = on);

-- The audio itself is in object storage under object_key = /{organization}/{year}/{month}/{call}.wav
CREATE TABLE platform.call_recordings (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL,
  call_id         text NOT NULL,
  object_key      text NOT NULL,
  source_url      text NOT NULL,
  duration_ms     bigint,
  stored_at       timestamptz,                   -- when the copy was made; NULL: metadata only so far
  PRIMARY KEY (organization_id, created_at, call_id)
) PARTITION BY RANGE (created_at);

CREATE TABLE platform.call_actions (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL,
  call_id         text NOT NULL,
  position        smallint NOT NULL,
  text            text NOT NULL,
  kind            text NOT NULL DEFAULT '',
  due             text NOT NULL DEFAULT '',      -- as said in the call: "tomorrow at ten"
  done_at         timestamptz,
  PRIMARY KEY (organization_id, created_at, call_id, position)
) PARTITION BY RANGE (created_at);

-- lz4 costs a fifth of pglz per byte; servers built without it keep the default.
DO $$
BEGIN
  ALTER TABLE platform.vapi_events ALTER COLUMN body SET COMPRESSION lz4;
  ALTER TABLE platform.call_transcripts ALTER COLUMN transcript SET COMPRESSION lz4;
  ALTER TABLE platform.call_transcripts ALTER COLUMN messages SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
