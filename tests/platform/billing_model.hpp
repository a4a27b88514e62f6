#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cctz/time_zone.h>

#include <holdfast/core/time.hpp>

namespace platform::test {

/// The n-th boundary of an anchor, by a time zone library and not by PostgreSQL: the anchor's local day and time, so
/// many months on, on the month's last day if it is shorter. A skipped local time is read with the offset before the
/// gap, a repeated one is its second occurrence.
holdfast::Timestamp boundary(holdfast::Timestamp anchor, const cctz::time_zone& zone, int months);

/// Billing computed anew, from calls and plan changes alone.
struct BillingModel {
  struct Call {
    holdfast::Timestamp ended_at;
    std::int64_t minutes = 0;
  };
  struct Plan {
    holdfast::Timestamp effective_at;
    std::int64_t minutes = 0;
  };
  struct Period {
    holdfast::Timestamp start, end;
    std::int64_t used = 0, included = 0;
    std::int64_t overage() const { return std::max<std::int64_t>(0, used - included); }
  };

  holdfast::Timestamp anchor;
  cctz::time_zone zone;
  std::vector<Call> calls;
  std::vector<Plan> plans;  ///< in any order; the earliest holds for the time before it too

  /// The periods that ended before `now`.
  std::vector<Period> periods(holdfast::Timestamp now) const;

 private:
  std::int64_t included(holdfast::Timestamp start, holdfast::Timestamp end) const;
};

}  // namespace platform::test
