-- Embeddings of what happened, the raw interactions they come from, and what they cost.

-- One row per text: an interaction's description, or a call's transcript. Apart from their subjects, because a search
-- goes over all kinds at once, and because embeddings are removed after a year while interactions stay. `code` is the
-- embedding in 16-bit integers (docs/adr/0020): half the size of real[], read ten times faster than its text, and inner
-- products that are the same on every machine. Of a text that no model takes it is all zeros.
CREATE TABLE platform.embeddings (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL,          -- the subject's
  kind            text NOT NULL CHECK (kind IN ('interaction', 'call')),
  subject         text NOT NULL,                 -- the interaction's or call's id
  model           text NOT NULL,                 -- embeddings of different models cannot be compared
  code            bytea NOT NULL CHECK (octet_length(code) = 3072),
  PRIMARY KEY (organization_id, created_at, kind, subject)
) PARTITION BY RANGE (created_at);
ALTER TABLE platform.embeddings ALTER COLUMN code SET STORAGE EXTERNAL;   -- noise does not compress

ALTER TABLE platform.interactions DROP COLUMN embedding, DROP COLUMN embedding_model,
  ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('pg_catalog.simple', left(description, 20000))) STORED;
CREATE INDEX interactions_search ON platform.interactions USING gin (search) WITH (fastupdate = on);

-- What was posted, as it came, until InteractionProcessing has made an interaction of it and for a while after that.
CREATE TABLE platform.interaction_events (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL,          -- when it happened: the interaction's created_at
  id              uuid NOT NULL,                 -- the interaction's
  source          text NOT NULL CHECK (source IN ('web', 'social', 'cctv', 'call')),
  session_id      text NOT NULL DEFAULT '' CHECK (length(session_id) <= 200),
  content         text NOT NULL,                 -- text, or a JSON document of events
  products        uuid[] NOT NULL DEFAULT '{}',  -- known to the sender; the description may add some
  metadata        jsonb NOT NULL DEFAULT '{}',
  received_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, created_at, id)
) PARTITION BY RANGE (created_at);

-- What interactions cost, one row each, for ever: the primary key is what makes them count exactly once.
CREATE TABLE platform.interaction_ledger (
  organization_id   uuid NOT NULL,
  interaction_id    uuid NOT NULL,
  created_at        timestamptz NOT NULL,
  period_start      timestamptz NOT NULL,        -- the billing period in which it was counted
  prompt_tokens     integer NOT NULL DEFAULT 0,
  completion_tokens integer NOT NULL DEFAULT 0,
  recorded_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, interaction_id)
);

-- Live counters, one row per tenant, period and server process, as usage_counters (0003) and for the same reason.
CREATE TABLE platform.interaction_counters (
  organization_id uuid NOT NULL,
  period_start    timestamptz NOT NULL,
  writer          integer NOT NULL,
  interactions    bigint NOT NULL,
  tokens          bigint NOT NULL,
  PRIMARY KEY (organization_id, period_start, writer)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);

CREATE VIEW platform.organization_interactions WITH (security_invoker = true) AS
  SELECT o.id AS organization_id, o.slug, o.period_start, o.period_end,
         coalesce(sum(c.interactions), 0)::bigint AS interactions, coalesce(sum(c.tokens), 0)::bigint AS tokens
  FROM platform.organizations o
  LEFT JOIN platform.interaction_counters c ON c.organization_id = o.id AND c.period_start = o.period_start
  GROUP BY o.id;
GRANT SELECT ON platform.organization_interactions TO holdfast_runtime;

-- As in 0007, with the tables that have a search index since.
CREATE OR REPLACE FUNCTION platform.partition_options(parent text) RETURNS text
  LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE parent
    WHEN 'calls' THEN 'fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05'
    WHEN 'webhook_deliveries' THEN 'fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05'
    WHEN 'call_transcripts' THEN 'autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_insert_threshold = 2000'
    WHEN 'interactions' THEN 'autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_insert_threshold = 2000'
    ELSE 'autovacuum_vacuum_insert_scale_factor = 0.1'
  END
$$;
SELECT platform.ensure_partitions(3);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['embeddings', 'interaction_events', 'interaction_ledger', 'interaction_counters'] LOOP
    EXECUTE format('ALTER TABLE platform.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE platform.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON platform.%I USING (organization_id = platform.current_organization())', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON platform.%I TO holdfast_runtime', name);
  END LOOP;
END $$;
REVOKE UPDATE, DELETE ON platform.interaction_ledger FROM holdfast_runtime;

-- Files what somebody observed and starts InteractionProcessing (id interaction-{organization}-{id}) in the caller's
-- transaction. A post with an id that came before, whatever else it says, changes nothing: is_new is false, and the time
-- is that of the first one. created_at is occurred_at (default: now) where there is a partition for it, as of calls.
-- Errors: 23503 when the organization is unknown or not active; 22P02/22023/23514 for malformed arguments.
CREATE FUNCTION platform.post_interaction(
    organization uuid, id uuid, source text, content text, session_id text DEFAULT '',
    occurred_at timestamptz DEFAULT NULL, products uuid[] DEFAULT '{}', metadata jsonb DEFAULT '{}',
    OUT is_new boolean, OUT created_at timestamptz)
  LANGUAGE plpgsql SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  a_id ALIAS FOR $2;
  process constant text := 'interaction-' || organization || '-' || a_id;
  first_at timestamptz;
BEGIN
  IF a_id IS NULL THEN
    RAISE EXCEPTION 'id is null, allowed is a UUID' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM set_config('app.organization_id', organization::text, true);
  PERFORM 1 FROM platform.organizations o WHERE o.id = organization AND o.status = 'active';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'organization % is unknown or not active', organization USING ERRCODE = 'foreign_key_violation';
  END IF;
  SELECT l.created_at INTO first_at FROM platform.interaction_ledger l
   WHERE l.organization_id = organization AND l.interaction_id = a_id;
  IF first_at IS NULL THEN
    SELECT (r.input ->> 'created_at')::timestamptz INTO first_at FROM holdfast.runs r
     WHERE r.shard = 0 AND r.namespace = 'default' AND r.workflow_id = process LIMIT 1;
  END IF;
  is_new := first_at IS NULL;
  created_at := coalesce(first_at, platform.call_key_time(coalesce(occurred_at, now())));
  IF NOT is_new THEN RETURN; END IF;
  INSERT INTO platform.interaction_events (organization_id, created_at, id, source, session_id, content, products, metadata)
    VALUES (organization, post_interaction.created_at, a_id, post_interaction.source,
            coalesce(post_interaction.session_id, ''), post_interaction.content,
            coalesce(post_interaction.products, '{}'), coalesce(post_interaction.metadata, '{}'));
  PERFORM holdfast.start_workflow('InteractionProcessing', process,
            json_build_object('organization_id', organization, 'id', a_id,
                              'created_at', platform.utc_text(post_interaction.created_at)),
            'interactions', reuse => 'reject_duplicate');
EXCEPTION WHEN unique_violation THEN
  -- The same id at the same moment, from another connection, which has committed: that one is the first.
  is_new := false;
  SELECT (r.input ->> 'created_at')::timestamptz INTO post_interaction.created_at FROM holdfast.runs r
   WHERE r.shard = 0 AND r.namespace = 'default' AND r.workflow_id = process LIMIT 1;
END $$;
