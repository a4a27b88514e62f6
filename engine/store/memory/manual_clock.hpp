#pragma once

#include <atomic>

#include <holdfast/core/time.hpp>

namespace holdfast::store {

/// A clock that moves only when it is told to, for tests that skip time. Thread-safe.
class ManualClock {
 public:
  explicit ManualClock(Timestamp start = Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)))
      : now_(start.time_since_epoch().count()) {}

  Timestamp now() const { return Timestamp(Duration(now_.load())); }
  void advance(Duration by) { now_.fetch_add(by.count()); }
  /// Never backwards.
  void advance_to(Timestamp t) {
    auto current = now_.load();
    const auto target = t.time_since_epoch().count();
    while (current < target && !now_.compare_exchange_weak(current, target)) {}
  }

 private:
  std::atomic<Duration::rep> now_;
};

}  // namespace holdfast::store
