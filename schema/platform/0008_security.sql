-- Row-level security and grants. Every table with an organization_id is visible to its tenant only; FORCE makes that
-- hold for the owner as well. Partitions get no grants: they are reached through their parent and its policy.

GRANT USAGE ON SCHEMA platform TO holdfast_runtime;

DO $$
DECLARE
  name text;
BEGIN
  FOR name IN
    SELECT c.relname FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
    WHERE c.relnamespace = 'platform'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  LOOP
    EXECUTE format('ALTER TABLE platform.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE platform.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON platform.%I USING (organization_id = platform.current_organization())', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON platform.%I TO holdfast_runtime', name);
  END LOOP;
END $$;

ALTER TABLE platform.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON platform.organizations USING (id = platform.current_organization());
-- The owner reads the directory of tenants for the SECURITY DEFINER functions below.
CREATE POLICY directory ON platform.organizations FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY directory ON platform.api_keys FOR SELECT TO CURRENT_USER USING (true);

GRANT SELECT, INSERT, UPDATE ON platform.organizations TO holdfast_runtime;
GRANT SELECT ON platform.plans, platform.organization_usage TO holdfast_runtime;

-- What was written for the record stays as it was written.
REVOKE UPDATE, DELETE ON platform.usage_ledger, platform.billing_events, platform.audit_log FROM holdfast_runtime;
REVOKE UPDATE ON platform.vapi_events, platform.webhook_attempts FROM holdfast_runtime;

-- The two questions that are asked before the tenant is known. Both answer with ids only.
CREATE FUNCTION platform.active_organizations(after uuid, page_size integer) RETURNS SETOF uuid
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT id FROM platform.organizations
  WHERE status = 'active' AND (after IS NULL OR id > after) ORDER BY id LIMIT least(greatest(page_size, 1), 10000)
$$;

CREATE FUNCTION platform.organization_of_api_key(hash bytea) RETURNS uuid
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT organization_id FROM platform.api_keys
  WHERE key_hash = hash AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
$$;

REVOKE ALL ON FUNCTION platform.ensure_partitions(integer), platform.partition_options(text),
  platform.active_organizations(uuid, integer), platform.organization_of_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.ensure_partitions(integer), platform.active_organizations(uuid, integer),
  platform.organization_of_api_key(bytea) TO holdfast_runtime;
