-- Starting and ending runs, in the transaction of whoever calls. docs/sql.md is the contract of what is public here;
-- start_run and deliver_message are the store's own.

-- A UUIDv7 of now (RFC 9562, section 5.7).
CREATE FUNCTION holdfast.uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
  RETURN (lpad(to_hex(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
          || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid;

-- Raises unless `value` is a text of 1 to `longest` bytes.
CREATE FUNCTION holdfast.check_text(field text, value text, longest integer) RETURNS void
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
  IF value IS NULL OR value = '' OR octet_length(value) > longest THEN
    RAISE EXCEPTION '% is %, allowed are 1 to % bytes', field,
      CASE WHEN value IS NULL THEN 'null' WHEN value = '' THEN 'empty' ELSE octet_length(value) || ' bytes long' END,
      longest USING ERRCODE = '22023';
  END IF;
END
$$;

-- Ends an open run at once, without running its code. Returns 'sent', or 'closed' / 'not_found' when none is open.
-- The history row that it appends has the key of the row that the run's owner would append next: one of both fails.
CREATE FUNCTION holdfast.terminate_workflow(workflow_id text, reason text DEFAULT '', namespace text DEFAULT 'default',
                                            run_id uuid DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  a_workflow_id ALIAS FOR $1;
  a_reason ALIAS FOR $2;
  a_namespace ALIAS FOR $3;
  a_run_id ALIAS FOR $4;
  target uuid;
  next_event bigint;
BEGIN
  IF a_run_id IS NULL THEN
    DELETE FROM holdfast.live_runs l WHERE l.shard = 0 AND l.namespace = a_namespace
       AND l.workflow_id = a_workflow_id RETURNING l.run_id INTO target;
  ELSE
    DELETE FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = a_run_id RETURNING l.run_id INTO target;
  END IF;
  IF target IS NULL THEN
    PERFORM FROM holdfast.runs r WHERE r.shard = 0 AND r.namespace = a_namespace AND r.workflow_id = a_workflow_id
       AND a_run_id IS NULL UNION ALL
    SELECT FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = a_run_id LIMIT 1;
    RETURN CASE WHEN FOUND THEN 'closed' ELSE 'not_found' END;
  END IF;
  UPDATE holdfast.runs r SET status = 'terminated', closed_at = now(),
         failure = json_build_object('kind', 'terminated', 'message', coalesce(a_reason, ''))
   WHERE r.shard = 0 AND r.run_id = target;
  SELECT h.event_id + json_array_length(h.events) INTO next_event FROM holdfast.history h
   WHERE h.shard = 0 AND h.run_id = target ORDER BY h.event_id DESC LIMIT 1;
  INSERT INTO holdfast.history (shard, run_id, event_id, at, events)
  VALUES (0, target, coalesce(next_event, 1), now(),
          json_build_array(json_build_object('type', 'WorkflowTerminated', 'reason', coalesce(a_reason, ''))));
  DELETE FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.run_id = target;
  DELETE FROM holdfast.inbox i WHERE i.shard = 0 AND i.run_id = target;
  RETURN 'sent';
END
$$;

-- One start with every policy. Returns what became of it ('started', 'already_running', 'used_existing', 'rejected')
-- and the run that it speaks of. The row in live_runs holds the workflow id while the closed runs are looked at, so
-- that nobody can start and close another run in between. Repeating a start of the same run_id returns 'started'.
CREATE FUNCTION holdfast.start_run(p_run_id uuid, p_namespace text, p_workflow_id text, p_workflow_type text,
                                   p_task_queue text, p_input json, p_memo jsonb, p_search_attributes jsonb,
                                   p_priority smallint, p_start_delay interval, p_execution_timeout interval,
                                   p_reuse text, p_conflict text, OUT outcome text, OUT run_id uuid)
  LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  closed_status text;
BEGIN
  PERFORM FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = p_run_id;
  IF FOUND THEN
    outcome := 'started';
    run_id := p_run_id;
    RETURN;
  END IF;
  FOR try IN 1 .. 20 LOOP
    INSERT INTO holdfast.live_runs (shard, run_id, namespace, workflow_id, task_queue, priority, ready_at)
    VALUES (0, p_run_id, p_namespace, p_workflow_id, p_task_queue, p_priority,
            now() + coalesce(p_start_delay, interval '0')) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      IF p_reuse <> 'allow_duplicate' THEN
        SELECT r.run_id, r.status INTO run_id, closed_status FROM holdfast.runs r
         WHERE r.shard = 0 AND r.namespace = p_namespace AND r.workflow_id = p_workflow_id
         ORDER BY r.run_id DESC LIMIT 1;
        IF FOUND AND (p_reuse = 'reject_duplicate'
                      OR closed_status NOT IN ('failed', 'canceled', 'terminated', 'timed_out')) THEN
          DELETE FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = p_run_id;
          outcome := 'rejected';
          RETURN;
        END IF;
      END IF;
      INSERT INTO holdfast.runs (shard, run_id, namespace, workflow_id, workflow_type, task_queue, input, memo,
                                 search_attributes, exclusive, started_at, deadline)
      VALUES (0, p_run_id, p_namespace, p_workflow_id, p_workflow_type, p_task_queue, p_input, p_memo,
              p_search_attributes, p_reuse = 'reject_duplicate', now(), now() + p_execution_timeout);
      outcome := 'started';
      run_id := p_run_id;
      RETURN;
    END IF;
    SELECT l.run_id INTO run_id FROM holdfast.live_runs l
     WHERE l.shard = 0 AND l.namespace = p_namespace AND l.workflow_id = p_workflow_id;
    CONTINUE WHEN NOT FOUND;   -- it closed just now
    IF run_id = p_run_id THEN
      outcome := 'started';    -- the same start, from another connection
      RETURN;
    ELSIF p_conflict <> 'terminate_existing' THEN
      outcome := CASE p_conflict WHEN 'use_existing' THEN 'used_existing' ELSE 'already_running' END;
      RETURN;
    END IF;
    PERFORM holdfast.terminate_workflow(p_workflow_id, 'terminated by a new start', p_namespace, run_id);
  END LOOP;
  RAISE EXCEPTION 'workflow id "%" is started and closed by others all the time', p_workflow_id USING ERRCODE = '40001';
END
$$;

-- Starts a run in the caller's transaction; returns its id, or with conflict => 'use_existing' that of the open run.
CREATE FUNCTION holdfast.start_workflow(workflow_type text, workflow_id text, input json DEFAULT '{}',
                                        task_queue text DEFAULT 'default', namespace text DEFAULT 'default',
                                        reuse text DEFAULT 'allow_duplicate', conflict text DEFAULT 'fail',
                                        priority integer DEFAULT 3, start_delay interval DEFAULT NULL,
                                        memo jsonb DEFAULT NULL, search_attributes jsonb DEFAULT NULL) RETURNS uuid
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
  ELSIF jsonb_typeof(memo) <> 'object' OR jsonb_typeof(search_attributes) <> 'object' THEN
    RAISE EXCEPTION 'memo and search_attributes must be JSON objects' USING ERRCODE = '22023';
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
