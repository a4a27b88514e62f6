-- Search attributes and memo: what is allowed, how a run changes them, and what lists are filtered by (docs/filters.md).

-- Containment finds equal attributes, whatever their names. Runs without attributes are not in it, and a close changes
-- nothing that it looks at, so it stays a heap-only update. The list of pending entries is short, so that no start has
-- to put away four megabytes of them.
CREATE INDEX runs_by_search_attributes ON holdfast.runs USING gin (search_attributes jsonb_path_ops)
  WITH (gin_pending_list_limit = 1024) WHERE search_attributes IS NOT NULL;
-- Runs that failed, timed out or were terminated: few among very many. `failure` stays null when a run completes, so
-- that such a close changes no indexed column.
CREATE INDEX runs_unsuccessful ON holdfast.runs (shard, namespace, run_id) WHERE failure IS NOT NULL;
-- Runs come in the order of their start: a few bytes per megabyte are enough to find those of a time.
CREATE INDEX runs_by_start ON holdfast.runs USING brin (started_at) WITH (autosummarize = on);

-- The instant that a text attribute means, or null: as visibility::attribute_time (engine/visibility/times.hpp).
CREATE FUNCTION holdfast.attribute_time(value text) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
  IF value !~ '^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$'
     OR value ~ '^\d{4}-(02-3|(04|06|09|11)-31)' THEN
    RETURN NULL;
  ELSIF value ~ '^\d{4}-02-29' AND extract(day FROM make_date(left(value, 4)::integer, 3, 1) - 1) < 29 THEN
    RETURN NULL;
  END IF;
  RETURN value::timestamptz;
END
$$;

-- `changes` over `properties`; null removes. Without any left: null.
CREATE FUNCTION holdfast.changed_properties(properties jsonb, changes jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN changes IS NULL THEN properties
              ELSE nullif((coalesce(properties, '{}') || changes)
                          - ARRAY(SELECT c.key FROM jsonb_each(changes) c WHERE c.value = 'null'), '{}') END;

-- Raises unless both are what check_memo and check_search_attributes (engine/core/attributes.hpp) allow.
CREATE FUNCTION holdfast.check_properties(memo jsonb, search_attributes jsonb) RETURNS void
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
  bad record;
BEGIN
  IF jsonb_typeof(memo) <> 'object' OR jsonb_typeof(search_attributes) <> 'object' THEN
    RAISE EXCEPTION 'memo and search_attributes must be JSON objects' USING ERRCODE = '22023';
  ELSIF octet_length(memo::text) > 2097152 THEN
    RAISE EXCEPTION 'memo has % bytes, allowed are 2097152', octet_length(memo::text) USING ERRCODE = '22023';
  ELSIF search_attributes IS NULL THEN
    RETURN;
  ELSIF octet_length(search_attributes::text) > 40960 THEN
    RAISE EXCEPTION 'search_attributes have % bytes, allowed are 40960', octet_length(search_attributes::text)
      USING ERRCODE = '22023';
  END IF;
  SELECT a.key, a.value, a.n INTO bad
    FROM (SELECT e.key, e.value, row_number() OVER () AS n FROM jsonb_each(search_attributes) e) a
   WHERE a.n > 100 OR a.key !~ '^[A-Za-z_][A-Za-z0-9_.-]{0,99}$'
      OR lower(a.key) IN ('workflowid', 'runid', 'workflowtype', 'taskqueue', 'executionstatus', 'starttime', 'closetime',
                          'executiontime', 'executionduration', 'historylength', 'historysizebytes',
                          'statetransitioncount', 'parentworkflowid', 'parentrunid', 'rootworkflowid', 'rootrunid',
                          'scheduleid', 'scheduledbyid', 'scheduledstarttime')
      OR octet_length(a.value::text) > 2048
      OR CASE jsonb_typeof(a.value)
           WHEN 'object' THEN true
           WHEN 'array' THEN jsonb_path_exists(a.value, 'strict $[*] ? (@.type() != "string")')
           WHEN 'number' THEN abs(a.value::numeric) > 1.7976931348623157e308
           ELSE false END
   LIMIT 1;
  IF NOT FOUND THEN
    RETURN;
  ELSIF bad.n > 100 THEN
    RAISE EXCEPTION 'search_attributes have more than 100 names' USING ERRCODE = '22023';
  ELSIF bad.key !~ '^[A-Za-z_][A-Za-z0-9_.-]{0,99}$' THEN
    RAISE EXCEPTION 'search_attributes have the name "%", allowed are letters, digits, _ . and -, a letter or _ first, at most 100 bytes',
      left(bad.key, 60) USING ERRCODE = '22023';
  ELSIF octet_length(bad.value::text) > 2048 THEN
    RAISE EXCEPTION 'search_attributes.% has % bytes, allowed are 2048; keep larger things in the memo', bad.key,
      octet_length(bad.value::text) USING ERRCODE = '22023';
  ELSIF jsonb_typeof(bad.value) IN ('object', 'array', 'number') THEN
    RAISE EXCEPTION 'search_attributes.% is %, allowed are a string, a boolean, a number that fits a double, a list of strings, or null',
      bad.key, left(bad.value::text, 60) USING ERRCODE = '22023';
  END IF;
  RAISE EXCEPTION 'search_attributes have the name "%", allowed are names other than those that filters know already',
    bad.key USING ERRCODE = '22023';
END
$$;

CREATE FUNCTION holdfast.check_schedule_properties() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM holdfast.check_properties(new.memo, new.search_attributes);
  RETURN new;
END
$$;
-- However a schedule is written; firing touches neither column.
CREATE TRIGGER schedule_properties BEFORE INSERT OR UPDATE OF memo, search_attributes ON holdfast.schedules
  FOR EACH ROW EXECUTE FUNCTION holdfast.check_schedule_properties();

-- As in 0004, with memo and search attributes looked at more closely.
CREATE OR REPLACE FUNCTION holdfast.start_workflow(
  workflow_type text, workflow_id text, input json DEFAULT '{}', task_queue text DEFAULT 'default',
  namespace text DEFAULT 'default', reuse text DEFAULT 'allow_duplicate', conflict text DEFAULT 'fail',
  priority integer DEFAULT 3, start_delay interval DEFAULT NULL, memo jsonb DEFAULT NULL,
  search_attributes jsonb DEFAULT NULL) RETURNS uuid
  LANGUAGE plpgsql
AS $$
DECLARE
  made record;
BEGIN
  PERFORM holdfast.check_text('workflow_type', workflow_type, 255), holdfast.check_text('workflow_id', workflow_id, 1000),
          holdfast.check_text('task_queue', task_queue, 255), holdfast.check_text('namespace', namespace, 255);
  IF input IS NULL THEN
    RAISE EXCEPTION 'input is null, allowed is any JSON value' USING ERRCODE = '22023';
  ELSIF reuse IS NULL OR reuse NOT IN ('allow_duplicate', 'allow_duplicate_failed_only', 'reject_duplicate') THEN
    RAISE EXCEPTION 'reuse is %, allowed are allow_duplicate, allow_duplicate_failed_only and reject_duplicate',
      coalesce('"' || reuse || '"', 'null') USING ERRCODE = '22023';
  ELSIF conflict IS NULL OR conflict NOT IN ('fail', 'use_existing', 'terminate_existing') THEN
    RAISE EXCEPTION 'conflict is %, allowed are fail, use_existing and terminate_existing',
      coalesce('"' || conflict || '"', 'null') USING ERRCODE = '22023';
  ELSIF priority IS NULL OR priority NOT BETWEEN 1 AND 5 THEN
    RAISE EXCEPTION 'priority is %, allowed are 1 to 5', coalesce(priority::text, 'null') USING ERRCODE = '22023';
  ELSIF start_delay < interval '0' OR start_delay > interval '100 years' THEN
    RAISE EXCEPTION 'start_delay is %, allowed are 0 to 100 years', start_delay USING ERRCODE = '22023';
  ELSIF memo IS NOT NULL OR search_attributes IS NOT NULL THEN
    PERFORM holdfast.check_properties(memo, search_attributes);
  END IF;
  made := holdfast.start_run(holdfast.uuid_v7(), namespace, workflow_id, workflow_type, task_queue, input, memo,
                             search_attributes, priority::smallint, start_delay, NULL, reuse, conflict);
  IF made.outcome = 'already_running' THEN
    RAISE EXCEPTION 'workflow id "%" already has an open run', workflow_id
      USING ERRCODE = '23505', DETAIL = 'run ' || made.run_id, HINT = 'pass conflict => ''use_existing'' to join it';
  ELSIF made.outcome = 'rejected' THEN
    RAISE EXCEPTION 'workflow id "%" already has a closed run, and reuse is %', workflow_id, reuse
      USING ERRCODE = '23505', DETAIL = 'run ' || made.run_id;
  END IF;
  RETURN made.run_id;
END
$$;

REVOKE ALL ON FUNCTION holdfast.attribute_time(text), holdfast.changed_properties(jsonb, jsonb),
  holdfast.check_properties(jsonb, jsonb), holdfast.check_schedule_properties() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION holdfast.attribute_time(text), holdfast.changed_properties(jsonb, jsonb),
  holdfast.check_properties(jsonb, jsonb), holdfast.check_schedule_properties() TO holdfast_runtime;
