-- Patterns with their words, evidence and centre; the clusters that become patterns; and pgvector, where it is installed.

DROP INDEX platform.patterns_by_period;
ALTER TABLE platform.patterns DROP COLUMN embedding, DROP COLUMN embedding_model,
  ADD COLUMN number   smallint NOT NULL DEFAULT 0,       -- within its period; 0 is the largest
  ADD COLUMN title    text NOT NULL DEFAULT '',
  ADD COLUMN members  integer NOT NULL DEFAULT 0,        -- texts that it was found in
  ADD COLUMN model    text NOT NULL DEFAULT '',          -- of the embeddings
  ADD COLUMN code     bytea CHECK (octet_length(code) = 3072),   -- the centre, as in embeddings
  ADD COLUMN search   tsvector GENERATED ALWAYS AS
    (to_tsvector('pg_catalog.simple', left(title || ' ' || description, 20000))) STORED;
CREATE UNIQUE INDEX patterns_by_period ON platform.patterns (organization_id, period, period_start, number);
CREATE INDEX patterns_search ON platform.patterns USING gin (search);
CREATE INDEX patterns_similar_to ON platform.patterns (similar_to) WHERE similar_to IS NOT NULL;

-- What was found for a period, on its way to becoming patterns: the words come one cluster at a time, from a vendor.
-- Emptied in the commit that stores the period's patterns.
CREATE TABLE platform.pattern_clusters (
  organization_id uuid NOT NULL,
  period          text NOT NULL CHECK (period IN ('day', 'week', 'month', 'year', 'all_time')),
  period_start    date NOT NULL,
  number          smallint NOT NULL,             -- 0 is the largest
  members         integer NOT NULL,
  confidence      real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  evidence        jsonb NOT NULL,
  products        uuid[] NOT NULL DEFAULT '{}',
  model           text NOT NULL,
  code            bytea NOT NULL CHECK (octet_length(code) = 3072),
  similar_to      uuid,                                  -- an earlier pattern that says the same
  title           text NOT NULL DEFAULT '',              -- '': not described yet
  description     text NOT NULL DEFAULT '',
  PRIMARY KEY (organization_id, period, period_start, number)
);
ALTER TABLE platform.pattern_clusters ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.pattern_clusters FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON platform.pattern_clusters USING (organization_id = platform.current_organization());
GRANT SELECT, INSERT, UPDATE, DELETE ON platform.pattern_clusters TO holdfast_runtime;

-- The day after a period. All time ends where it was last brought up to date: at period_start.
CREATE FUNCTION platform.period_end(period text, period_start date) RETURNS date
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
  SELECT (CASE period
    WHEN 'day' THEN period_start + interval '1 day'
    WHEN 'week' THEN period_start + interval '7 days'
    WHEN 'month' THEN period_start + interval '1 month'
    WHEN 'year' THEN period_start + interval '1 year'
    ELSE period_start
  END)::date
$$;

-- Replaces what was found for a period: a list of objects with the columns of pattern_clusters as members.
CREATE FUNCTION platform.write_pattern_clusters(organization uuid, a_period text, start date, a_model text, clusters json)
  RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM set_config('app.organization_id', organization::text, true);
  DELETE FROM platform.pattern_clusters c
   WHERE c.organization_id = organization AND c.period = a_period AND c.period_start = start;
  INSERT INTO platform.pattern_clusters (organization_id, period, period_start, number, members, confidence, evidence,
                                         products, model, code, similar_to, title, description)
  SELECT organization, a_period, start, n.number, n.members, n.confidence, n.evidence,
         ARRAY(SELECT json_array_elements_text(n.products)::uuid), a_model, n.code, n.similar_to, n.title, n.description
  FROM json_to_recordset(clusters) AS n (number smallint, members integer, confidence real, evidence jsonb, products json,
                                         code bytea, similar_to uuid, title text, description text);
END $$;

-- An embedding's numbers again, of unit length. For people, and for pgvector; a millisecond each.
CREATE FUNCTION platform.embedding_values(code bytea) RETURNS real[]
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
  SELECT ARRAY(SELECT ((get_byte(code, i) + get_byte(code, i + 1) * 256 + 32768) % 65536 - 32768)::real / 32000::real
               FROM generate_series(0, octet_length(code) - 2, 2) i)
$$;

-- With the extension: a column vector(1536) that follows `code` by itself, with an HNSW index. Run by the migration, and
-- once more by an operator who installs the extension later (it rewrites the tables). True: the column is there now.
CREATE FUNCTION platform.adopt_pgvector() RETURNS boolean
  LANGUAGE plpgsql
AS $$
DECLARE
  name text;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'vector') THEN RETURN false; END IF;
  FOREACH name IN ARRAY ARRAY['embeddings', 'patterns'] LOOP
    CONTINUE WHEN EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = ('platform.' || name)::regclass
                            AND attname = 'embedding' AND NOT attisdropped);
    EXECUTE format('ALTER TABLE platform.%I ADD COLUMN embedding vector(1536) '
                   'GENERATED ALWAYS AS (platform.embedding_values(code)::vector(1536)) STORED', name);
    EXECUTE format('CREATE INDEX %I ON platform.%I USING hnsw (embedding vector_cosine_ops)', name || '_hnsw', name);
  END LOOP;
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION platform.adopt_pgvector() FROM PUBLIC;
SELECT platform.adopt_pgvector();

-- Starts PatternDiscovery of one UTC day for a page of active organizations, in the caller's transaction. Each is
-- started once per day, for ever: its id is patterns-{organization}-day-{day}.
CREATE FUNCTION platform.start_pattern_discoveries(day date, after uuid, page_size integer,
                                                   OUT organizations integer, OUT last uuid, OUT started integer)
  LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  organization uuid;
  process text;
BEGIN
  organizations := 0;
  started := 0;
  FOR organization IN SELECT * FROM platform.active_organizations(after, page_size) LOOP
    organizations := organizations + 1;
    last := organization;
    process := 'patterns-' || organization || '-day-' || day;
    CONTINUE WHEN EXISTS (SELECT 1 FROM holdfast.runs r
                          WHERE r.shard = 0 AND r.namespace = 'default' AND r.workflow_id = process);
    PERFORM holdfast.start_workflow('PatternDiscovery', process,
              json_build_object('organization_id', organization, 'period', 'day', 'start', day), 'patterns',
              reuse => 'reject_duplicate');
    started := started + 1;
  END LOOP;
END $$;

-- Starts PatternRollUp of the periods that `finished` is part of: after a day the last week and month that have ended by
-- `upto` (the day after it), after a month the last year, and all time. Each is started once, for ever (its id is
-- patterns-{organization}-{period}-{start}), and only if the tenant has patterns to sum up in it; one that could not be
-- started then is started with the next day or month. The start of all time is the day up to which it goes.
-- Returns the ids that it started.
CREATE FUNCTION platform.start_pattern_rollups(organization uuid, finished text, upto date) RETURNS SETOF text
  LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  week  constant date := date_trunc('week', upto)::date;
  month constant date := date_trunc('month', upto)::date;
  year  constant date := date_trunc('year', upto)::date;
  one record;
  process text;
BEGIN
  PERFORM set_config('app.organization_id', organization::text, true);
  FOR one IN
    SELECT * FROM (VALUES ('week', 'day', week - 7, week),
                          ('month', 'day', (month - interval '1 month')::date, month),
                          ('year', 'month', (year - interval '1 year')::date, year),
                          ('all_time', 'month', month, month)) AS p (period, part, first, until)
    WHERE part = finished
  LOOP
    process := 'patterns-' || organization || '-' || one.period || '-' || one.first;
    CONTINUE WHEN EXISTS (SELECT 1 FROM holdfast.runs r
                          WHERE r.shard = 0 AND r.namespace = 'default' AND r.workflow_id = process);
    CONTINUE WHEN NOT EXISTS (
      SELECT 1 FROM platform.patterns p
      WHERE p.organization_id = organization AND p.period = one.part AND p.period_start < one.until
        AND (one.period = 'all_time' OR p.period_start >= one.first));
    PERFORM holdfast.start_workflow('PatternRollUp', process,
              json_build_object('organization_id', organization, 'period', one.period, 'start', one.first), 'patterns',
              reuse => 'reject_duplicate');
    RETURN NEXT process;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION platform.start_pattern_discoveries(date, uuid, integer),
  platform.start_pattern_rollups(uuid, text, date), platform.write_pattern_clusters(uuid, text, date, text, json) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.start_pattern_discoveries(date, uuid, integer),
  platform.start_pattern_rollups(uuid, text, date), platform.write_pattern_clusters(uuid, text, date, text, json)
  TO holdfast_runtime;
