#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace holdfast {

/// A length of time with PostgreSQL's resolution. Literals such as 30s or 10min convert implicitly.
using Duration = std::chrono::microseconds;

/// An instant of the database's clock, UTC. No other clock is ever compared with it.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// The longest delay or limit that counts, 100 years: far from the ends of every calendar and clock. Longer ones are
/// cut.
inline constexpr Duration kMaxDelay = std::chrono::days(36'525);

/// RFC 3339 in UTC with microseconds, such as "2026-11-30T17:13:15.000123Z".
std::string to_rfc3339(Timestamp t);

/// Parses RFC 3339 ("T" or a space between date and time; "Z" or an offset). Throws std::invalid_argument.
Timestamp parse_rfc3339(std::string_view text);

}  // namespace holdfast
