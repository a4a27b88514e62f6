#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <holdfast/core/time.hpp>
#include <holdfast/schedule/calendar.hpp>
#include <holdfast/schedule/spec.hpp>
#include <holdfast/schedule/time_zone.hpp>

namespace holdfast::schedule {

/// One time of a schedule.
struct Tick {
  Timestamp nominal;  ///< what the spec says, in whole seconds; identifies the tick
  Timestamp due;      ///< nominal plus its share of the jitter; before the next tick
};

/// A spec, checked and ready to compute with. Computes field by field, so that a rare time (every 29th of February that
/// is a Friday) costs no more than microseconds. Nothing fires after 2100. A value; thread-safe.
class Timetable {
 public:
  /// Throws SpecError that names the field (`cron[1] minute`), its value and what is allowed.
  explicit Timetable(const ScheduleSpec& spec);

  /// The first nominal time after `after`. Two sources that name the same instant are one tick.
  std::optional<Timestamp> next(Timestamp after) const;
  /// The same with its jitter: a hash of schedule id and time, so everybody computes the same.
  std::optional<Tick> next_tick(Timestamp after, std::string_view schedule_id) const;

  Duration jitter() const { return jitter_; }
  /// False for a spec without calendars, cron strings and intervals: it fires only when it is triggered.
  bool fires_by_itself() const { return !calendars_.empty() || !intervals_.empty(); }

 private:
  struct Zoned {
    Calendar calendar;
    TimeZone zone;
  };
  struct Interval {
    std::chrono::seconds every, phase;
  };
  void add_interval(const IntervalSpec& spec, const std::string& where);
  std::optional<std::chrono::sys_seconds> next_of(const Zoned& source, std::chrono::sys_seconds from) const;
  std::optional<std::chrono::sys_seconds> candidate(std::chrono::sys_seconds from) const;
  /// Where the exclusion that covers `t` ends, at least for a while; nullopt: `t` is not excluded.
  std::optional<std::chrono::sys_seconds> behind_exclusion(std::chrono::sys_seconds t) const;

  std::vector<Zoned> calendars_;
  std::vector<Interval> intervals_;
  std::vector<Zoned> exclusions_;
  std::optional<Timestamp> start_at_, end_at_;
  Duration jitter_{};
  MissingTime missing_;
  DoubledTime doubled_;
};

}  // namespace holdfast::schedule
