#pragma once

#include <string>
#include <string_view>

#include <holdfast/core/time.hpp>

namespace holdfast::schedule {

/// Longest length of time that a schedule may name.
inline constexpr Duration kLongest = std::chrono::days(36'525);

/// Reads "90s", "1h30m", "7d", "2w", "250ms": whole numbers with the units w, d, h, m, s, ms, larger ones first; "0" is
/// zero. Throws SpecError that names `field`.
Duration parse_length(const std::string& field, std::string_view text, Duration least, Duration most = kLongest);

/// The shortest text that parse_length reads as the same length: "1h30m".
std::string to_text(Duration length);

}  // namespace holdfast::schedule
