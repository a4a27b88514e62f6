-- Updates: requests to a run that are answered. Each has one row for ever, so that the same update id means the same
-- update through the whole chain of continue-as-new, whatever became of it.
CREATE TABLE holdfast.updates (
  shard       smallint    NOT NULL DEFAULT 0,
  -- The run that has it; and the first run of the chain, which never changes.
  run_id      uuid        NOT NULL,
  chain_id    uuid        NOT NULL,
  admitted_at timestamptz NOT NULL DEFAULT now(),
  accepted_at timestamptz,
  ended_at    timestamptz,
  update_id   text        NOT NULL,
  name        text        NOT NULL,
  stage       text        NOT NULL DEFAULT 'admitted' CHECK (stage IN ('admitted', 'accepted', 'completed', 'rejected')),
  result      json,
  failure     json
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX updates_open ON holdfast.updates (shard, run_id) WHERE ended_at IS NULL;
ALTER TABLE holdfast.updates ADD CONSTRAINT updates_pkey PRIMARY KEY (shard, chain_id, update_id);
ALTER TABLE holdfast.updates ALTER COLUMN shard SET (n_distinct = 1), ALTER COLUMN run_id SET (n_distinct = -0.5),
  ALTER COLUMN chain_id SET (n_distinct = -0.5);

ALTER TABLE holdfast.inbox DROP CONSTRAINT inbox_kind_check;
ALTER TABLE holdfast.inbox ADD CONSTRAINT inbox_kind_check
  CHECK (kind IN ('signal', 'cancel', 'activity_completed', 'activity_failed', 'child_completed', 'child_failed', 'update'));

-- Admits an update to the open run of a chain, as deliver_message does with a message. `outcome` is 'sent' (also of one
-- that is known already), 'closed', 'not_found' or 'too_many'; the rest says where a sent one stands.
CREATE FUNCTION holdfast.deliver_update(
  p_namespace text, p_workflow_id text, p_run_id uuid, p_update_id text, p_name text, p_input json, p_most_open integer,
  OUT outcome text, OUT chain uuid, OUT of_run uuid, OUT its_name text, OUT its_stage text, OUT its_result json,
  OUT its_failure json, OUT admitted timestamptz, OUT accepted timestamptz, OUT ended timestamptz)
  LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  at uuid := p_run_id;
  target uuid;
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
  IF target IS NOT NULL THEN
    SELECT coalesce(r.first_run_id, r.run_id) INTO chain FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = target;
  ELSIF p_run_id IS NULL THEN
    SELECT coalesce(r.first_run_id, r.run_id) INTO chain FROM holdfast.runs r
     WHERE r.shard = 0 AND r.namespace = p_namespace AND r.workflow_id = p_workflow_id ORDER BY r.run_id DESC LIMIT 1;
  ELSE
    SELECT coalesce(r.first_run_id, r.run_id) INTO chain FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = p_run_id;
  END IF;
  IF chain IS NULL THEN
    outcome := 'not_found';
    RETURN;
  END IF;
  PERFORM FROM holdfast.updates u WHERE u.shard = 0 AND u.chain_id = chain AND u.update_id = p_update_id;
  IF NOT FOUND THEN
    IF target IS NULL THEN
      outcome := 'closed';
      RETURN;
    END IF;
    IF (SELECT count(*) FROM holdfast.updates u
         WHERE u.shard = 0 AND u.run_id = target AND u.ended_at IS NULL) >= p_most_open THEN
      outcome := 'too_many';
      RETURN;
    END IF;
    INSERT INTO holdfast.updates (shard, run_id, chain_id, update_id, name)
    VALUES (0, target, chain, p_update_id, p_name);
    INSERT INTO holdfast.inbox (shard, run_id, message_id, kind, name, payload)
    VALUES (0, target, holdfast.uuid_v7(), 'update', p_name,
            json_build_object('update_id', p_update_id, 'input', p_input));
  END IF;
  outcome := 'sent';
  SELECT u.run_id, u.name, u.stage, u.result, u.failure, u.admitted_at, u.accepted_at, u.ended_at
    INTO of_run, its_name, its_stage, its_result, its_failure, admitted, accepted, ended
    FROM holdfast.updates u WHERE u.shard = 0 AND u.chain_id = chain AND u.update_id = p_update_id;
END
$$;

-- Ends what updates of these runs are not completed: the runs are over.
CREATE FUNCTION holdfast.end_updates(p_runs uuid[]) RETURNS void
  LANGUAGE sql VOLATILE SET enable_seqscan = off
AS $$
  UPDATE holdfast.updates u
     SET stage = CASE u.stage WHEN 'accepted' THEN 'completed' ELSE 'rejected' END, ended_at = now(),
         failure = CASE u.stage
           WHEN 'accepted' THEN json_build_object('kind', 'application', 'type', 'WorkflowUpdateNotCompleted', 'message',
                                                  'the run ended before the update was completed', 'non_retryable', true)
           ELSE json_build_object('kind', 'application', 'type', 'WorkflowClosed', 'message',
                                  'the run ended before it took up the update', 'non_retryable', true) END
    FROM (SELECT r.run_id FROM unnest(p_runs) AS r (run_id) LIMIT cardinality(p_runs)) r
   WHERE u.shard = 0 AND u.run_id = r.run_id AND u.ended_at IS NULL
$$;

-- Sends an update to the open run of a workflow id, and returns its update id: the one that was given, or a new one. It
-- is in the run's inbox when the caller's transaction commits; passing the same update id again changes nothing.
CREATE FUNCTION holdfast.update_workflow(workflow_id text, update_name text, input json DEFAULT '{}',
                                         update_id text DEFAULT NULL, namespace text DEFAULT 'default') RETURNS text
  LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
DECLARE
  id text := coalesce(update_id, holdfast.uuid_v7()::text);
  outcome text;
BEGIN
  PERFORM holdfast.check_text('workflow_id', workflow_id, 1000), holdfast.check_text('update_name', update_name, 255),
          holdfast.check_text('update_id', id, 255), holdfast.check_text('namespace', namespace, 255);
  IF input IS NULL THEN
    RAISE EXCEPTION 'input is null, allowed is any JSON value' USING ERRCODE = '22023';
  END IF;
  IF octet_length(input::text) > 4194304 THEN
    RAISE EXCEPTION 'input is % bytes long, allowed are up to 4194304', octet_length(input::text) USING ERRCODE = '22023';
  END IF;
  SELECT d.outcome INTO outcome FROM holdfast.deliver_update(namespace, workflow_id, NULL, id, update_name, input, 100) d;
  IF outcome = 'not_found' THEN
    RAISE EXCEPTION 'there is no workflow "%" in namespace "%"', workflow_id, namespace USING ERRCODE = 'P0002';
  ELSIF outcome = 'closed' THEN
    RAISE EXCEPTION 'workflow "%" has ended: it takes no updates', workflow_id USING ERRCODE = '55000';
  ELSIF outcome = 'too_many' THEN
    RAISE EXCEPTION 'workflow "%" has 100 updates that are not completed; allowed are 100', workflow_id
      USING ERRCODE = '53400';
  END IF;
  RETURN id;
END
$$;

-- Where an update of the newest chain of a workflow id stands; no row: there is none.
CREATE FUNCTION holdfast.update_outcome(workflow_id text, update_id text, namespace text DEFAULT 'default')
  RETURNS TABLE (stage text, result json, failure json, run_id uuid)
  LANGUAGE sql STABLE SET enable_seqscan = off
AS $$
  SELECT u.stage, u.result, u.failure, u.run_id
    FROM (SELECT coalesce(r.first_run_id, r.run_id) AS chain_id FROM holdfast.runs r
           WHERE r.shard = 0 AND r.namespace = $3 AND r.workflow_id = $1
           ORDER BY r.run_id DESC LIMIT 1) c
    JOIN holdfast.updates u ON u.shard = 0 AND u.chain_id = c.chain_id AND u.update_id = $2
$$;

-- As in 0021, and nobody waits for an update that nobody will complete.
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
  PERFORM holdfast.end_updates(ARRAY[target]);
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

GRANT SELECT, INSERT, UPDATE ON holdfast.updates TO holdfast_runtime;
REVOKE ALL ON FUNCTION holdfast.deliver_update(text, text, uuid, text, text, json, integer),
  holdfast.end_updates(uuid[]), holdfast.update_workflow(text, text, json, text, text),
  holdfast.update_outcome(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION holdfast.deliver_update(text, text, uuid, text, text, json, integer),
  holdfast.end_updates(uuid[]), holdfast.update_workflow(text, text, json, text, text),
  holdfast.update_outcome(text, text, text) TO holdfast_runtime;
