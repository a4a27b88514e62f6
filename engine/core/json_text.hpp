#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

/// Appends `text` as a JSON string with its quotes. `text` must be valid UTF-8 (see is_valid_utf8); control characters
/// are escaped, everything else is copied.
void append_json_string(std::string& out, std::string_view text);

/// The same for any bytes: what is not UTF-8 becomes U+FFFD. For texts of foreign origin, such as the message of an
/// exception: the database would refuse a whole commit for one bad byte.
void append_json_string_repaired(std::string& out, std::string_view text);

/// Appends decimal digits.
void append_json_integer(std::string& out, std::int64_t value);
void append_json_unsigned(std::string& out, std::uint64_t value);
/// Appends the shortest text that reads back as `value`; NaN and infinities, which JSON lacks, throw
/// std::invalid_argument.
void append_json_double(std::string& out, double value);

bool is_valid_utf8(std::string_view text);

}  // namespace holdfast
