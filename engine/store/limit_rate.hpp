#pragma once

#include <cstdint>

#include <holdfast/store/limit_store.hpp>

namespace holdfast::store {

/// The rate of a limit as GCRA, pure: a start costs one step (per / rate, rounded up, so that the rate is never
/// exceeded); `full_at` says until when what was started uses the rate up, and starts may be `burst` steps ahead of the
/// time. In any window of length w at most w / step + burst attempts start. holdfast.limit_use computes the same in
/// SQL.
class LimitRate {
 public:
  /// Of a completed rule with a rate.
  explicit LimitRate(const LimitRule& rule);

  /// How many may start at `now`.
  std::int64_t tokens(Timestamp full_at, Timestamp now) const;
  /// `full_at` after `count` of them did.
  Timestamp after(Timestamp full_at, Timestamp now, std::int64_t count) const;
  /// When the next one may start, given that none may now.
  Timestamp next_start(Timestamp full_at, Timestamp now) const;

 private:
  Timestamp base(Timestamp full_at, Timestamp now) const;
  Duration step_;
  std::int64_t burst_;
};

}  // namespace holdfast::store
