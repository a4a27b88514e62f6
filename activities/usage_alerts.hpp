#pragma once

#include <cstdint>

#include <boost/describe/class.hpp>

#include <activities/step_options.hpp>
#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

inline constexpr const char* kBillingQueue = "billing";
inline constexpr const char* kUsageAlertType = "UsageAlert";

/// An organization used that much of its plan. Its row in usage_alerts exists: once per period and percentage.
struct UsageAlert {
  holdfast::Uuid organization_id;
  holdfast::Timestamp period_start;
  std::int64_t percent = 0;  ///< 80 or 100
  std::int64_t minutes_used = 0;
};
BOOST_DESCRIBE_STRUCT(UsageAlert, (), (organization_id, period_start, percent, minutes_used))

struct UsageAlertSent {
  bool sent = false;  ///< false: the organization has no owner with an address
};
BOOST_DESCRIBE_STRUCT(UsageAlertSent, (), (sent))

/// Tells the organization's owner by e-mail. The text comes from the input alone, so every attempt sends the same bytes
/// under the same idempotency key.
inline const holdfast::Activity<UsageAlert, UsageAlertSent> email_usage_alert{"email_usage_alert", step_options()};

}  // namespace platform
