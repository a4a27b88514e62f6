#include <holdfast/schedule/errors.hpp>

namespace holdfast::schedule {

void reject(const std::string& field, std::string_view value, const std::string& allowed) {
  constexpr std::size_t kMost = 60;
  std::string shown;
  for (const char c : value.substr(0, kMost)) shown += c >= ' ' && c <= '~' ? c : '?';
  if (value.size() > kMost) shown += "...";
  throw SpecError(field + (value.empty() ? " is empty" : " is '" + shown + "'") + "; allowed: " + allowed);
}

}  // namespace holdfast::schedule
