#include <holdfast/core/time.hpp>

#include <cstdint>
#include <stdexcept>

namespace holdfast {
namespace {

// libstdc++'s year holds 16 bits, so dates are moved by whole 400-year cycles of the calendar, which are all equal.
constexpr int kCycleYears = 400;
constexpr std::chrono::days kCycle(146'097);

[[noreturn]] void reject(std::string_view text) {
  throw std::invalid_argument("not an RFC 3339 time, such as 2026-11-30T17:13:15.000123Z: \"" +
                              std::string(text.substr(0, 64)) + "\"");
}

/// Writes `value` as exactly `width` digits.
void append_digits(std::string& out, std::int64_t value, int width) {
  char digits[20];
  for (int i = width; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.append(digits, static_cast<std::size_t>(width));
}

void append_year(std::string& out, int year) {
  if (year >= 0 && year <= 9999) return append_digits(out, year, 4);
  // Beyond RFC 3339 (a timer of 10,000 years): ISO 8601's expanded form, so that it still reads back.
  out += year < 0 ? '-' : '+';
  append_digits(out, year < 0 ? -year : year, 6);
}

/// Reads the parts of a time from left to right; every failure rejects the whole text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  int digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
      const char c = next();
      if (c < '0' || c > '9') reject(text_);
      value = value * 10 + (c - '0');
    }
    return value;
  }
  int in_range(int count, int low, int high) {
    const int value = digits(count);
    if (value < low || value > high) reject(text_);
    return value;
  }
  char next() { return position_ < text_.size() ? text_[position_++] : '\0'; }
  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }
  bool skip(char c) { return peek() == c && position_ < text_.size() && (++position_, true); }
  void expect(char c) {
    if (!skip(c)) reject(text_);
  }
  bool at_end() const { return position_ == text_.size(); }

  int year() {
    if (skip('+')) return digits(6);
    if (skip('-')) return -digits(6);
    return digits(4);
  }
  std::chrono::microseconds fraction() {
    if (!skip('.')) return {};
    std::int64_t value = 0;
    int count = 0;
    for (; peek() >= '0' && peek() <= '9'; ++count) {
      const int digit = next() - '0';
      if (count < 6) value = value * 10 + digit;  // finer digits are cut: the database has none either
    }
    if (count == 0) reject(text_);
    for (; count < 6; ++count) value *= 10;
    return std::chrono::microseconds(value);
  }
  std::chrono::minutes offset() {
    const char sign = next();
    if (sign == 'Z' || sign == 'z') return {};
    if (sign != '+' && sign != '-') reject(text_);
    const auto hours = std::chrono::hours(in_range(2, 0, 23));
    std::chrono::minutes minutes{};
    if (!at_end()) {  // PostgreSQL writes "+02" when the minutes are zero
      expect(':');
      minutes = std::chrono::minutes(in_range(2, 0, 59));
    }
    return sign == '-' ? -(hours + minutes) : hours + minutes;
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace

std::string to_rfc3339(Timestamp t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const auto cycles = static_cast<int>(day.time_since_epoch() / kCycle);
  const std::chrono::year_month_day date(day - cycles * kCycle);
  const std::chrono::hh_mm_ss time(t - day);
  std::string out;
  out.reserve(30);
  append_year(out, static_cast<int>(date.year()) + cycles * kCycleYears);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, time.hours().count(), 2);
  out += ':';
  append_digits(out, time.minutes().count(), 2);
  out += ':';
  append_digits(out, time.seconds().count(), 2);
  out += '.';
  append_digits(out, time.subseconds().count(), 6);
  out += 'Z';
  return out;
}

Timestamp parse_rfc3339(std::string_view text) {
  Reader in(text);
  const int year = in.year();
  in.expect('-');
  const int month = in.in_range(2, 1, 12);
  in.expect('-');
  const int day = in.in_range(2, 1, 31);
  if (!in.skip('T') && !in.skip('t') && !in.skip(' ')) reject(text);
  const int hour = in.in_range(2, 0, 23);
  in.expect(':');
  const int minute = in.in_range(2, 0, 59);
  in.expect(':');
  const int second = in.in_range(2, 0, 60);  // 60: a leap second; it becomes the next minute's first
  const auto fraction = in.fraction();
  const auto offset = in.offset();
  if (!in.at_end() || year < -262'000 || year > 262'000) reject(text);

  const int cycles = year / kCycleYears;
  const std::chrono::year_month_day date{std::chrono::year(year % kCycleYears),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) reject(text);
  const auto days = std::chrono::sys_days(date) + cycles * kCycle;
  return Timestamp(days) + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second) +
         fraction - offset;
}

}  // namespace holdfast
