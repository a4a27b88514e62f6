-- Messages to a run that may have gone on as another one (continue-as-new).

-- As in 0005, and along the chain. The live row is the same one through the whole chain, only its run_id changes: a
-- sender who waits for it by workflow id finds the next run in it, and one who names a run id looks again.
CREATE OR REPLACE FUNCTION holdfast.deliver_message(p_namespace text, p_workflow_id text, p_run_id uuid, p_kind text,
                                                    p_name text, p_payload json, p_message_id uuid) RETURNS text
  LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  at uuid := p_run_id;
  target uuid;
  before uuid;
BEGIN
  LOOP
    IF p_run_id IS NULL THEN
      UPDATE holdfast.live_runs l SET rung = true,
             ready_at = CASE WHEN owner IS NULL AND NOT quarantined THEN least(ready_at, now()) ELSE ready_at END
       WHERE l.shard = 0 AND l.namespace = p_namespace AND l.workflow_id = p_workflow_id RETURNING l.run_id INTO target;
    ELSE
      UPDATE holdfast.live_runs l SET rung = true,
             ready_at = CASE WHEN owner IS NULL AND NOT quarantined THEN least(ready_at, now()) ELSE ready_at END
       WHERE l.shard = 0 AND l.run_id = at RETURNING l.run_id INTO target;
    END IF;
    EXIT WHEN target IS NOT NULL OR p_run_id IS NULL;
    at := holdfast.open_run_of_chain(at);
    EXIT WHEN at IS NULL;
  END LOOP;
  IF target IS NULL THEN
    IF p_run_id IS NULL THEN
      SELECT r.run_id INTO target FROM holdfast.runs r
       WHERE r.shard = 0 AND r.namespace = p_namespace AND r.workflow_id = p_workflow_id
       ORDER BY r.run_id DESC LIMIT 1;
    ELSE
      SELECT r.run_id INTO target FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = p_run_id;
    END IF;
    RETURN CASE WHEN target IS NULL THEN 'not_found'
                WHEN holdfast.message_consumed(target, p_kind, p_message_id) THEN 'sent' ELSE 'closed' END;
  END IF;
  IF EXISTS (SELECT FROM holdfast.inbox i WHERE i.shard = 0 AND i.run_id = target AND i.message_id = p_message_id)
     OR holdfast.message_consumed(target, p_kind, p_message_id) THEN
    RETURN 'sent';
  END IF;
  -- A sender who repeats what the run before has read means the same message; a cancel request was for that run.
  SELECT r.previous_run_id INTO before FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = target;
  IF before IS NOT NULL AND p_kind <> 'cancel' AND holdfast.message_consumed(before, p_kind, p_message_id) THEN
    RETURN 'sent';
  END IF;
  INSERT INTO holdfast.inbox (shard, run_id, message_id, kind, name, payload)
  VALUES (0, target, p_message_id, p_kind, p_name, p_payload);
  RETURN 'sent';
END
$$;
