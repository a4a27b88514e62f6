#pragma once

#include <cstdint>
#include <ctime>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <holdfast/schedule/spec.hpp>

/// An independent account of when a schedule fires: looks at every single second with the C library's time zones.
namespace holdfast::schedule::test {

/// The C library's wall clock of a zone, for as long as the object lives. One at a time, one thread.
class WallClock {
 public:
  explicit WallClock(const std::string& zone);
  ~WallClock();
  WallClock(const WallClock&) = delete;
  std::tm at(std::int64_t t) const;
  std::int64_t offset(std::int64_t t) const { return at(t).tm_gmtoff; }
};

/// A calendar with the numbers that it allows spelled out, made together with the text.
struct RandomCalendar {
  CalendarSpec text;
  std::set<int> second, minute, hour, day_of_month, month, day_of_week;
  bool matches(const std::tm& time) const;
};

struct RandomSpec {
  ScheduleSpec spec;
  std::vector<RandomCalendar> calendars;
  std::vector<RandomCalendar> exclusions;
  std::vector<std::pair<std::int64_t, std::int64_t>> intervals;  ///< every, phase
};
RandomSpec random_spec(std::mt19937_64& random, const std::string& zone);

/// Every second in [from, to) that fires, found one by one.
std::vector<std::int64_t> brute_force(const RandomSpec& spec, std::int64_t from, std::int64_t to);

/// The changes of the zone's offset in [from, to), to the second.
std::vector<std::int64_t> transitions(const std::string& zone, std::int64_t from, std::int64_t to);

}  // namespace holdfast::schedule::test
