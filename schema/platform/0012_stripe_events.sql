-- Callbacks of the payment vendor. They come before any tenant is known and may speak of several, so the table belongs
-- to no tenant: the runtime role sees nothing of it and files events through the function.

CREATE TABLE platform.stripe_events (
  id          text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),   -- the vendor's: what makes a repetition a no-op
  type        text NOT NULL CHECK (length(type) BETWEEN 1 AND 255),
  received_at timestamptz NOT NULL DEFAULT now(),
  body        text NOT NULL                                            -- exactly the bytes that were signed
);
ALTER TABLE platform.stripe_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.stripe_events FORCE ROW LEVEL SECURITY;
CREATE POLICY intake ON platform.stripe_events TO CURRENT_USER USING (true);

-- True if the event is new. In the caller's transaction, which then starts what the event asks for.
CREATE FUNCTION platform.receive_stripe_event(id text, type text, body text) RETURNS boolean
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  WITH filed AS (INSERT INTO platform.stripe_events (id, type, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1)
  SELECT EXISTS (SELECT FROM filed)
$$;
REVOKE ALL ON FUNCTION platform.receive_stripe_event(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.receive_stripe_event(text, text, text) TO holdfast_runtime;
