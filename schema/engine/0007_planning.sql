-- What ANALYZE would get wrong in a moment when a table is nearly empty, and what plans would then be wrong by for
-- minutes: there is one shard, and run ids are unique.
ALTER TABLE holdfast.runs ALTER COLUMN shard SET (n_distinct = 1), ALTER COLUMN run_id SET (n_distinct = -1);
ALTER TABLE holdfast.live_runs ALTER COLUMN shard SET (n_distinct = 1), ALTER COLUMN run_id SET (n_distinct = -1);
ALTER TABLE holdfast.inbox ALTER COLUMN shard SET (n_distinct = 1), ALTER COLUMN run_id SET (n_distinct = -1);
ALTER TABLE holdfast.activity_tasks ALTER COLUMN shard SET (n_distinct = 1), ALTER COLUMN run_id SET (n_distinct = -1);
