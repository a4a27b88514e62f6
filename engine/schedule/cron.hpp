#pragma once

#include <optional>
#include <string>

#include <holdfast/schedule/spec.hpp>

namespace holdfast::schedule {

/// What a cron string says: a calendar or an interval, and the time zone of its prefix.
struct Cron {
  std::optional<CalendarSpec> calendar;
  std::optional<IntervalSpec> interval;
  std::string time_zone;  ///< empty: no prefix
};

/// Splits a cron string into fields; their contents are checked by whoever compiles them. Throws SpecError whose field
/// is `where`.
Cron parse_cron(const std::string& text, const std::string& where);

}  // namespace holdfast::schedule
