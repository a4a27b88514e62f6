#include "brute_force.hpp"

#include <cstdlib>

namespace holdfast::schedule::test {
namespace {

int number(std::mt19937_64& random, int least, int most) {
  return std::uniform_int_distribution<int>(least, most)(random);
}

/// One element of a list, and what it allows.
std::string element(std::mt19937_64& random, int least, int most, std::set<int>& allowed) {
  const auto add = [&](int from, int to, int step) {
    for (int v = from; v <= to; v += step) allowed.insert(v);
  };
  const int a = number(random, least, most), b = number(random, a, most), step = number(random, 1, 7);
  switch (number(random, 0, 4)) {
    case 0: add(a, a, 1); return std::to_string(a);
    case 1: add(a, b, 1); return std::to_string(a) + "-" + std::to_string(b);
    case 2: add(a, b, step); return std::to_string(a) + "-" + std::to_string(b) + "/" + std::to_string(step);
    case 3: add(a, most, step); return std::to_string(a) + "/" + std::to_string(step);
    default: add(least, most, step); return "*/" + std::to_string(step);
  }
}

/// `star` of 10 fields are `*`.
std::string field(std::mt19937_64& random, int least, int most, std::set<int>& allowed, int star) {
  if (number(random, 0, 9) < star) {
    for (int v = least; v <= most; ++v) allowed.insert(v);
    return "*";
  }
  std::string text = element(random, least, most, allowed);
  while (number(random, 0, 2) == 0) text += "," + element(random, least, most, allowed);
  return text;
}

RandomCalendar random_calendar(std::mt19937_64& random, int star) {
  RandomCalendar out;
  out.text.second = field(random, 0, 59, out.second, star > 5 ? 9 : 1);
  out.text.minute = field(random, 0, 59, out.minute, star);
  out.text.hour = field(random, 0, 23, out.hour, 7);
  out.text.day_of_month = field(random, 1, 31, out.day_of_month, 8);
  out.text.month = field(random, 1, 12, out.month, 8);
  out.text.day_of_week = field(random, 0, 6, out.day_of_week, 8);
  return out;
}

/// True if a wall clock that had another offset before showed this time already.
bool is_repeated(const WallClock& clock, std::int64_t t) {
  const std::int64_t here = clock.offset(t);
  for (std::int64_t back = 0; back <= 26 * 3600; back += 600) {
    const std::int64_t earlier = clock.offset(t - back);
    if (earlier > here && clock.offset(t - (earlier - here)) == earlier) return true;
  }
  return false;
}

/// True if the clock jumps forward at `t` and left out a time that the calendar has.
bool fires_for_gap(const WallClock& clock, const RandomCalendar& calendar, std::int64_t t) {
  const std::int64_t before = clock.offset(t - 1), after = clock.offset(t);
  for (std::int64_t local = t + before; local < t + after; ++local) {
    const std::time_t as_utc = local;
    std::tm time{};
    gmtime_r(&as_utc, &time);
    if (calendar.matches(time)) return true;
  }
  return false;
}

}  // namespace

WallClock::WallClock(const std::string& zone) {
  setenv("TZ", (":" + zone).c_str(), 1);
  tzset();
}

WallClock::~WallClock() {
  unsetenv("TZ");
  tzset();
}

std::tm WallClock::at(std::int64_t t) const {
  const std::time_t time = t;
  std::tm out{};
  localtime_r(&time, &out);
  return out;
}

bool RandomCalendar::matches(const std::tm& time) const {
  return second.contains(time.tm_sec) && minute.contains(time.tm_min) && hour.contains(time.tm_hour) &&
         day_of_month.contains(time.tm_mday) && month.contains(time.tm_mon + 1) && day_of_week.contains(time.tm_wday);
}

RandomSpec random_spec(std::mt19937_64& random, const std::string& zone) {
  RandomSpec out;
  out.spec.time_zone = zone;
  out.spec.missing_time = number(random, 0, 1) ? MissingTime::skip : MissingTime::next;
  out.spec.doubled_time = number(random, 0, 1) ? DoubledTime::both : DoubledTime::first;
  for (int i = number(random, 0, 2); i >= 0; --i) {
    out.calendars.push_back(random_calendar(random, 2));
    const CalendarSpec& c = out.calendars.back().text;
    if (number(random, 0, 1))
      out.spec.calendars.push_back(c);
    else
      out.spec.cron.push_back(c.second + " " + c.minute + " " + c.hour + " " + c.day_of_month + " " + c.month + " " +
                              c.day_of_week + " *");
  }
  if (number(random, 0, 3) == 0) {
    const int every = number(random, 1, 5000), phase = number(random, 0, every - 1);
    out.intervals.emplace_back(every, phase);
    out.spec.intervals.push_back({std::to_string(every) + "s", std::to_string(phase) + "s"});
  }
  if (number(random, 0, 2) == 0) {
    out.exclusions.push_back(random_calendar(random, 8));
    const CalendarSpec& c = out.exclusions.back().text;
    out.spec.exclude.push_back({c.second, c.minute, c.hour, c.day_of_month, c.month, c.year, c.day_of_week, ""});
  }
  return out;
}

std::vector<std::int64_t> brute_force(const RandomSpec& spec, std::int64_t from, std::int64_t to) {
  const WallClock clock(spec.spec.time_zone);
  std::vector<std::int64_t> out;
  for (std::int64_t t = from; t < to; ++t) {
    const std::tm local = clock.at(t);
    bool fires = false;
    for (const auto& calendar : spec.calendars) {
      if (calendar.matches(local))
        fires = fires || spec.spec.doubled_time == DoubledTime::both || !is_repeated(clock, t);
      if (spec.spec.missing_time == MissingTime::next && !fires && clock.offset(t - 1) < local.tm_gmtoff)
        fires = fires_for_gap(clock, calendar, t);
    }
    for (const auto& [every, phase] : spec.intervals) fires = fires || (t - phase) % every == 0;
    for (const auto& exclusion : spec.exclusions) fires = fires && !exclusion.matches(local);
    if (fires) out.push_back(t);
  }
  return out;
}

std::vector<std::int64_t> transitions(const std::string& zone, std::int64_t from, std::int64_t to) {
  const WallClock clock(zone);
  constexpr std::int64_t kStride = 7 * 86'400;  // no zone changes its clock there and back within a week
  std::vector<std::int64_t> out;
  for (std::int64_t t = from; t + kStride < to; t += kStride) {
    if (clock.offset(t) == clock.offset(t + kStride)) continue;
    std::int64_t low = t, high = t + kStride;
    while (high - low > 1) {
      const std::int64_t middle = (low + high) / 2;
      (clock.offset(middle) == clock.offset(t) ? low : high) = middle;
    }
    out.push_back(high);
  }
  return out;
}

}  // namespace holdfast::schedule::test
