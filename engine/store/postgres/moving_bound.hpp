#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include <holdfast/core/time.hpp>

namespace holdfast::store::postgres {

/// Where a claim starts to scan `ready_at`, per queue and priority. Index entries of rows that were claimed stay at the
/// head until vacuum removes them, and a claim that starts at the head passes over all of them. Rows whose time is
/// older than what was claimed last do appear (a transaction that committed late, an owner who gave back): hence the
/// slack, and a sweep from the very beginning every few seconds. Not thread-safe.
class MovingBound {
 public:
  /// Decides whether this claim sweeps. Call once per claim, before at().
  void begin_claim(bool full_sweep) {
    const auto now = std::chrono::steady_clock::now();
    sweeping_ = full_sweep || now - last_sweep_ >= kSweepInterval;
    if (sweeping_) last_sweep_ = now;
  }

  Timestamp at(const std::string& queue, int priority) const {
    if (sweeping_) return Timestamp::min();
    const auto found = bounds_.find({queue, priority});
    return found == bounds_.end() ? Timestamp::min() : found->second;
  }

  void claimed(const std::string& queue, int priority, Timestamp ready_at) {
    auto& bound = bounds_[{queue, priority}];
    bound = std::max(bound, ready_at - kSlack);
  }

 private:
  static constexpr auto kSweepInterval = std::chrono::seconds(3);
  static constexpr auto kSlack = std::chrono::seconds(5);

  std::map<std::pair<std::string, int>, Timestamp> bounds_;
  std::chrono::steady_clock::time_point last_sweep_;
  bool sweeping_ = false;
};

}  // namespace holdfast::store::postgres
