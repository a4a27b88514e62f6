-- What became of messages, as the vendors of SMS and e-mail tell it; and calls that never reported.

ALTER TABLE platform.outbox
  ADD COLUMN delivery_status text NOT NULL DEFAULT '',   -- the vendor's word; '': it has not said anything
  ADD COLUMN delivery_error  text NOT NULL DEFAULT '',
  ADD COLUMN delivery_at     timestamptz;
-- The local vendors' messages never have a callback.
CREATE INDEX outbox_by_vendor_id ON platform.outbox (vendor_id) WHERE vendor_id <> '' AND vendor_id NOT LIKE 'local-%';

-- Addresses that take no further messages: they bounced for good, complained, or sent STOP.
CREATE TABLE platform.suppressions (
  organization_id uuid NOT NULL,
  channel         text NOT NULL CHECK (channel IN ('sms', 'email')),
  recipient       text NOT NULL,
  reason          text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, channel, recipient)
);
ALTER TABLE platform.suppressions ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.suppressions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON platform.suppressions USING (organization_id = platform.current_organization());
GRANT SELECT, INSERT, DELETE ON platform.suppressions TO holdfast_runtime;

-- Callbacks come before the tenant is known, and may come before the message's row: the table belongs to no tenant, and
-- the runtime role files them through the function.
CREATE TABLE platform.vendor_callbacks (
  vendor      text NOT NULL CHECK (vendor IN ('twilio', 'resend')),
  event_id    text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 255),   -- what makes a repetition a no-op
  message_id  text NOT NULL,                     -- outbox.vendor_id
  status      text NOT NULL,
  error       text NOT NULL DEFAULT '',
  suppresses  boolean NOT NULL DEFAULT false,    -- the address takes nothing any more
  received_at timestamptz NOT NULL DEFAULT now(),
  body        text NOT NULL,                     -- what was signed
  PRIMARY KEY (vendor, event_id)
);
CREATE INDEX vendor_callbacks_by_message ON platform.vendor_callbacks (message_id);
ALTER TABLE platform.vendor_callbacks ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.vendor_callbacks FORCE ROW LEVEL SECURITY;
CREATE POLICY intake ON platform.vendor_callbacks TO CURRENT_USER USING (true);
CREATE POLICY directory ON platform.outbox FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY directory ON platform.assistants FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY directory ON platform.phone_numbers FOR SELECT TO CURRENT_USER USING (true);

-- How far a message is. Callbacks come in any order, so a status only ever moves forward.
CREATE FUNCTION platform.delivery_rank(status text) RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN status = '' THEN 0
    WHEN status IN ('accepted', 'scheduled', 'queued') THEN 1 WHEN status = 'sending' THEN 2
    WHEN status IN ('sent', 'delivery_delayed') THEN 3
    WHEN status IN ('delivered', 'undelivered', 'failed', 'canceled', 'suppressed', 'partially_delivered') THEN 4
    WHEN status IN ('opened', 'read') THEN 5 WHEN status = 'clicked' THEN 6
    WHEN status = 'bounced' THEN 7 WHEN status = 'complained' THEN 8 ELSE 1 END;

-- Files one callback and applies it. False for a repeated delivery. The lock orders it against the message's row.
CREATE FUNCTION platform.receive_vendor_callback(a_vendor text, a_event text, a_message text, a_status text, a_error text,
                                                 a_suppresses boolean, a_body text) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found_message platform.outbox;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('platform.message ' || a_message, 0));
  INSERT INTO platform.vendor_callbacks (vendor, event_id, message_id, status, error, suppresses, body)
  VALUES (a_vendor, a_event, a_message, a_status, a_error, a_suppresses, a_body) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  SELECT o.* INTO found_message FROM platform.outbox o
   WHERE o.vendor_id = a_message AND o.vendor_id <> '' AND o.vendor_id NOT LIKE 'local-%';
  IF NOT FOUND THEN RETURN true; END IF;
  PERFORM set_config('app.organization_id', found_message.organization_id::text, true);
  UPDATE platform.outbox o SET delivery_status = a_status, delivery_error = a_error, delivery_at = now()
   WHERE o.organization_id = found_message.organization_id AND o.idempotency_key = found_message.idempotency_key
     AND o.channel = found_message.channel
     AND platform.delivery_rank(a_status) > platform.delivery_rank(o.delivery_status);
  IF a_suppresses THEN
    INSERT INTO platform.suppressions (organization_id, channel, recipient, reason)
    VALUES (found_message.organization_id, found_message.channel, found_message.recipient,
            a_status || CASE a_error WHEN '' THEN '' ELSE ': ' || a_error END) ON CONFLICT DO NOTHING;
  END IF;
  RETURN true;
END
$$;

-- A message whose callbacks came first takes the furthest of them.
CREATE FUNCTION platform.take_early_callbacks() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  furthest platform.vendor_callbacks;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('platform.message ' || NEW.vendor_id, 0));
  SELECT c.* INTO furthest FROM platform.vendor_callbacks c WHERE c.message_id = NEW.vendor_id
   ORDER BY platform.delivery_rank(c.status) DESC, c.received_at LIMIT 1;
  IF FOUND THEN
    NEW.delivery_status := furthest.status;
    NEW.delivery_error := furthest.error;
    NEW.delivery_at := furthest.received_at;
    IF furthest.suppresses THEN
      INSERT INTO platform.suppressions (organization_id, channel, recipient, reason)
      VALUES (NEW.organization_id, NEW.channel, NEW.recipient, furthest.status) ON CONFLICT DO NOTHING;
    END IF;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER take_early_callbacks BEFORE INSERT ON platform.outbox FOR EACH ROW
  WHEN (NEW.vendor_id <> '' AND NEW.vendor_id NOT LIKE 'local-%') EXECUTE FUNCTION platform.take_early_callbacks();

-- Whose a call is, by the vendor's assistant or else the number that was called. NULL: nobody's, or more than one's.
CREATE FUNCTION platform.organization_of_call(assistant text, called_number text) RETURNS uuid
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(
    (SELECT (array_agg(a.organization_id))[1] FROM platform.assistants a
      WHERE a.vapi_assistant_id = assistant HAVING count(*) = 1),
    (SELECT n.organization_id FROM platform.phone_numbers n WHERE n.number = called_number AND n.released_at IS NULL))
$$;
CREATE INDEX assistants_by_vapi_id ON platform.assistants (vapi_assistant_id) WHERE vapi_assistant_id IS NOT NULL;

REVOKE ALL ON FUNCTION platform.receive_vendor_callback(text, text, text, text, text, boolean, text),
  platform.take_early_callbacks(), platform.organization_of_call(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.receive_vendor_callback(text, text, text, text, text, boolean, text),
  platform.organization_of_call(text, text) TO holdfast_runtime;
