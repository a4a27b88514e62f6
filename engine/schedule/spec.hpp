#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include <holdfast/core/time.hpp>

/// What a schedule says, as people write it: in JSON (described structs: the member names are the format), in YAML and
/// in code. docs/schedules.md explains every field with examples. Timetable checks it and computes with it.
namespace holdfast::schedule {

/// Times at which *every* field matches the wall clock. A field is a list of `*`, `7`, `1-5`, `*/15`, `8-18/2` or `8/2`
/// (from 8 on), months and weekdays also by their English names of three letters. Weekdays: 0 or 7 is Sunday.
/// day_of_month also takes `L` (the last day) and `L-3` (three days before it); day_of_week also `MON#1` (the month's
/// first Monday, up to #5) and `FRI#L` (its last Friday).
struct CalendarSpec {
  std::string second = "0", minute = "0", hour = "0";
  std::string day_of_month = "*", month = "*", year = "*", day_of_week = "*";
  std::string comment;
};
BOOST_DESCRIBE_STRUCT(CalendarSpec, (), (second, minute, hour, day_of_month, month, year, day_of_week, comment))

/// Times to leave out. The same fields, but what is not set matches everything: {month: DEC, day_of_month: 25} is the
/// whole day.
struct ExclusionSpec {
  std::string second = "*", minute = "*", hour = "*";
  std::string day_of_month = "*", month = "*", year = "*", day_of_week = "*";
  std::string comment;
};
BOOST_DESCRIBE_STRUCT(ExclusionSpec, (), (second, minute, hour, day_of_month, month, year, day_of_week, comment))

/// 1970-01-01T00:00:00Z + phase + n * every. Lengths such as "15m" or "1h30m", in whole seconds.
struct IntervalSpec {
  std::string every;
  std::string phase = "0s";
};
BOOST_DESCRIBE_STRUCT(IntervalSpec, (), (every, phase))

/// A wall-clock time that a change of the clock leaves out (02:30 on a spring Sunday).
BOOST_DEFINE_ENUM_CLASS(MissingTime, skip, next)  // does not fire | fires at the first instant after the gap
/// A wall-clock time that a change of the clock repeats (02:30 on an autumn Sunday).
BOOST_DEFINE_ENUM_CLASS(DoubledTime, both, first)  // fires twice | only the first time

struct ScheduleSpec {
  std::vector<CalendarSpec> calendars;
  /// 5 fields (minute hour day-of-month month day-of-week), 6 (+ year) or 7 (second first, year last); @yearly @monthly
  /// @weekly @daily @hourly; `@every 10m` or `@every 1h/5m` (phase); `CRON_TZ=Asia/Tokyo ` or `TZ=` in front.
  /// As in calendars all fields must match, also day of month *and* day of week.
  std::vector<std::string> cron;
  std::vector<IntervalSpec> intervals;
  std::vector<ExclusionSpec> exclude;
  std::optional<Timestamp> start_at, end_at;  ///< both inclusive
  std::string jitter = "0s";                  ///< each tick is delayed by 0 to this much, never beyond the next tick
  std::string time_zone = "UTC";              ///< of calendars, exclusions, and cron strings without their own
  MissingTime missing_time = MissingTime::skip;
  DoubledTime doubled_time = DoubledTime::both;
};
BOOST_DESCRIBE_STRUCT(ScheduleSpec, (),
                      (calendars, cron, intervals, exclude, start_at, end_at, jitter, time_zone, missing_time,
                       doubled_time))

}  // namespace holdfast::schedule
