#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <holdfast/schedule/field.hpp>
#include <holdfast/schedule/spec.hpp>
#include <holdfast/schedule/time_zone.hpp>

namespace holdfast::schedule {

/// A CalendarSpec ready to compute with: a set of wall-clock seconds in the years 1970 to 2100. Knows no time zone.
class Calendar {
 public:
  /// Throws SpecError; the field of its message starts with `where`.
  Calendar(const CalendarSpec& spec, const std::string& where);
  Calendar(const ExclusionSpec& spec, const std::string& where);

  /// The first member at `from` or after it, found field by field; nullopt: none until the end of 2100.
  std::optional<LocalSeconds> next(LocalSeconds from) const;
  bool has(LocalSeconds t) const { return next(t) == t; }
  /// For a member: a time behind it up to which every second is a member too (the end of its minute, hour or day, when
  /// the fields below are all `*`), or `t` itself.
  LocalSeconds last_of_block(LocalSeconds t) const;

 private:
  template <class Spec>
  void read(const Spec& spec, const std::string& where);
  void read_days(const std::string& list, const std::string& where);
  void read_weekdays(const std::string& list, const std::string& where);
  bool has_day(const std::chrono::year_month_day& date) const;
  std::optional<std::chrono::seconds> next_time_of_day(std::chrono::seconds from) const;

  FieldSet seconds_, minutes_, hours_, days_, months_, years_, weekdays_;
  std::uint32_t from_end_ = 0;                 ///< bit n: n days before the month's last
  std::array<std::uint8_t, 7> nth_weekday_{};  ///< per weekday: bit n-1 for the nth, bit 7 for the last
};

}  // namespace holdfast::schedule
