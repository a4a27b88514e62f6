#pragma once

#include <memory>

#include <holdfast/store/store.hpp>
#include <holdfast/worker/options.hpp>
#include <holdfast/worker/registry.hpp>
#include <holdfast/worker/stats.hpp>

namespace holdfast::worker {

/// Runs workflows and activities of some task queues. Threads: the lanes, the activity pool, one for activity tasks,
/// one for leases, one for schedules and one for wake-ups. Build it in main(); `store` and `registry` must outlive it.
class Worker {
 public:
  /// Throws std::invalid_argument for options that cannot work.
  Worker(store::Store& store, const Registry& registry, WorkerOptions options);
  ~Worker();
  Worker(const Worker&) = delete;

  /// Begins to work. A database that cannot be reached is waited for, with back-off; throws store::SchemaMismatch and
  /// other errors that waiting does not mend.
  void start();

  /// Stops claiming, lets running activities end within the grace period, gives everything else back and ends the
  /// leases. Returns false if some activity bodies are still running: then end the process rather than wait for them.
  bool stop();

  const WorkerStats& stats() const;
  std::size_t owned_runs() const;
  std::size_t cached_runs() const;
  /// Kept in memory, of runs that are owned.
  std::size_t timers() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::worker
