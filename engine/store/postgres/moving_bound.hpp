#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include <holdfast/core/time.hpp>
#include <holdfast/store/postgres/parameters.hpp>

namespace holdfast::store::postgres {

/// Where a claim starts to scan `ready_at`, per queue and priority. Index entries of rows that were claimed stay at the
/// head until vacuum removes them, and a claim that starts at the head passes over all of them. Rows whose time is
/// older than what was claimed last do appear (a transaction that committed late, an owner who gave back): hence the
/// slack, and a sweep from the very beginning every few seconds. Not thread-safe.
class MovingBound {
 public:
  /// Decides whether this claim sweeps. Call once per claim, before at().
  void begin_claim(bool full_sweep = false);
  Timestamp at(const std::string& queue, int priority) const;
  void claimed(const std::string& queue, int priority, Timestamp ready_at);

 private:
  std::map<std::pair<std::string, int>, Timestamp> bounds_;
  std::chrono::steady_clock::time_point last_sweep_;
  bool sweeping_ = false;
};

/// Parameters of a statement that scans runs: one range per priority and queue, best priority first.
struct RunRanges {
  Parameter priorities, queues, bounds;
};
RunRanges run_ranges(const MovingBound& bound, std::span<const std::string> queues);

/// The bounds that all threads of a store share. Thread-safe.
class SharedBounds {
 public:
  /// Of peeks: they see what lanes have claimed.
  RunRanges ranges_to_look_at(std::span<const std::string> queues);
  Parameter activities_to_look_at(std::span<const std::string> queues);
  Parameter activities_to_claim(std::span<const std::string> queues);
  void run_claimed(const std::string& queue, int priority, Timestamp ready_at);
  void activity_claimed(const std::string& queue, Timestamp ready_at);

 private:
  std::mutex mutex_;
  MovingBound looked_runs_, looked_activities_, claimed_activities_;
};

}  // namespace holdfast::store::postgres
