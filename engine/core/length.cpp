#include <holdfast/core/length.hpp>

#include <array>
#include <charconv>
#include <cstdint>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr std::array<Unit, 6> kUnits{
    {{"w", std::chrono::weeks(1)}, {"d", std::chrono::days(1)}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}}};

}  // namespace

std::optional<Duration> read_length(std::string_view text) {
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  Duration sum{};
  std::size_t smallest = 0;  // units come in falling order, each once
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto letters = text.substr(0, text.find_first_of("0123456789"));
    while (smallest < kUnits.size() && kUnits[smallest].name != letters) ++smallest;
    if (smallest == kUnits.size() || number > kMaxDelay / kUnits[smallest].length) return std::nullopt;
    sum += number * kUnits[smallest].length;
    text.remove_prefix(letters.size());
    ++smallest;
  }
  if (sum > kMaxDelay) return std::nullopt;
  return sum;
}

std::string length_text(Duration length) {
  std::string text;
  for (const Unit& unit : kUnits) {
    if (const auto count = length / unit.length; count > 0) {
      text += std::to_string(count) + std::string(unit.name);
      length -= count * unit.length;
    }
  }
  return text.empty() ? "0s" : text;
}

}  // namespace holdfast
