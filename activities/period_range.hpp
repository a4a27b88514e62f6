#pragma once

#include <string>

#include <activities/pattern_steps.hpp>

namespace platform {

/// RFC 3339 times in UTC.
struct TimeRange {
  std::string since, until;  ///< [since, until)
};

/// The day that `period` is. Throws ApplicationError "InvalidPeriod", not retried, for anything else than a day.
TimeRange day_range(const PatternPeriod& period);

}  // namespace platform
