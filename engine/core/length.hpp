#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <holdfast/core/time.hpp>

namespace holdfast {

/// Reads a length of time as people write it: "90s", "1h30m", "7d", "2w", "250ms". Whole numbers with the units w, d,
/// h, m, s, ms, larger ones first, each once; "0" is zero. nullopt: it is none, or longer than kMaxDelay.
std::optional<Duration> read_length(std::string_view text);

/// The shortest text that read_length reads as the same length: "1h30m". Parts below a millisecond are left out.
std::string length_text(Duration length);

}  // namespace holdfast
