#pragma once

#include <atomic>
#include <cstdint>

namespace holdfast::worker {

/// Counters of a worker, for metrics, tests and benchmarks. Each only grows. Thread-safe.
struct WorkerStats {
  std::atomic<std::int64_t> commits = 0;         ///< step transactions committed
  std::atomic<std::int64_t> workflow_tasks = 0;  ///< history rows appended
  std::atomic<std::int64_t> runs_claimed = 0;
  std::atomic<std::int64_t> runs_closed = 0;
  std::atomic<std::int64_t> runs_parked = 0;
  std::atomic<std::int64_t> runs_replayed = 0;
  std::atomic<std::int64_t> cache_hits = 0;
  std::atomic<std::int64_t> local_activities = 0;
  std::atomic<std::int64_t> remote_activities = 0;
  std::atomic<std::int64_t> limited_activities = 0;  ///< of those, under a limit or with a limit key
  std::atomic<std::int64_t> transactional_activities = 0;
  std::atomic<std::int64_t> batches_split = 0;  ///< batches that failed and were repeated run by run
  std::atomic<std::int64_t> task_failures = 0;
  std::atomic<std::int64_t> leases_lost = 0;
  std::atomic<std::int64_t> schedules_fired = 0;   ///< times that a due schedule was decided
  std::atomic<std::int64_t> scheduled_starts = 0;  ///< runs that schedules started
};

}  // namespace holdfast::worker
