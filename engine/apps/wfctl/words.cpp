#include "words.hpp"

#include <array>
#include <charconv>

#include <holdfast/core/json_text.hpp>
#include <holdfast/store/errors.hpp>

namespace wfctl {
namespace {

using holdfast::Duration;
using holdfast::Timestamp;
using holdfast::store::InvalidArgument;
using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  Duration length;
};
// Longer names first: "ms" before "m".
constexpr std::array<Unit, 5> kUnits{{{"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}, {"d", 24h}}};
constexpr Duration kLongest = std::chrono::years(100);

[[noreturn]] void reject(std::string_view option, std::string_view text, std::string_view allowed) {
  throw InvalidArgument(std::string(option) + " " + in_quotes(text) + " is not " + std::string(allowed));
}

constexpr std::string_view kDurationForm = "a length of time, such as 30s, 1h30m, 7d or 250ms (at most 100 years)";

void append_hex(std::string& out, unsigned char byte) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\x";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

bool read_part(std::string_view& rest, Duration& sum) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
  if (error != std::errc() || count < 0) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  for (const auto& unit : kUnits) {
    if (!rest.starts_with(unit.name)) continue;
    if (count > kLongest / unit.length) return false;
    rest.remove_prefix(unit.name.size());
    sum += count * unit.length;
    return sum <= kLongest;
  }
  return false;
}

}  // namespace

Duration parse_duration(std::string_view option, std::string_view text) {
  Duration sum{};
  std::string_view rest = text;
  do {
    if (!read_part(rest, sum)) reject(option, text, kDurationForm);
  } while (!rest.empty());
  return sum;
}

Timestamp parse_when(std::string_view option, std::string_view text, Timestamp now) {
  if (!text.empty() && text.find_first_not_of("0123456789msdh") == std::string_view::npos)
    return now - parse_duration(option, text);
  try {
    return holdfast::parse_rfc3339(text);
  } catch (const std::invalid_argument&) {
    reject(option, text, "a time, such as 2026-11-30T17:00:00Z, or a length of time ago, such as 24h");
  }
}

std::string in_words(Duration duration) {
  if (duration < Duration::zero()) duration = -duration;
  if (duration < 1s) return std::to_string(duration / 1ms) + " ms";
  const std::array<Unit, 4> units{{{"d", 24h}, {"h", 1h}, {"min", 1min}, {"s", 1s}}};
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (duration < units[i].length) continue;
    std::string out = std::to_string(duration / units[i].length) + " " + std::string(units[i].name);
    const Duration rest = duration % units[i].length;
    if (i + 1 < units.size() && rest >= units[i + 1].length)
      out += " " + std::to_string(rest / units[i + 1].length) + " " + std::string(units[i + 1].name);
    return out;
  }
  return "0 s";
}

std::string relative(Timestamp t, Timestamp now) {
  return t > now ? "in " + in_words(t - now) : in_words(now - t) + " ago";
}

std::string short_time(Timestamp t) {
  std::string text = holdfast::to_rfc3339(std::chrono::floor<std::chrono::seconds>(t));
  if (const auto dot = text.find_first_of(".Z"); dot != std::string::npos) text.resize(dot);
  if (const auto separator = text.find('T'); separator != std::string::npos) text[separator] = ' ';
  return text;
}

std::string counted(std::int64_t count, std::string_view noun) {
  std::string out = std::to_string(count) + " " + std::string(noun);
  if (count == 1) return out;
  if (out.ends_with('y')) return out.replace(out.size() - 1, 1, "ies");
  return out + "s";
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 60;
  std::string out;
  holdfast::append_json_string_repaired(out, text.substr(0, kMost));
  return text.size() > kMost ? out + "..." : out;
}

std::string error_text(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::string out;
  for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(end + 1)) {
    end = text.find('\n');
    out += printable(text.substr(0, end));
    if (end == std::string_view::npos) break;
    out += '\n';
  }
  return out;
}

std::string printable(std::string_view text) {
  const bool valid = holdfast::is_valid_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F (C2 80 to C2 9F) are controls too, and some terminals obey them.
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !valid))
      append_hex(out, byte);
    else if (c1)
      append_hex(out, byte), append_hex(out, static_cast<unsigned char>(text[++i]));
    else
      out += text[i];
  }
  return out;
}

}  // namespace wfctl
