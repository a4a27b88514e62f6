#include <holdfast/schedule/length.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include <holdfast/schedule/errors.hpp>

namespace holdfast::schedule {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr std::array<Unit, 6> kUnits{
    {{"w", std::chrono::weeks(1)}, {"d", std::chrono::days(1)}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}}};

/// -1: no length at all, or one that is too long for any use.
std::int64_t microseconds(std::string_view text) {
  if (text == "0") return 0;
  std::int64_t sum = 0;
  std::size_t smallest = 0;  // units come in falling order, each once
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return -1;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto letters = text.substr(0, text.find_first_of("0123456789"));
    while (smallest < kUnits.size() && kUnits[smallest].name != letters) ++smallest;
    if (smallest == kUnits.size() || number > kLongest / kUnits[smallest].length) return -1;
    sum += number * kUnits[smallest].length.count();
    text.remove_prefix(letters.size());
    ++smallest;
  }
  return sum;
}

}  // namespace

Duration parse_length(const std::string& field, std::string_view text, Duration least, Duration most) {
  const Duration length(text.empty() ? -1 : microseconds(text));
  if (length < std::max(least, 0us) || length > most)
    reject(field, text, to_text(least) + " to " + to_text(most) + ", written like 90s, 1h30m, 7d, 2w or 250ms");
  return length;
}

std::string to_text(Duration length) {
  std::string text;
  for (const Unit& unit : kUnits) {
    if (const auto count = length / unit.length; count > 0) {
      text += std::to_string(count) + std::string(unit.name);
      length -= count * unit.length;
    }
  }
  return text.empty() ? "0s" : text;
}

}  // namespace holdfast::schedule
