#include <holdfast/schedule/calendar.hpp>

#include <holdfast/schedule/errors.hpp>

namespace holdfast::schedule {
namespace {

using namespace std::chrono;

constexpr int kFirstYear = 1970, kLastYear = 2100;
constexpr std::uint8_t kLastOfMonth = 1 << 7;

void read_field(FieldSet& set, const FieldKind& kind, const std::string& list, const std::string& where) {
  for_each_element(list, [&](std::string_view element) { read_element(set, kind, element, where, list); });
}

}  // namespace

Calendar::Calendar(const CalendarSpec& spec, const std::string& where) { read(spec, where); }
Calendar::Calendar(const ExclusionSpec& spec, const std::string& where) { read(spec, where); }

template <class Spec>
void Calendar::read(const Spec& spec, const std::string& where) {
  read_field(seconds_, kSecond, spec.second, where);
  read_field(minutes_, kMinute, spec.minute, where);
  read_field(hours_, kHour, spec.hour, where);
  read_days(spec.day_of_month, where);
  read_field(months_, kMonth, spec.month, where);
  read_field(years_, kYear, spec.year, where);
  read_weekdays(spec.day_of_week, where);
  if (spec.comment.size() > 1000) reject(where + "comment", spec.comment, "at most 1000 bytes");
}

void Calendar::read_days(const std::string& list, const std::string& where) {
  for_each_element(list, [&](std::string_view element) {
    if (element.empty() || (element[0] != 'L' && element[0] != 'l'))
      return read_element(days_, kDayOfMonth, element, where, list);
    int before = 0;
    if (element.size() > 1) {
      before = element[1] == '-' ? read_value(kDayOfMonth, element.substr(2)) : -1;
      if (before < 1 || before > 30) reject_field(kDayOfMonth, where, list);
    }
    from_end_ |= std::uint32_t{1} << before;
  });
}

void Calendar::read_weekdays(const std::string& list, const std::string& where) {
  for_each_element(list, [&](std::string_view element) {
    const auto hash = element.find('#');
    if (hash == std::string_view::npos) return read_element(weekdays_, kDayOfWeek, element, where, list);
    const int weekday = read_value(kDayOfWeek, element.substr(0, hash));
    const auto which = element.substr(hash + 1);
    const bool last = which == "L" || which == "l";
    if (weekday < 0 || (!last && (which.size() != 1 || which[0] < '1' || which[0] > '5')))
      reject_field(kDayOfWeek, where, list);
    auto& bits = nth_weekday_[static_cast<std::size_t>(weekday % 7)];
    bits = static_cast<std::uint8_t>(bits | (last ? kLastOfMonth : 1 << (which[0] - '1')));
  });
}

bool Calendar::has_day(const year_month_day& date) const {
  const int day = static_cast<int>(static_cast<unsigned>(date.day()));
  const int last =
      static_cast<int>(static_cast<unsigned>(year_month_day_last(date.year(), month_day_last(date.month())).day()));
  if (!days_.has(day - 1) && !(from_end_ >> (last - day) & 1)) return false;
  const unsigned weekday = std::chrono::weekday(local_days(date)).c_encoding();
  if (weekdays_.has(static_cast<int>(weekday))) return true;
  const std::uint8_t nth = nth_weekday_[weekday];
  return (nth >> ((day - 1) / 7) & 1) || ((nth & kLastOfMonth) && day + 7 > last);
}

std::optional<seconds> Calendar::next_time_of_day(seconds from) const {
  const hh_mm_ss time(from);
  const int h0 = static_cast<int>(time.hours().count()), m0 = static_cast<int>(time.minutes().count());
  const int s0 = static_cast<int>(time.seconds().count());
  for (int h = hours_.next(h0); h >= 0; h = hours_.next(h + 1)) {
    for (int m = minutes_.next(h == h0 ? m0 : 0); m >= 0; m = minutes_.next(m + 1)) {
      const int s = seconds_.next(h == h0 && m == m0 ? s0 : 0);
      if (s >= 0) return hours(h) + minutes(m) + seconds(s);
    }
  }
  return std::nullopt;
}

std::optional<LocalSeconds> Calendar::next(LocalSeconds from) const {
  constexpr LocalSeconds kFirst{local_days(year(kFirstYear) / 1 / 1)}, kLast{local_days(year(kLastYear + 1) / 1 / 1)};
  if (from < kFirst) from = kFirst;
  while (from < kLast) {
    const auto day = floor<days>(from);
    const year_month_day date(day);
    const int y = static_cast<int>(date.year());
    if (!years_.has(y - kFirstYear)) {
      const int next_year = years_.next(y - kFirstYear);
      if (next_year < 0) return std::nullopt;
      from = local_days(year(next_year + kFirstYear) / 1 / 1);
    } else if (!months_.has(static_cast<int>(static_cast<unsigned>(date.month())) - 1)) {
      from = local_days((date.year() / date.month() + months(1)) / 1);
    } else if (!has_day(date)) {
      from = day + days(1);
    } else if (const auto time = next_time_of_day(from - day)) {
      return day + *time;
    } else {
      from = day + days(1);
    }
  }
  return std::nullopt;
}

LocalSeconds Calendar::last_of_block(LocalSeconds t) const {
  if (!seconds_.is_full(60)) return t;
  if (!minutes_.is_full(60)) return floor<minutes>(t) + seconds(59);
  if (!hours_.is_full(24)) return floor<hours>(t) + minutes(60) - seconds(1);
  return floor<days>(t) + days(1) - seconds(1);
}

}  // namespace holdfast::schedule
