-- Child workflows: who a run's parent is, what a parent's end does to it, and what could not be done in the commit that
-- asked for it.
ALTER TABLE holdfast.runs
  ADD COLUMN parent_run_id       uuid,
  ADD COLUMN parent_seq          integer,
  ADD COLUMN parent_close_policy text CHECK (parent_close_policy IN ('terminate', 'abandon', 'request_cancel')),
  -- Chains of continue-as-new. first_run_id is null in the first run itself.
  ADD COLUMN first_run_id        uuid,
  ADD COLUMN previous_run_id     uuid,
  ADD COLUMN next_run_id         uuid;
CREATE INDEX runs_by_parent ON holdfast.runs (shard, parent_run_id) WHERE parent_run_id IS NOT NULL;

ALTER TABLE holdfast.inbox DROP CONSTRAINT inbox_kind_check;
ALTER TABLE holdfast.inbox ADD CONSTRAINT inbox_kind_check
  CHECK (kind IN ('signal', 'cancel', 'activity_completed', 'activity_failed', 'child_completed', 'child_failed'));

-- What a commit wanted from a run whose live row somebody held at that moment. Waiting for it there could be a deadlock:
-- the commit holds live rows of its own, in no order. So it writes an errand, which is run right after the commit in a
-- transaction that holds nothing else (or by a worker's next look, if whoever committed is gone). Nearly always empty.
CREATE TABLE holdfast.errands (
  shard     smallint    NOT NULL DEFAULT 0,
  run_id    uuid        NOT NULL,
  errand_id bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
  at        timestamptz NOT NULL DEFAULT now(),
  -- ring: its inbox has a message. terminate, cancel: its parent has closed, or asks it to end.
  kind      text        NOT NULL CHECK (kind IN ('ring', 'terminate', 'cancel')),
  PRIMARY KEY (shard, run_id, errand_id)
) WITH (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE holdfast.errands ALTER COLUMN shard SET (n_distinct = 1);

-- The open run of the chain that `p_run_id` belongs to, or null.
CREATE FUNCTION holdfast.open_run_of_chain(p_run_id uuid) RETURNS uuid
  LANGUAGE plpgsql VOLATILE SET enable_seqscan = off
AS $$
DECLARE
  at uuid := p_run_id;
  following uuid;
BEGIN
  WHILE at IS NOT NULL LOOP
    PERFORM FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = at;
    IF FOUND THEN
      RETURN at;
    END IF;
    SELECT r.next_run_id INTO following FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = at;
    at := following;
  END LOOP;
  RETURN NULL;
END
$$;

-- A child's end: its message goes to the parent's inbox, if the parent is open, and the doorbell is rung. Never waits:
-- a parent that somebody holds is rung by an errand. Returns the parents for which one was written.
CREATE FUNCTION holdfast.tell_parents(p_parents uuid[], p_seqs integer[], p_kinds text[], p_payloads json[])
  RETURNS SETOF uuid LANGUAGE sql VOLATILE SET enable_seqscan = off
AS $$
  WITH m AS MATERIALIZED (
    SELECT m.*, gen_random_uuid() AS message_id
      FROM (SELECT * FROM unnest(p_parents, p_seqs, p_kinds, p_payloads) WITH ORDINALITY
                            AS m (run_id, seq, kind, payload, n) LIMIT cardinality(p_parents)) m
     CROSS JOIN LATERAL (SELECT FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = m.run_id LIMIT 1) l),
  parent AS MATERIALIZED (SELECT DISTINCT run_id FROM m),
  bell AS MATERIALIZED (
    SELECT l.run_id FROM parent
     CROSS JOIN LATERAL (SELECT l.run_id FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = parent.run_id
                            FOR NO KEY UPDATE SKIP LOCKED) l),
  rung AS (
    UPDATE holdfast.live_runs l
       SET rung = true,
           ready_at = CASE WHEN l.owner IS NULL AND NOT l.quarantined THEN least(l.ready_at, now()) ELSE l.ready_at END
      FROM bell WHERE l.shard = 0 AND l.run_id = bell.run_id),
  sent AS (
    INSERT INTO holdfast.inbox (shard, run_id, message_id, kind, name, payload, seq)
    SELECT 0, m.run_id, m.message_id, m.kind, '', m.payload, m.seq FROM m ORDER BY m.n)
  INSERT INTO holdfast.errands (shard, run_id, kind)
  SELECT 0, parent.run_id, 'ring' FROM parent WHERE (parent.run_id IN (SELECT run_id FROM bell)) IS NOT TRUE
  RETURNING run_id
$$;

-- Asks runs to end, each being the open one of its chain. Never waits, as above. Returns those left to an errand.
CREATE FUNCTION holdfast.request_cancels(p_runs uuid[], p_reason text) RETURNS SETOF uuid
  LANGUAGE plpgsql VOLATILE SET enable_seqscan = off
AS $$
DECLARE
  target uuid;
  held boolean;
BEGIN
  FOREACH target IN ARRAY p_runs LOOP
    target := holdfast.open_run_of_chain(target);
    CONTINUE WHEN target IS NULL;
    PERFORM FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = target FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
      PERFORM holdfast.deliver_message(NULL, NULL, target, 'cancel', p_reason, '{}', holdfast.uuid_v7());
    ELSE
      INSERT INTO holdfast.errands (run_id, kind) VALUES (target, 'cancel');
      RETURN NEXT target;
    END IF;
  END LOOP;
END
$$;

-- A parent's end: carries out the parent close policies of its open children. Never waits, as above. Returns the
-- children that were left to an errand. A step that advances children in the same transaction calls it twice: first for
-- all but those, and with p_of_batch for those alone, once their own events are written.
CREATE FUNCTION holdfast.part_from_children(p_parents uuid[], p_batch uuid[] DEFAULT '{}', p_of_batch boolean DEFAULT false)
  RETURNS SETOF uuid
  LANGUAGE plpgsql VOLATILE SET enable_seqscan = off
AS $$
DECLARE
  child record;
BEGIN
  FOR child IN
    SELECT r.run_id, r.parent_close_policy AS policy
      FROM unnest(p_parents) AS p (run_id)
     CROSS JOIN LATERAL (SELECT r.run_id, r.parent_close_policy FROM holdfast.runs r
                          WHERE r.shard = 0 AND r.parent_run_id = p.run_id AND r.status = 'running'
                            AND r.parent_close_policy <> 'abandon' AND (r.run_id = ANY (p_batch)) = p_of_batch
                          ORDER BY r.run_id) r
  LOOP
    PERFORM FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = child.run_id FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      INSERT INTO holdfast.errands (run_id, kind)
      VALUES (child.run_id, CASE child.policy WHEN 'terminate' THEN 'terminate' ELSE 'cancel' END);
      RETURN NEXT child.run_id;
    ELSIF child.policy = 'terminate' THEN
      PERFORM holdfast.terminate_workflow('', 'its parent has closed', '', child.run_id);
    ELSE
      PERFORM holdfast.deliver_message(NULL, NULL, child.run_id, 'cancel', 'its parent has closed', '{}',
                                       holdfast.uuid_v7());
    END IF;
  END LOOP;
END
$$;

-- Does what is to be done for one run. Waits a little for its live row, so the caller must hold none; who holds it for
-- long makes this fail, and the errand stays. Not flushed: if the server crashes, effect and errand are as they were.
CREATE FUNCTION holdfast.run_errands(p_run_id uuid) RETURNS void
  LANGUAGE plpgsql VOLATILE SET enable_seqscan = off
AS $$
DECLARE
  target uuid;
  errand record;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '100ms', true);
  LOOP
    target := holdfast.open_run_of_chain(p_run_id);
    EXIT WHEN target IS NULL;
    PERFORM FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = target FOR UPDATE;
    EXIT WHEN FOUND;   -- else it closed, or went on as another run, while we waited
  END LOOP;
  FOR errand IN DELETE FROM holdfast.errands e WHERE e.shard = 0 AND e.run_id = p_run_id RETURNING e.kind LOOP
    IF errand.kind = 'ring' THEN
      IF target = p_run_id THEN
        UPDATE holdfast.live_runs l SET rung = true,
               ready_at = CASE WHEN owner IS NULL AND NOT quarantined THEN least(ready_at, now()) ELSE ready_at END
         WHERE l.shard = 0 AND l.run_id = target;
      ELSE
        -- It closed without having seen the message; outcomes of children concern no later run of the chain.
        DELETE FROM holdfast.inbox i WHERE i.shard = 0 AND i.run_id = p_run_id;
      END IF;
    ELSIF target IS NULL THEN
      CONTINUE;
    ELSIF errand.kind = 'terminate' THEN
      PERFORM holdfast.terminate_workflow('', 'its parent has closed', '', target);
    ELSE
      PERFORM holdfast.deliver_message(NULL, NULL, target, 'cancel', 'its parent asked it to end', '{}',
                                       holdfast.uuid_v7());
    END IF;
  END LOOP;
END
$$;

-- As in 0004; a run id means the open run of its chain, and parent and children learn of the end.
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
  SELECT h.event_id + json_array_length(h.events) INTO next_event FROM holdfast.history h
   WHERE h.shard = 0 AND h.run_id = target ORDER BY h.event_id DESC LIMIT 1;
  INSERT INTO holdfast.history (shard, run_id, event_id, at, events)
  VALUES (0, target, coalesce(next_event, 1), now(),
          json_build_array(json_build_object('type', 'WorkflowTerminated', 'reason', coalesce(a_reason, ''))));
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

GRANT SELECT, INSERT, UPDATE, DELETE ON holdfast.errands TO holdfast_runtime;
REVOKE ALL ON FUNCTION holdfast.open_run_of_chain(uuid), holdfast.tell_parents(uuid[], integer[], text[], json[]),
  holdfast.request_cancels(uuid[], text), holdfast.part_from_children(uuid[], uuid[], boolean), holdfast.run_errands(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION holdfast.open_run_of_chain(uuid), holdfast.tell_parents(uuid[], integer[], text[], json[]),
  holdfast.request_cancels(uuid[], text), holdfast.part_from_children(uuid[], uuid[], boolean), holdfast.run_errands(uuid)
  TO holdfast_runtime;
