-- Updates of a run, ended ones too: a run accepts 2,000 at most. Of the index over open ones alone the planner believes, while
-- there are few, that reading all of it is as cheap as looking up one run.
DROP INDEX holdfast.updates_open;
CREATE INDEX updates_by_run ON holdfast.updates (shard, run_id, update_id);
