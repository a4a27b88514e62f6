#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <holdfast/core/time.hpp>

namespace wfctl {

/// "30s", "1h30m", "7d", "250ms": numbers with units ms, s, m, h, d. Throws store::InvalidArgument naming the option.
holdfast::Duration parse_duration(std::string_view option, std::string_view text);

/// A point in time: RFC 3339, or a length of time before `now`. Throws store::InvalidArgument naming the option.
holdfast::Timestamp parse_when(std::string_view option, std::string_view text, holdfast::Timestamp now);

/// "3 s", "4 min 10 s", "2 h 5 min", "3 d 4 h": the two largest units.
std::string in_words(holdfast::Duration duration);

/// "in 4 min" or "4 min ago".
std::string relative(holdfast::Timestamp t, holdfast::Timestamp now);

/// "2026-11-30 17:13:15" (UTC), for tables.
std::string short_time(holdfast::Timestamp t);

/// "1 run", "2 runs".
std::string counted(std::int64_t count, std::string_view noun);

/// A value in an error message: in quotes, cut after 60 bytes.
std::string in_quotes(std::string_view text);

/// The text of an error, line by line printable, without line breaks at its end.
std::string error_text(std::string_view text);

/// Safe for a terminal: control characters and bytes that are not UTF-8 become \xNN.
std::string printable(std::string_view text);

}  // namespace wfctl
