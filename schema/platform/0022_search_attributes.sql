-- Runs say whose they are: as in 0020 and 0021, with search attributes (docs/filters.md) in the same insert.
CREATE OR REPLACE FUNCTION platform.post_interaction(
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
            'interactions', reuse => 'reject_duplicate',
            search_attributes => jsonb_build_object('OrganizationId', organization, 'InteractionId', a_id));
EXCEPTION WHEN unique_violation THEN
  -- The same id at the same moment, from another connection, which has committed: that one is the first.
  is_new := false;
  SELECT (r.input ->> 'created_at')::timestamptz INTO post_interaction.created_at FROM holdfast.runs r
   WHERE r.shard = 0 AND r.namespace = 'default' AND r.workflow_id = process LIMIT 1;
END $$;

CREATE OR REPLACE FUNCTION platform.start_pattern_discoveries(day date, after uuid, page_size integer,
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
              reuse => 'reject_duplicate',
              search_attributes => jsonb_build_object('OrganizationId', organization, 'Period', 'day'));
    started := started + 1;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION platform.start_pattern_rollups(organization uuid, finished text, upto date) RETURNS SETOF text
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
              reuse => 'reject_duplicate',
              search_attributes => jsonb_build_object('OrganizationId', organization, 'Period', one.period));
    RETURN NEXT process;
  END LOOP;
END $$;
