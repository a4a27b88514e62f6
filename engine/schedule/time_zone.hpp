#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <cctz/time_zone.h>

namespace holdfast::schedule {

/// Wall-clock time without a zone, in seconds.
using LocalSeconds = std::chrono::local_seconds;

/// A stretch of time with one offset from UTC.
struct Period {
  std::chrono::sys_seconds begin, end;   ///< [begin, end); sys_seconds::min() and max() where there is no transition
  std::chrono::seconds offset;           ///< local = UTC + offset
  std::chrono::seconds previous_offset;  ///< of the period before; offset if there is none
  LocalSeconds local(std::chrono::sys_seconds t) const { return LocalSeconds(t.time_since_epoch() + offset); }
  std::chrono::sys_seconds utc(LocalSeconds t) const { return std::chrono::sys_seconds(t.time_since_epoch() - offset); }
  bool unbounded() const { return end == std::chrono::sys_seconds::max(); }
};

/// An IANA time zone with its rules for all years (cctz reads the rule at the end of the zone's file; other libraries
/// stop at the last listed transition, which is in 2037). A cheap value. Thread-safe.
class TimeZone {
 public:
  /// Throws SpecError naming `field`, unless the system's tz database has a zone of this exact name.
  TimeZone(const std::string& field, const std::string& name);

  Period period_at(std::chrono::sys_seconds t) const;
  /// The wall clock at `t`.
  LocalSeconds local(std::chrono::sys_seconds t) const;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  cctz::time_zone zone_;
};

}  // namespace holdfast::schedule
