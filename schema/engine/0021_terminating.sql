-- As in 0010, and the owner's row, which is not committed yet when the last event is looked up, ends neither this
-- nor the caller's transaction: whoever comes second looks again.
CREATE OR REPLACE FUNCTION holdfast.terminate_workflow(workflow_id text, reason text DEFAULT '',
                                                       namespace text DEFAULT 'default', run_id uuid DEFAULT NULL)
  RETURNS text LANGUAGE plpgsql SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  a_workflow_id ALIAS FOR $1;
  a_reason ALIAS FOR $2;
  a_namespace ALIAS FOR $3;
  a_run_id ALIAS FOR $4;
  target uuid;
  next_event bigint;
  ended record;
  at uuid := a_run_id;
BEGIN
  LOOP
    IF a_run_id IS NULL THEN
      DELETE FROM holdfast.live_runs l WHERE l.shard = 0 AND l.namespace = a_namespace
         AND l.workflow_id = a_workflow_id RETURNING l.run_id INTO target;
    ELSE
      DELETE FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = at RETURNING l.run_id INTO target;
    END IF;
    EXIT WHEN target IS NOT NULL OR a_run_id IS NULL;
    at := holdfast.open_run_of_chain(at);
    EXIT WHEN at IS NULL;
  END LOOP;
  IF target IS NULL THEN
    PERFORM FROM holdfast.runs r WHERE r.shard = 0 AND r.namespace = a_namespace AND r.workflow_id = a_workflow_id
       AND a_run_id IS NULL UNION ALL
    SELECT FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = a_run_id LIMIT 1;
    RETURN CASE WHEN FOUND THEN 'closed' ELSE 'not_found' END;
  END IF;
  UPDATE holdfast.runs r SET status = 'terminated', closed_at = now(),
         failure = json_build_object('kind', 'terminated', 'message', coalesce(a_reason, ''))
   WHERE r.shard = 0 AND r.run_id = target RETURNING r.parent_run_id, r.parent_seq, r.failure INTO ended;
  LOOP
    SELECT h.event_id + json_array_length(h.events) INTO next_event FROM holdfast.history h
     WHERE h.shard = 0 AND h.run_id = target ORDER BY h.event_id DESC LIMIT 1;
    INSERT INTO holdfast.history (shard, run_id, event_id, at, events)
    VALUES (0, target, coalesce(next_event, 1), now(),
            json_build_array(json_build_object('type', 'WorkflowTerminated', 'reason', coalesce(a_reason, ''))))
    ON CONFLICT DO NOTHING;
    EXIT WHEN FOUND;   -- else the run's owner appended a row meanwhile
  END LOOP;
  DELETE FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.run_id = target;
  DELETE FROM holdfast.inbox i WHERE i.shard = 0 AND i.run_id = target;
  PERFORM FROM holdfast.runs r WHERE r.shard = 0 AND r.parent_run_id = target LIMIT 1;
  IF FOUND THEN
    PERFORM holdfast.part_from_children(ARRAY[target]);
  END IF;
  IF ended.parent_run_id IS NOT NULL THEN
    PERFORM holdfast.tell_parents(ARRAY[ended.parent_run_id], ARRAY[ended.parent_seq], ARRAY['child_failed'],
                                  ARRAY[ended.failure]);
  END IF;
  RETURN 'sent';
END
$$;
