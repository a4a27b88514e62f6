#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace platform::vendors {

/// The start of `bytes` as text that PostgreSQL accepts: valid UTF-8 without NUL, at most `most_bytes` long, never cut
/// inside a character. Bytes that are not UTF-8 become '?', NUL becomes a space.
std::string text_prefix(std::string_view bytes, std::size_t most_bytes);

/// application/x-www-form-urlencoded, for names and values alike.
std::string form_encoded(std::string_view text);

/// `base` without a trailing slash, followed by `path`.
std::string joined_url(std::string_view base, std::string_view path);

}  // namespace platform::vendors
