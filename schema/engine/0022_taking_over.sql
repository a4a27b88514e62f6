-- Takeover that waits for nobody: what somebody holds when a worker is taken over is freed a little later.
ALTER TABLE holdfast.workers
  -- When to look again at what the worker, taken over or released, still has. Null: ten seconds after ended_at.
  ADD COLUMN look_at timestamptz,
  -- Taken over, not released.
  ADD COLUMN died    boolean NOT NULL DEFAULT false;

-- Runs errands, as in 0010. It waits for the live row of its run, and not for long: whoever holds it may do so for as
-- long as he likes, and the errand is run by a later look.
ALTER FUNCTION holdfast.run_errands(uuid) SET lock_timeout = '100ms';
