#pragma once

#include <cstdint>

#include <activities/call_key.hpp>
#include <activities/step_options.hpp>

namespace platform {

struct CallUsage {
  CallKey call;
  std::int64_t duration_ms = 0;
};
BOOST_DESCRIBE_STRUCT(CallUsage, (), (call, duration_ms))

struct UsageAdded {
  std::int64_t minutes = 0;
  bool counted = false;  ///< false: the ledger already had this call
};
BOOST_DESCRIBE_STRUCT(UsageAdded, (), (minutes, counted))

/// Billable minutes: ceil(seconds / 60); 0 for a call that was never answered.
constexpr std::int64_t billable_minutes(std::int64_t duration_ms) {
  return duration_ms <= 0 ? 0 : (duration_ms - 1) / 60'000 + 1;
}

/// Adds the call's minutes to ledger and counter, exactly once per call.
inline const holdfast::TransactionalActivity<CallUsage, UsageAdded> add_usage{"add_usage", step_options()};

}  // namespace platform
