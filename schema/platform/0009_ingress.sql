-- Files one vendor event under its tenant, in the caller's transaction (which then starts the workflow).
-- is_new is false for a repeated delivery; key_time is the created_at under which the call is filed: workflows carry it.
-- Errors: 23503 when the organization is unknown or not active; 22P02/22023 for malformed arguments.
CREATE FUNCTION platform.receive_vapi_event(
    organization uuid, call_id text, type text, status text, vendor_created_at timestamptz, body text,
    OUT is_new boolean, OUT key_time timestamptz)
  LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('app.organization_id', organization::text, true);
  PERFORM 1 FROM platform.organizations o WHERE o.id = organization AND o.status = 'active';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'organization % is unknown or not active', organization USING ERRCODE = 'foreign_key_violation';
  END IF;
  key_time := platform.call_key_time(vendor_created_at);
  INSERT INTO platform.vapi_events (organization_id, created_at, call_id, type, status, body)
    VALUES (organization, key_time, receive_vapi_event.call_id, receive_vapi_event.type,
            coalesce(receive_vapi_event.status, ''), receive_vapi_event.body)
    ON CONFLICT DO NOTHING;
  is_new := FOUND;
END $$;
