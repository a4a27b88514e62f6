#include <holdfast/visibility/errors.hpp>

#include <algorithm>

namespace holdfast::visibility {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

/// The part of the filter around the place, on one line, and a caret below it.
std::string picture(std::string_view filter, std::size_t position) {
  constexpr std::size_t kBefore = 50, kAfter = 30;
  std::size_t from = position > kBefore ? position - kBefore : 0;
  std::size_t to = std::min(filter.size(), position + kAfter);
  while (from > 0 && from < filter.size() && continues(filter[from])) ++from;
  while (to > position && to < filter.size() && continues(filter[to])) --to;
  const std::string before = (from > 0 ? "..." : "") + std::string(filter.substr(from, position - from));
  std::string line = before + std::string(filter.substr(position, to - position)) + (to < filter.size() ? "..." : "");
  for (char& c : line)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  return "\n  " + line + "\n  " + std::string(characters(before), ' ') + "^";
}

}  // namespace

FilterError::FilterError(std::string_view filter, std::size_t position, const std::string& problem)
    : std::invalid_argument("filter, at " + std::to_string(characters(filter.substr(0, position)) + 1) + ": " +
                            problem + picture(filter, position)),
      position_(position) {}

}  // namespace holdfast::visibility
