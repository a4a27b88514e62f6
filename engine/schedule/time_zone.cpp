#include <holdfast/schedule/time_zone.hpp>

#include <algorithm>

#include <holdfast/schedule/errors.hpp>

namespace holdfast::schedule {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

/// cctz also opens files by path and has names of its own; a zone of the database has neither.
bool is_zone_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
           c == '-' || c == '/';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '/' && std::ranges::all_of(name, is_letter) &&
         !name.starts_with("Fixed/") && !name.starts_with("posix/") && !name.starts_with("right/") &&
         name != "localtime" && name != "posixrules";
}

seconds since_epoch(const cctz::civil_second& local) { return seconds(local - cctz::civil_second()); }

}  // namespace

TimeZone::TimeZone(const std::string& field, const std::string& name) : name_(name) {
  if (!is_zone_name(name) || !cctz::load_time_zone(name, &zone_))
    reject(field, name, "an IANA time zone such as UTC, Europe/Berlin or America/New_York");
}

LocalSeconds TimeZone::local(sys_seconds t) const {
  return LocalSeconds(t.time_since_epoch() + seconds(zone_.lookup(t).offset));
}

Period TimeZone::period_at(sys_seconds t) const {
  Period period{sys_seconds::min(), sys_seconds::max(), seconds(zone_.lookup(t).offset), {}};
  period.previous_offset = period.offset;
  cctz::time_zone::civil_transition change;
  // A transition is given as the two readings of the wall clock at that instant.
  if (zone_.prev_transition(t + seconds(1), &change)) {
    period.begin = sys_seconds(since_epoch(change.to) - period.offset);
    period.previous_offset = since_epoch(change.from) - period.begin.time_since_epoch();
  }
  if (zone_.next_transition(t, &change)) period.end = sys_seconds(since_epoch(change.from) - period.offset);
  return period;
}

}  // namespace holdfast::schedule
