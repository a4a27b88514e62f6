-- Messages to runs, in the transaction of whoever sends.

-- Whether the run's history already holds the message (a cancel request is the same whoever asks).
CREATE FUNCTION holdfast.message_consumed(p_run_id uuid, p_kind text, p_message_id uuid) RETURNS boolean
  LANGUAGE sql STABLE
AS $$
  SELECT EXISTS (
    SELECT FROM holdfast.history h
     WHERE h.shard = 0 AND h.run_id = p_run_id
       AND strpos(h.events::text, CASE p_kind WHEN 'cancel' THEN '"WorkflowCancelRequested"'
                                              ELSE p_message_id::text END) > 0
       AND EXISTS (SELECT FROM json_array_elements(h.events) e
                    WHERE (p_kind = 'cancel' AND e ->> 'type' = 'WorkflowCancelRequested')
                       OR (e ->> 'type' = 'WorkflowSignaled' AND e ->> 'message_id' = p_message_id::text)))
$$;

-- Rings the run's doorbell and puts the message into its inbox. The doorbell first: its row lock orders this sender,
-- others, and the owner that wants to park or close; what is looked up afterwards is seen as of that lock.
-- Returns 'sent', or 'closed' / 'not_found' when no run is open. The same message_id is delivered once.
CREATE FUNCTION holdfast.deliver_message(p_namespace text, p_workflow_id text, p_run_id uuid, p_kind text, p_name text,
                                         p_payload json, p_message_id uuid) RETURNS text
  LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  target uuid;
BEGIN
  IF p_run_id IS NULL THEN
    UPDATE holdfast.live_runs l SET rung = true,
           ready_at = CASE WHEN owner IS NULL AND NOT quarantined THEN least(ready_at, now()) ELSE ready_at END
     WHERE l.shard = 0 AND l.namespace = p_namespace AND l.workflow_id = p_workflow_id RETURNING l.run_id INTO target;
  ELSE
    UPDATE holdfast.live_runs l SET rung = true,
           ready_at = CASE WHEN owner IS NULL AND NOT quarantined THEN least(ready_at, now()) ELSE ready_at END
     WHERE l.shard = 0 AND l.run_id = p_run_id RETURNING l.run_id INTO target;
  END IF;
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
  INSERT INTO holdfast.inbox (shard, run_id, message_id, kind, name, payload)
  VALUES (0, target, p_message_id, p_kind, p_name, p_payload);
  RETURN 'sent';
END
$$;

-- Sends a signal. Returns 'sent', or 'closed' / 'not_found' when the workflow id has no open run. The signal is in the
-- run's inbox when the caller's transaction commits; passing the same message_id again changes nothing.
CREATE FUNCTION holdfast.signal_workflow(workflow_id text, signal text, payload json DEFAULT '{}',
                                         namespace text DEFAULT 'default', message_id uuid DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM holdfast.check_text('workflow_id', workflow_id, 1000), holdfast.check_text('signal', signal, 255),
          holdfast.check_text('namespace', namespace, 255);
  IF payload IS NULL THEN
    RAISE EXCEPTION 'payload is null, allowed is any JSON value' USING ERRCODE = '22023';
  END IF;
  RETURN holdfast.deliver_message(namespace, workflow_id, NULL, 'signal', signal, payload,
                                  coalesce(message_id, holdfast.uuid_v7()));
END
$$;

-- Asks a run to end in its own way: its code sees the request at its next wait. Returns as signal_workflow does.
CREATE FUNCTION holdfast.cancel_workflow(workflow_id text, reason text DEFAULT '', namespace text DEFAULT 'default')
  RETURNS text LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM holdfast.check_text('workflow_id', workflow_id, 1000), holdfast.check_text('namespace', namespace, 255);
  IF octet_length(reason) > 10000 THEN
    RAISE EXCEPTION 'reason is % bytes long, allowed are up to 10000', octet_length(reason) USING ERRCODE = '22023';
  END IF;
  RETURN holdfast.deliver_message(namespace, workflow_id, NULL, 'cancel', coalesce(reason, ''), '{}',
                                  holdfast.uuid_v7());
END
$$;
