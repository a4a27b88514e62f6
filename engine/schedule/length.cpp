#include <holdfast/schedule/length.hpp>

#include <algorithm>

#include <holdfast/core/length.hpp>
#include <holdfast/schedule/errors.hpp>

namespace holdfast::schedule {

Duration parse_length(const std::string& field, std::string_view text, Duration least, Duration most) {
  const auto length = read_length(text);
  if (!length || *length < std::max(least, Duration::zero()) || *length > most)
    reject(field, text, to_text(least) + " to " + to_text(most) + ", written like 90s, 1h30m, 7d, 2w or 250ms");
  return *length;
}

std::string to_text(Duration length) { return length_text(length); }

}  // namespace holdfast::schedule
