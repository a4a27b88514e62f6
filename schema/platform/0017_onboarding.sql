-- Sign-up: who has still to prove an address, and numbers that may be rented again after they were released.

CREATE TABLE platform.organization_verifications (
  organization_id uuid PRIMARY KEY,
  email           text NOT NULL,
  token_hash      bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),  -- SHA-256 of what the e-mail holds
  workflow_id     text NOT NULL,                 -- the sign-up's run
  verified_at     timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE platform.organization_verifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.organization_verifications FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON platform.organization_verifications USING (organization_id = platform.current_organization());
CREATE POLICY directory ON platform.organization_verifications FOR SELECT TO CURRENT_USER USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON platform.organization_verifications TO holdfast_runtime;

-- Who a token belongs to, before the tenant is known. No row: nobody.
CREATE FUNCTION platform.organization_of_verification(hash bytea)
  RETURNS TABLE (organization_id uuid, workflow_id text, status text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT v.organization_id, v.workflow_id, o.status
  FROM platform.organization_verifications v JOIN platform.organizations o ON o.id = v.organization_id
  WHERE v.token_hash = hash
$$;

-- For the answer "this name is taken"; the unique key decides in the end.
CREATE FUNCTION platform.slug_is_taken(a_slug text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT EXISTS (SELECT FROM platform.organizations WHERE slug = a_slug) $$;

REVOKE ALL ON FUNCTION platform.organization_of_verification(bytea), platform.slug_is_taken(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.organization_of_verification(bytea), platform.slug_is_taken(text) TO holdfast_runtime;

-- A vendor gives a released number to somebody else, who may be another organization of ours.
ALTER TABLE platform.phone_numbers DROP CONSTRAINT phone_numbers_number_key;
CREATE UNIQUE INDEX phone_numbers_in_use ON platform.phone_numbers (number) WHERE released_at IS NULL;
