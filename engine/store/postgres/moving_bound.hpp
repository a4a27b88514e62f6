#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
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
/// older than what was claimed last do appear (a transaction that committed late, an owner who gave back). Hence a
/// claim starts a few seconds back, but never by more than about a thousand rows: at ten thousand runs a second those
/// seconds would hold fifty thousand dead entries. What came in behind that is found by a claim that goes the whole few
/// seconds back, twice a second, and by a sweep from the very beginning every few seconds. Not thread-safe.
class MovingBound {
 public:
  /// Decides how far back this claim looks. Call once per claim, before at().
  void begin_claim(bool full_sweep = false);
  Timestamp at(const std::string& queue, int priority) const;
  void claimed(const std::string& queue, int priority, Timestamp ready_at);

 private:
  enum class LookBack { few_rows, whole_slack, everything };
  struct Mark {
    Timestamp latest;
    std::int64_t claimed;
  };
  struct Range {
    Timestamp latest = Timestamp::min();
    std::int64_t claimed = 0;
    std::deque<Mark> marks;  ///< every few hundred rows; the first stands about a thousand rows back
  };

  std::map<std::pair<std::string, int>, Range> ranges_;
  std::chrono::steady_clock::time_point last_sweep_, last_slack_;
  LookBack look_back_ = LookBack::few_rows;
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
  /// Of limited queues. Apart from the others: a sweep of the one must not be the turn of the other.
  Parameter limited_to_claim(std::span<const std::string> queues);
  // Of tasks with keys that are not in line yet:
  Parameter arrivals_to_look_at(std::span<const std::string> queues);
  Parameter arrivals_to_claim(std::span<const std::string> queues);
  void arrival_handled(const std::string& queue, Timestamp ready_at);

 private:
  std::mutex mutex_;
  MovingBound looked_runs_, looked_activities_, claimed_activities_, claimed_limited_, looked_arrivals_,
      claimed_arrivals_;
};

}  // namespace holdfast::store::postgres
