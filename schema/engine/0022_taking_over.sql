-- Takeover that waits for nobody: what somebody holds when a worker is taken over is freed a little later.
ALTER TABLE holdfast.workers
  -- When to look again at what the worker, taken over or released, still has. Null: ten seconds after ended_at.
  ADD COLUMN look_at timestamptz,
  -- Taken over, not released.
  ADD COLUMN died    boolean NOT NULL DEFAULT false;
