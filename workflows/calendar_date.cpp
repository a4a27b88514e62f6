#include <workflows/calendar_date.hpp>

#include <charconv>

#include <holdfast/core/errors.hpp>

namespace platform {
namespace {

/// The digits `from` to `from + count`, or -1.
int number_at(std::string_view text, std::size_t from, std::size_t count) {
  unsigned value = 0;
  const auto* begin = text.data() + from;
  const auto [end, error] = std::from_chars(begin, begin + count, value);
  return error == std::errc{} && end == begin + count ? static_cast<int>(value) : -1;
}

}  // namespace

std::chrono::sys_days parse_date(std::string_view field, std::string_view text) {
  using namespace std::chrono;
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    const int y = number_at(text, 0, 4), m = number_at(text, 5, 2), d = number_at(text, 8, 2);
    const year_month_day date{year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d))};
    if (y >= 1970 && m >= 1 && d >= 1 && date.ok()) return date;
  }
  throw holdfast::ApplicationError(
      "InvalidDate", std::string(field) + ": '" + std::string(text.substr(0, 100)) + "' is not a date; use YYYY-MM-DD",
      true);
}

std::string to_text(std::chrono::sys_days day) { return holdfast::to_rfc3339(day).substr(0, 10); }

}  // namespace platform
