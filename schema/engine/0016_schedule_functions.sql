-- Schedules from SQL, in the caller's transaction. PostgreSQL cannot check a cron string: the first worker that looks
-- at a schedule does, and writes into its `error` what is wrong with it. docs/sql.md is the contract.

-- A schedule by its key, locked; raises unless there is one.
CREATE FUNCTION holdfast.lock_schedule(p_schedule_id text, p_namespace text) RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM FROM holdfast.schedules s
    WHERE s.shard = 0 AND s.namespace = p_namespace AND s.schedule_id = p_schedule_id FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no schedule "%" in namespace "%"', p_schedule_id, p_namespace USING ERRCODE = 'P0002';
  END IF;
END
$$;

CREATE FUNCTION holdfast.check_overlap(field text, value text) RETURNS void LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
  IF value NOT IN ('skip', 'buffer_one', 'buffer_all', 'cancel_other', 'terminate_other', 'allow_all') THEN
    RAISE EXCEPTION '% is "%", allowed are skip, buffer_one, buffer_all, cancel_other, terminate_other and allow_all',
      field, value USING ERRCODE = '22023';
  END IF;
END
$$;

-- Checks the shape of a spec: an object with known members of the right kinds.
CREATE FUNCTION holdfast.check_spec(spec json) RETURNS void LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
  member record;
BEGIN
  IF spec IS NULL OR json_typeof(spec) <> 'object' THEN
    RAISE EXCEPTION 'spec is %, allowed is a JSON object such as {"cron": ["0 2 * * *"]}',
      coalesce(left(spec::text, 60), 'null') USING ERRCODE = '22023';
  END IF;
  FOR member IN SELECT key, json_typeof(value) AS kind FROM json_each(spec) LOOP
    IF member.key NOT IN ('calendars', 'cron', 'intervals', 'exclude', 'start_at', 'end_at', 'jitter', 'time_zone',
                          'missing_time', 'doubled_time') THEN
      RAISE EXCEPTION 'spec has a member "%", allowed are calendars, cron, intervals, exclude, start_at, end_at, jitter, time_zone, missing_time and doubled_time',
        member.key USING ERRCODE = '22023';
    ELSIF (member.key IN ('calendars', 'cron', 'intervals', 'exclude')) <> (member.kind = 'array') THEN
      RAISE EXCEPTION 'spec.% is %, allowed is %', member.key, member.kind,
        CASE WHEN member.kind = 'array' THEN 'text' ELSE 'an array' END USING ERRCODE = '22023';
    END IF;
  END LOOP;
  PERFORM FROM pg_catalog.pg_timezone_names z WHERE z.name = coalesce(spec ->> 'time_zone', 'UTC');
  IF NOT FOUND THEN
    RAISE EXCEPTION 'spec.time_zone is "%", allowed is an IANA time zone such as UTC or Europe/Berlin',
      spec ->> 'time_zone' USING ERRCODE = '22023';
  END IF;
END
$$;

-- Makes a schedule, or with replace => true changes the one that has the id (its pause stays as it is).
-- `options` are the other members of a definition: priority, execution_timeout, overlap, catch_up, catch_up_window,
-- pause_on_failure, limited_actions.
CREATE FUNCTION holdfast.create_schedule(schedule_id text, workflow_type text, spec json, input json DEFAULT '{}',
                                         task_queue text DEFAULT 'default', options json DEFAULT '{}',
                                         paused boolean DEFAULT false, note text DEFAULT '',
                                         namespace text DEFAULT 'default', memo jsonb DEFAULT NULL,
                                         search_attributes jsonb DEFAULT NULL, replace boolean DEFAULT false)
  RETURNS void LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
DECLARE
  member record;
  made json;
  remaining bigint;
BEGIN
  PERFORM holdfast.check_text('schedule_id', schedule_id, 900), holdfast.check_text('workflow_type', workflow_type, 255),
          holdfast.check_text('task_queue', task_queue, 255), holdfast.check_text('namespace', namespace, 255),
          holdfast.check_spec(spec);
  IF input IS NULL OR paused IS NULL OR note IS NULL OR replace IS NULL THEN
    RAISE EXCEPTION 'input, paused, note and replace must not be null' USING ERRCODE = '22023';
  ELSIF jsonb_typeof(memo) <> 'object' OR jsonb_typeof(search_attributes) <> 'object' THEN
    RAISE EXCEPTION 'memo and search_attributes must be JSON objects' USING ERRCODE = '22023';
  ELSIF options IS NULL OR json_typeof(options) <> 'object' THEN
    RAISE EXCEPTION 'options is %, allowed is a JSON object such as {"overlap": "buffer_one"}',
      coalesce(left(options::text, 60), 'null') USING ERRCODE = '22023';
  END IF;
  FOR member IN SELECT key FROM json_each(options) LOOP
    IF member.key NOT IN ('priority', 'execution_timeout', 'overlap', 'catch_up', 'catch_up_window', 'pause_on_failure',
                          'limited_actions') THEN
      RAISE EXCEPTION 'options has a member "%", allowed are priority, execution_timeout, overlap, catch_up, catch_up_window, pause_on_failure and limited_actions',
        member.key USING ERRCODE = '22023';
    END IF;
  END LOOP;
  PERFORM holdfast.check_overlap('options.overlap', options ->> 'overlap');
  IF options ->> 'catch_up' NOT IN ('all', 'latest', 'none') THEN
    RAISE EXCEPTION 'options.catch_up is "%", allowed are all, latest and none', options ->> 'catch_up'
      USING ERRCODE = '22023';
  ELSIF json_typeof(options -> 'limited_actions') <> 'number' OR options ->> 'limited_actions' !~ '^\d{1,18}$' THEN
    RAISE EXCEPTION 'options.limited_actions is %, allowed is a whole number from 0', options ->> 'limited_actions'
      USING ERRCODE = '22023';
  END IF;
  remaining := (options ->> 'limited_actions')::bigint;
  SELECT json_object_agg(key, value) INTO made FROM (
    SELECT 'spec' AS key, spec AS value UNION ALL SELECT 'workflow_type', to_json(workflow_type)
    UNION ALL SELECT 'task_queue', to_json(task_queue)
    UNION ALL SELECT o.key, o.value FROM json_each(options) o WHERE json_typeof(o.value) <> 'null') members;
  INSERT INTO holdfast.schedules AS s (namespace, schedule_id, definition, input, memo, search_attributes, paused, note,
                                       remaining_actions)
  VALUES (namespace, schedule_id, made, input, memo, search_attributes, paused, note, remaining)
  ON CONFLICT ON CONSTRAINT schedules_pkey DO NOTHING;
  IF FOUND THEN
    RETURN;
  ELSIF NOT replace THEN
    RAISE EXCEPTION 'schedule "%" exists already', schedule_id
      USING ERRCODE = '23505', HINT = 'pass replace => true to change it';
  END IF;
  UPDATE holdfast.schedules s
     SET definition = made, input = create_schedule.input, memo = create_schedule.memo,
         search_attributes = create_schedule.search_attributes, remaining_actions = remaining, version = s.version + 1,
         error = NULL, updated_at = now(), since = now(), next_at = now()
   WHERE s.shard = 0 AND s.namespace = create_schedule.namespace AND s.schedule_id = create_schedule.schedule_id;
END
$$;

CREATE FUNCTION holdfast.delete_schedule(schedule_id text, namespace text DEFAULT 'default') RETURNS boolean
  LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
BEGIN
  DELETE FROM holdfast.schedules s
   WHERE s.shard = 0 AND s.namespace = delete_schedule.namespace AND s.schedule_id = delete_schedule.schedule_id;
  RETURN FOUND;
END
$$;

CREATE FUNCTION holdfast.pause_schedule(schedule_id text, note text DEFAULT '', namespace text DEFAULT 'default')
  RETURNS void LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM holdfast.lock_schedule(schedule_id, namespace);
  UPDATE holdfast.schedules s SET paused = true, note = coalesce(pause_schedule.note, ''), next_at = now()
   WHERE s.shard = 0 AND s.namespace = pause_schedule.namespace AND s.schedule_id = pause_schedule.schedule_id;
END
$$;

-- Ticks of the time of the pause are not made up for.
CREATE FUNCTION holdfast.resume_schedule(schedule_id text, note text DEFAULT '', namespace text DEFAULT 'default')
  RETURNS void LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM holdfast.lock_schedule(schedule_id, namespace);
  UPDATE holdfast.schedules s
     SET note = coalesce(resume_schedule.note, ''), next_at = now(),
         since = CASE WHEN s.paused THEN now() ELSE s.since END, paused = false
   WHERE s.shard = 0 AND s.namespace = resume_schedule.namespace AND s.schedule_id = resume_schedule.schedule_id;
END
$$;

-- Puts a request where the next worker that fires the schedule finds it. The same request twice is one.
CREATE FUNCTION holdfast.request_schedule(p_schedule_id text, p_namespace text, p_request jsonb) RETURNS void
  LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM holdfast.lock_schedule(p_schedule_id, p_namespace);
  UPDATE holdfast.schedules s
     SET requests = CASE WHEN s.requests @> jsonb_build_array(p_request) THEN s.requests ELSE s.requests || p_request END,
         next_at = least(s.next_at, now())
   WHERE s.shard = 0 AND s.namespace = p_namespace AND s.schedule_id = p_schedule_id
     AND jsonb_array_length(s.requests) < 1000;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'schedule "%" has 1000 requests that no worker has carried out', p_schedule_id
      USING ERRCODE = '54000';
  END IF;
END
$$;

-- Starts one run as soon as a worker looks; returns its workflow id. Works while the schedule is paused.
CREATE FUNCTION holdfast.trigger_schedule(schedule_id text, overlap text DEFAULT NULL, namespace text DEFAULT 'default')
  RETURNS text LANGUAGE plpgsql
AS $$
DECLARE
  moment text := to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
BEGIN
  PERFORM holdfast.check_overlap('overlap', overlap);
  PERFORM holdfast.request_schedule(schedule_id, namespace,
    jsonb_strip_nulls(jsonb_build_object('trigger', moment, 'overlap', overlap)));
  RETURN schedule_id || '-' || replace(moment, '.000000Z', 'Z');
END
$$;

-- Runs the ticks of a time that has passed, from `start_time` to `end_time`, both included.
CREATE FUNCTION holdfast.backfill_schedule(schedule_id text, start_time timestamptz, end_time timestamptz,
                                           overlap text DEFAULT NULL, namespace text DEFAULT 'default') RETURNS void
  LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM holdfast.check_overlap('overlap', overlap);
  IF start_time IS NULL OR end_time IS NULL OR NOT isfinite(start_time) OR NOT isfinite(end_time)
     OR end_time < start_time OR end_time > now() THEN
    RAISE EXCEPTION 'start_time is %, end_time is %, allowed are two times of the past in their order',
      coalesce(start_time::text, 'null'), coalesce(end_time::text, 'null') USING ERRCODE = '22023';
  END IF;
  PERFORM holdfast.request_schedule(schedule_id, namespace,
    jsonb_build_object('backfill', jsonb_strip_nulls(jsonb_build_object(
      'from', to_char(start_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'to', to_char(end_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'overlap', overlap))));
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA holdfast FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA holdfast TO holdfast_runtime;

-- Statistics from the first day (see 0008). Not in the transaction that makes the table: there TRUNCATE would keep its
-- size of zero pages on record, and the planner would believe that.
INSERT INTO holdfast.schedules (namespace, schedule_id, next_at, definition)
SELECT 'default', 'example-' || n, now() + n * interval '1 s', '{}' FROM generate_series(1, 3000) n;
ANALYZE holdfast.schedules;
TRUNCATE holdfast.schedules;
