-- API keys: made and revoked by operators, used by the REST API. The key itself is shown once and kept nowhere.

ALTER TABLE platform.api_keys
  ADD COLUMN prefix text NOT NULL DEFAULT '',    -- the start of the key, to tell keys apart in lists and logs
  ADD CONSTRAINT api_keys_scopes CHECK (scopes <@ ARRAY['read', 'write']);
ALTER TABLE platform.api_keys ALTER COLUMN scopes SET DEFAULT '{read,write}';

-- The tenant has not proved its address yet (onboarding).
ALTER TABLE platform.organizations DROP CONSTRAINT organizations_status_check;
ALTER TABLE platform.organizations ADD CONSTRAINT organizations_status_check
  CHECK (status IN ('pending', 'active', 'suspended', 'deleted'));

-- Makes a key and returns it, once: hf_<8 hex digits>_<64 hex digits>. For operators, as the owner of the schema.
CREATE FUNCTION platform.create_api_key(organization uuid, name text, scopes text[] DEFAULT '{read,write}',
                                        expires_at timestamptz DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- 244 random bits, from the system's generator.
  random text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
  start text := 'hf_' || substr(md5(gen_random_uuid()::text), 1, 8);
  key text := start || '_' || random;
BEGIN
  IF name IS NULL OR length(name) NOT BETWEEN 1 AND 200 THEN
    RAISE EXCEPTION 'name has % characters, allowed are 1 to 200', coalesce(length(name)::text, 'no')
      USING ERRCODE = 'invalid_parameter_value';
  ELSIF scopes IS NULL OR NOT scopes <@ ARRAY['read', 'write'] OR cardinality(scopes) = 0 THEN
    RAISE EXCEPTION 'scopes is %, allowed are read and write, one at least', coalesce(scopes::text, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM set_config('app.organization_id', organization::text, true);
  IF NOT EXISTS (SELECT FROM platform.organizations o WHERE o.id = organization) THEN
    RAISE EXCEPTION 'organization % does not exist', coalesce(organization::text, 'null')
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  INSERT INTO platform.api_keys AS k (organization_id, name, key_hash, scopes, expires_at, prefix)
  VALUES (organization, create_api_key.name, sha256(convert_to(key, 'UTF8')), create_api_key.scopes,
          create_api_key.expires_at, start);
  RETURN key;
END
$$;

-- Ends every key that begins so. Returns how many there were.
CREATE FUNCTION platform.revoke_api_key(key_prefix text) RETURNS integer
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  owner uuid;
  revoked integer := 0;
BEGIN
  FOR owner IN SELECT DISTINCT k.organization_id FROM platform.api_keys k
                WHERE k.prefix = key_prefix AND k.prefix <> '' AND k.revoked_at IS NULL LOOP
    PERFORM set_config('app.organization_id', owner::text, true);
    UPDATE platform.api_keys k SET revoked_at = now()
     WHERE k.organization_id = owner AND k.prefix = key_prefix AND k.revoked_at IS NULL;
    revoked := revoked + 1;
  END LOOP;
  RETURN revoked;
END
$$;

-- Whose key it is, before the tenant is known. No row: unknown, revoked or expired.
CREATE FUNCTION platform.authenticate_api_key(hash bytea)
  RETURNS TABLE (organization_id uuid, key_id uuid, scopes text[], status text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT k.organization_id, k.id, k.scopes, o.status
  FROM platform.api_keys k JOIN platform.organizations o ON o.id = k.organization_id
  WHERE k.key_hash = hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;

REVOKE ALL ON FUNCTION platform.create_api_key(uuid, text, text[], timestamptz), platform.revoke_api_key(text),
  platform.authenticate_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.authenticate_api_key(bytea) TO holdfast_runtime;

-- The name that the API gives a row with a compound key: base64url of a JSON list of texts, as rest/cursor.hpp reads it.
CREATE FUNCTION platform.row_name(VARIADIC key text[]) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN translate(encode(convert_to(array_to_json(key)::text, 'UTF8'), 'base64'), E'+/=\n', '-_');
