-- Programs log in as members of holdfast_runtime: they read and write rows, and change no definition. A role belongs
-- to the whole server, so another database may have made it, perhaps at this very moment.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'holdfast_runtime') THEN
    CREATE ROLE holdfast_runtime NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;
GRANT USAGE ON SCHEMA holdfast TO holdfast_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON holdfast.runs, holdfast.live_runs, holdfast.inbox, holdfast.activity_tasks,
  holdfast.workers TO holdfast_runtime;
-- Histories are append-only for everybody but their owner.
GRANT SELECT, INSERT ON holdfast.history TO holdfast_runtime;
-- Programs check at their start that the schema is theirs.
GRANT SELECT ON holdfast.events, holdfast.namespaces, holdfast.migrations TO holdfast_runtime;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA holdfast FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA holdfast TO holdfast_runtime;
