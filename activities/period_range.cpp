#include <activities/period_range.hpp>

#include <stdexcept>

#include <holdfast/core/errors.hpp>
#include <holdfast/core/time.hpp>

namespace platform {

TimeRange day_range(const PatternPeriod& period) {
  if (period.period != "day")
    throw holdfast::ApplicationError("InvalidPeriod", "period is '" + period.period + "', allowed is day", true);
  try {
    const auto since = holdfast::parse_rfc3339(period.start + "T00:00:00Z");
    return {holdfast::to_rfc3339(since), holdfast::to_rfc3339(since + std::chrono::hours(24))};
  } catch (const std::invalid_argument&) {
    throw holdfast::ApplicationError("InvalidPeriod", "start is '" + period.start + "', allowed is YYYY-MM-DD", true);
  }
}

}  // namespace platform
