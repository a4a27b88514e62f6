-- Which messages were delivered, so that a repeated one is found by one key instead of in the whole history of its run.
CREATE TABLE holdfast.message_keys (
  shard      smallint    NOT NULL DEFAULT 0,
  -- Of a signal: the first run of its chain, so that a sender may repeat it whichever run is open by then. Of a cancel
  -- request, which is the same whoever asks, and for one run only: that run.
  run_id     uuid        NOT NULL,
  message_id uuid        NOT NULL,   -- nil: a cancel request
  at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (shard, run_id, message_id)
) WITH (autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_insert_scale_factor = 0.1);
CREATE INDEX message_keys_by_age ON holdfast.message_keys USING brin (at);
ALTER TABLE holdfast.message_keys ALTER COLUMN shard SET (n_distinct = 1), ALTER COLUMN run_id SET (n_distinct = -0.1);

-- What was delivered before this migration: unread messages, and what open runs consumed within the last day.
INSERT INTO holdfast.message_keys (run_id, message_id)
SELECT coalesce(r.first_run_id, r.run_id), i.message_id
  FROM holdfast.inbox i JOIN holdfast.runs r USING (shard, run_id) WHERE i.kind = 'signal'
UNION
SELECT i.run_id, '00000000-0000-0000-0000-000000000000' FROM holdfast.inbox i WHERE i.kind = 'cancel'
UNION
SELECT CASE e ->> 'type' WHEN 'WorkflowSignaled' THEN coalesce(r.first_run_id, r.run_id) ELSE r.run_id END,
       CASE e ->> 'type' WHEN 'WorkflowSignaled' THEN (e ->> 'message_id')::uuid
                         ELSE '00000000-0000-0000-0000-000000000000' END
  FROM holdfast.live_runs l JOIN holdfast.runs r USING (shard, run_id)
  JOIN holdfast.history h USING (shard, run_id) CROSS JOIN LATERAL json_array_elements(h.events) e
 WHERE h.at > now() - interval '1 day'
   AND (e ->> 'type' = 'WorkflowCancelRequested' OR e ->> 'type' = 'WorkflowSignaled' AND e ->> 'message_id' <> '');

-- As in 0011. The key is taken under the live row's lock, so of two senders of one message the second finds it. A signal
-- that nobody can repeat (p_message_id is null) takes none.
CREATE OR REPLACE FUNCTION holdfast.deliver_message(p_namespace text, p_workflow_id text, p_run_id uuid, p_kind text,
                                                    p_name text, p_payload json, p_message_id uuid) RETURNS text
  LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  at uuid := p_run_id;
  target uuid;
  key_run uuid;
  key_message uuid := CASE p_kind WHEN 'cancel' THEN '00000000-0000-0000-0000-000000000000' ELSE p_message_id END;
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
    SELECT coalesce(r.first_run_id, r.run_id) INTO key_run
      FROM holdfast.runs r
     WHERE r.shard = 0 AND CASE WHEN p_run_id IS NULL THEN r.namespace = p_namespace AND r.workflow_id = p_workflow_id
                                ELSE r.run_id = p_run_id END
     ORDER BY r.run_id DESC LIMIT 1;
    IF NOT FOUND THEN
      RETURN 'not_found';
    ELSIF p_kind = 'cancel' THEN
      RETURN 'closed';
    END IF;
    PERFORM FROM holdfast.message_keys k WHERE k.shard = 0 AND k.run_id = key_run AND k.message_id = key_message;
    RETURN CASE WHEN FOUND THEN 'sent' ELSE 'closed' END;
  END IF;
  IF key_message IS NOT NULL THEN
    SELECT CASE p_kind WHEN 'cancel' THEN r.run_id ELSE coalesce(r.first_run_id, r.run_id) END INTO key_run
      FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = target;
    INSERT INTO holdfast.message_keys (shard, run_id, message_id) VALUES (0, key_run, key_message) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RETURN 'sent';
    END IF;
  END IF;
  INSERT INTO holdfast.inbox (shard, run_id, message_id, kind, name, payload)
  VALUES (0, target, coalesce(p_message_id, holdfast.uuid_v7()), p_kind, p_name, p_payload);
  RETURN 'sent';
END
$$;
DROP FUNCTION holdfast.message_consumed(uuid, text, uuid);

-- As in 0005.
CREATE OR REPLACE FUNCTION holdfast.signal_workflow(workflow_id text, signal text, payload json DEFAULT '{}',
                                                    namespace text DEFAULT 'default', message_id uuid DEFAULT NULL)
  RETURNS text LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM holdfast.check_text('workflow_id', workflow_id, 1000), holdfast.check_text('signal', signal, 255),
          holdfast.check_text('namespace', namespace, 255);
  IF payload IS NULL THEN
    RAISE EXCEPTION 'payload is null, allowed is any JSON value' USING ERRCODE = '22023';
  END IF;
  RETURN holdfast.deliver_message(namespace, workflow_id, NULL, 'signal', signal, payload, message_id);
END
$$;

-- Forgets keys of more than a week ago, except that an open run was asked to end. Called now and then by workers.
CREATE FUNCTION holdfast.forget_message_keys() RETURNS bigint
  LANGUAGE sql VOLATILE
AS $$
  WITH old AS (
    SELECT k.shard, k.run_id, k.message_id FROM holdfast.message_keys k
     WHERE k.at < now() - interval '7 days'
       AND (k.message_id <> '00000000-0000-0000-0000-000000000000'
            OR NOT EXISTS (SELECT FROM holdfast.live_runs l WHERE l.shard = k.shard AND l.run_id = k.run_id))
     LIMIT 100000 FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM holdfast.message_keys k USING old
     WHERE k.shard = old.shard AND k.run_id = old.run_id AND k.message_id = old.message_id RETURNING 1)
  SELECT count(*) FROM gone
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON holdfast.message_keys TO holdfast_runtime;
REVOKE ALL ON FUNCTION holdfast.forget_message_keys() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION holdfast.forget_message_keys() TO holdfast_runtime;
