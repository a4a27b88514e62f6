#pragma once

#include <chrono>
#include <cstdint>

#include "figures.hpp"
#include "server.hpp"

namespace bench {

/// Measures what happens to a database between two moments. Sessions report their counters when they end, so
/// everything whose work is to be counted must be disconnected before finish(); the clock is stopped by lap().
class Meter {
 public:
  explicit Meter(const Database& database);
  /// The work is done; what follows (disconnecting) takes no time.
  void lap();
  double seconds() const;
  /// runs_per_s, steps_per_s, and what a run cost the server.
  Figures finish(double runs, double steps_per_run) const;

 private:
  struct Counters {
    std::int64_t transactions = 0, commits = 0, row_writes = 0, non_hot_updates = 0, wal_bytes = 0;
    double cpu_seconds = 0;
  };
  Counters read() const;

  const Database& database_;
  Counters start_;
  std::chrono::steady_clock::time_point started_, ended_;
};

/// CPU seconds that the server has used so far: the postmaster, its living children and those that have ended.
double server_cpu_seconds(pid_t postmaster);

}  // namespace bench
