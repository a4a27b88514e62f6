#pragma once

#include <optional>
#include <string_view>

#include <holdfast/core/time.hpp>

namespace holdfast::visibility {

/// The instant that a text attribute means, if it is written like "2026-11-30T17:13:15.5+01:00": RFC 3339 with a
/// capital T and Z, at most six digits of a second, and an offset of at most 14 hours. holdfast.attribute_time (SQL)
/// takes the same texts.
std::optional<Timestamp> attribute_time(std::string_view text);

/// The same, or a day in UTC ("2026-11-30"): what filters take.
std::optional<Timestamp> read_time(std::string_view text);

}  // namespace holdfast::visibility
