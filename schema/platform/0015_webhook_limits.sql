-- Outgoing webhooks, continued: how much an endpoint is sent at once and per second, secrets that end, redelivery.

ALTER TABLE platform.integrations
  -- Attempts under way at once, over all workers. A slow endpoint holds this many threads and no more.
  ADD COLUMN max_concurrent smallint NOT NULL DEFAULT 8 CHECK (max_concurrent BETWEEN 1 AND 64),
  ADD COLUMN max_per_second smallint CHECK (max_per_second BETWEEN 1 AND 1000),   -- NULL: as fast as it goes
  -- Until then the older secrets sign as well; NULL: for ever.
  ADD COLUMN old_secrets_until timestamptz,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();

-- Places for attempts under way. A worker that dies with one gives it back when taken_until has passed. Rows are made
-- when they are first needed; those above max_concurrent are not used.
CREATE TABLE platform.webhook_slots (
  organization_id uuid NOT NULL,
  integration_id  uuid NOT NULL REFERENCES platform.integrations ON DELETE CASCADE,
  slot            smallint NOT NULL,
  taken_by        text NOT NULL DEFAULT '',      -- message id
  taken_until     timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (organization_id, integration_id, slot)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);

-- Of endpoints with max_per_second: when the next attempt may begin. Up to a second's worth may come at once.
CREATE TABLE platform.webhook_rates (
  organization_id uuid NOT NULL,
  integration_id  uuid NOT NULL REFERENCES platform.integrations ON DELETE CASCADE,
  next_at         timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (organization_id, integration_id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['webhook_slots', 'webhook_rates'] LOOP
    EXECUTE format('ALTER TABLE platform.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE platform.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON platform.%I USING (organization_id = platform.current_organization())', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON platform.%I TO holdfast_runtime', name);
  END LOOP;
END $$;

-- What one attempt needs, and a place for it. No row: the endpoint was deleted. `slot` is null when the endpoint is
-- disabled, when there is no such message, or when it is the endpoint's limits that forbid an attempt now: then wait_ms
-- says how long at least. A repeated call for a message finds its own place again.
CREATE FUNCTION platform.begin_webhook_attempt(organization uuid, delivered timestamptz, integration uuid, message text,
                                               lease interval)
  RETURNS TABLE (url text, secrets text[], disabled_reason text, body text, slot smallint, wait_ms integer)
  LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  endpoint platform.integrations;
  free smallint;
  waits integer;
  content text;
BEGIN
  -- A place that is lost in a crash of the server is a place that nobody holds: nothing to wait for the disk for.
  PERFORM set_config('app.organization_id', organization::text, true), set_config('synchronous_commit', 'off', true);
  SELECT i.* INTO endpoint FROM platform.integrations i WHERE i.organization_id = organization AND i.id = integration;
  IF NOT FOUND THEN RETURN; END IF;
  IF endpoint.old_secrets_until <= now() THEN endpoint.secrets := endpoint.secrets[1:1]; END IF;
  SELECT d.body INTO content FROM platform.webhook_deliveries d
   WHERE d.organization_id = organization AND d.created_at = delivered AND d.integration_id = integration
     AND d.message_id = message;
  IF endpoint.disabled_at IS NULL AND content IS NOT NULL THEN
    FOR round IN 1 .. 2 LOOP
      SELECT s.slot INTO free FROM platform.webhook_slots s
       WHERE s.organization_id = organization AND s.integration_id = integration AND s.slot <= endpoint.max_concurrent
         AND (s.taken_until <= now() OR s.taken_by = message)
       ORDER BY s.taken_by <> message, s.slot LIMIT 1 FOR UPDATE SKIP LOCKED;
      EXIT WHEN FOUND OR round = 2;
      EXIT WHEN (SELECT count(*) FROM platform.webhook_slots s WHERE s.organization_id = organization
                   AND s.integration_id = integration) >= endpoint.max_concurrent;
      INSERT INTO platform.webhook_slots (organization_id, integration_id, slot)
        SELECT organization, integration, n FROM generate_series(1, endpoint.max_concurrent) n ON CONFLICT DO NOTHING;
    END LOOP;
    IF free IS NULL THEN
      waits := 250;
    ELSIF endpoint.max_per_second IS NOT NULL THEN
      INSERT INTO platform.webhook_rates AS r (organization_id, integration_id) VALUES (organization, integration)
        ON CONFLICT DO NOTHING;
      UPDATE platform.webhook_rates r
         SET next_at = greatest(r.next_at, now() - interval '1 second') + interval '1 second' / endpoint.max_per_second
       WHERE r.organization_id = organization AND r.integration_id = integration AND r.next_at <= now();
      IF NOT FOUND THEN
        free := NULL;
        SELECT greatest(1, ceil(extract(epoch FROM r.next_at - now()) * 1000))::integer INTO waits
          FROM platform.webhook_rates r WHERE r.organization_id = organization AND r.integration_id = integration;
      END IF;
    END IF;
    IF free IS NOT NULL THEN
      UPDATE platform.webhook_slots s SET taken_by = message, taken_until = now() + lease
       WHERE s.organization_id = organization AND s.integration_id = integration AND s.slot = free;
    END IF;
  END IF;
  RETURN QUERY SELECT endpoint.url, endpoint.secrets, endpoint.disabled_reason, content, free, waits;
END
$$;

-- Gives the place back, if it is still the message's.
CREATE FUNCTION platform.end_webhook_attempt(organization uuid, integration uuid, a_slot smallint, message text)
  RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM set_config('app.organization_id', organization::text, true), set_config('synchronous_commit', 'off', true);
  UPDATE platform.webhook_slots s SET taken_by = '', taken_until = '-infinity'
   WHERE s.organization_id = organization AND s.integration_id = integration AND s.slot = a_slot
     AND s.taken_by = message;
END
$$;
