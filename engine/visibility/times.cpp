#include <holdfast/visibility/times.hpp>

#include <stdexcept>
#include <string>

namespace holdfast::visibility {
namespace {

/// Does `text` begin like the pattern, in which a 0 is any digit? Cuts it off.
bool take(std::string_view& text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == '0' ? !digit : text[i] != pattern[i]) return false;
  }
  text.remove_prefix(pattern.size());
  return true;
}

bool has_the_form(std::string_view text) {
  constexpr std::string_view kTime = "0000-00-00T00:00:00";
  if (text.starts_with("0000") || !take(text, kTime)) return false;
  if (text.starts_with('.')) {
    const auto digits = text.find_first_not_of("0123456789", 1);
    if (digits == std::string_view::npos || digits < 2 || digits > 7) return false;
    text.remove_prefix(digits);
  }
  if (text == "Z") return true;
  return (text.starts_with("+0") || text.starts_with("-0") || text.starts_with("+1") || text.starts_with("-1")) &&
         !(text[1] == '1' && text.size() > 2 && text[2] > '4') && (take(text, "+00:00") || take(text, "-00:00")) &&
         text.empty();
}

}  // namespace

std::optional<Timestamp> attribute_time(std::string_view text) {
  constexpr std::size_t kSeconds = 17;
  if (!has_the_form(text) || text.substr(kSeconds, 2) == "60") return std::nullopt;
  try {
    return parse_rfc3339(text);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

std::optional<Timestamp> read_time(std::string_view text) {
  if (std::string_view rest = text; take(rest, "0000-00-00") && rest.empty())
    return attribute_time(std::string(text) + "T00:00:00Z");
  return attribute_time(text);
}

}  // namespace holdfast::visibility
