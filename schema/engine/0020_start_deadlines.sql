-- As in 0004; the execution timeout now begins when the start delay ends, as it does where start_runs needs one
-- statement only.
CREATE OR REPLACE FUNCTION holdfast.start_run(
  p_run_id uuid, p_namespace text, p_workflow_id text, p_workflow_type text, p_task_queue text, p_input json,
  p_memo jsonb, p_search_attributes jsonb, p_priority smallint, p_start_delay interval, p_execution_timeout interval,
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
              p_search_attributes, p_reuse = 'reject_duplicate', now(), now() + coalesce(p_start_delay, interval '0') + p_execution_timeout);
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
