#include <holdfast/schedule/timetable.hpp>

#include <algorithm>

#include <holdfast/schedule/cron.hpp>
#include <holdfast/schedule/errors.hpp>
#include <holdfast/schedule/length.hpp>

namespace holdfast::schedule {
namespace {

using namespace std::chrono;

constexpr std::size_t kMostSources = 1000;
// Blocks of excluded time in a row after which a schedule is taken for one that never fires.
constexpr int kMostExcluded = 100'000;
constexpr sys_seconds kFirst{sys_days(year(1970) / 1 / 1)};
constexpr sys_seconds kEnd{sys_days(year(2101) / 1 / 1)};

template <class T>
void check_count(const char* field, const std::vector<T>& sources) {
  if (sources.size() > kMostSources) reject(field, std::to_string(sources.size()) + " entries", "at most 1000 entries");
}

std::string place(const char* field, std::size_t index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

seconds whole_seconds(const std::string& field, const std::string& text, Duration least) {
  const Duration length = parse_length(field, text, least);
  if (length % seconds(1) != Duration::zero()) reject(field, text, "whole seconds");
  return duration_cast<seconds>(length);
}

std::uint64_t hash(std::string_view id, Timestamp t) {
  std::uint64_t h = 0xcbf29ce484222325;  // FNV-1a, finished like splitmix64; stored nowhere, but the same everywhere
  for (const char c : id) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  h ^= static_cast<std::uint64_t>(t.time_since_epoch().count()) * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9;
  h = (h ^ (h >> 27)) * 0x94d049bb133111eb;
  return h ^ (h >> 31);
}

}  // namespace

Timetable::Timetable(const ScheduleSpec& spec)
    : start_at_(spec.start_at), end_at_(spec.end_at), missing_(spec.missing_time), doubled_(spec.doubled_time) {
  check_count("calendars", spec.calendars);
  check_count("cron", spec.cron);
  check_count("intervals", spec.intervals);
  check_count("exclude", spec.exclude);
  const TimeZone zone("time_zone", spec.time_zone);
  for (std::size_t i = 0; i < spec.calendars.size(); ++i)
    calendars_.push_back({Calendar(spec.calendars[i], place("calendars", i) + "."), zone});
  for (std::size_t i = 0; i < spec.cron.size(); ++i) {
    const std::string where = place("cron", i);
    const Cron cron = parse_cron(spec.cron[i], where);
    if (cron.interval) add_interval(*cron.interval, where + " ");
    if (cron.calendar)
      calendars_.push_back({Calendar(*cron.calendar, where + " "),
                            cron.time_zone.empty() ? zone : TimeZone(where + " time zone", cron.time_zone)});
  }
  for (std::size_t i = 0; i < spec.intervals.size(); ++i) add_interval(spec.intervals[i], place("intervals", i) + ".");
  for (std::size_t i = 0; i < spec.exclude.size(); ++i)
    exclusions_.push_back({Calendar(spec.exclude[i], place("exclude", i) + "."), zone});
  jitter_ = parse_length("jitter", spec.jitter, Duration::zero(), days(366));
  if (start_at_ && end_at_ && *end_at_ < *start_at_)
    reject("end_at", to_rfc3339(*end_at_), "start_at (" + to_rfc3339(*start_at_) + ") or later");
}

void Timetable::add_interval(const IntervalSpec& spec, const std::string& where) {
  const seconds every = whole_seconds(where + "every", spec.every, seconds(1));
  const seconds phase = whole_seconds(where + "phase", spec.phase, seconds(0));
  if (phase >= every) reject(where + "phase", spec.phase, "less than every (" + spec.every + ")");
  intervals_.push_back({every, phase});
}

// Period by period of the zone: within one, wall clock and UTC run in parallel. What a gap leaves out is in no period,
// and what is repeated is in two: so a missing time is skipped and a doubled one fires twice, unless the spec wants
// it otherwise.
std::optional<sys_seconds> Timetable::next_of(const Zoned& source, sys_seconds from) const {
  for (sys_seconds t = from; t < kEnd;) {
    const Period period = source.zone.period_at(t);
    const bool from_begin = t == period.begin;
    if (missing_ == MissingTime::next && from_begin && period.offset > period.previous_offset) {
      const auto missing = source.calendar.next(LocalSeconds(t.time_since_epoch() + period.previous_offset));
      if (missing && *missing < period.local(t)) return t;
    }
    LocalSeconds local = period.local(t);
    if (doubled_ == DoubledTime::first && period.offset < period.previous_offset)
      local = std::max(local, LocalSeconds(period.begin.time_since_epoch() + period.previous_offset));
    const auto match = source.calendar.next(local);
    if (match && (period.unbounded() || *match < period.local(period.end))) return period.utc(*match);
    if (period.unbounded()) return std::nullopt;
    // Wall-clock times before `local` cannot come again once two days of this period lie between: no clock is ever set
    // back that far. Then nothing matches until `match`, whatever the offsets, and those periods need no look.
    t = period.end;
    if (from_begin && period.end - period.begin >= days(2)) {
      if (!match) return std::nullopt;
      t = std::max(t, sys_seconds(match->time_since_epoch()) - days(2));
    }
  }
  return std::nullopt;
}

std::optional<sys_seconds> Timetable::candidate(sys_seconds from) const {
  std::optional<sys_seconds> first;
  const auto consider = [&](sys_seconds t) { first = first ? std::min(*first, t) : t; };
  for (const auto& source : calendars_)
    if (const auto t = next_of(source, from)) consider(*t);
  for (const auto& [every, phase] : intervals_) {
    const seconds since = from.time_since_epoch() - phase;
    const auto n = since.count() <= 0 ? 0 : (since.count() + every.count() - 1) / every.count();
    consider(sys_seconds(phase + n * every));
  }
  return first;
}

std::optional<sys_seconds> Timetable::behind_exclusion(sys_seconds t) const {
  for (const auto& [calendar, zone] : exclusions_) {
    const LocalSeconds local = zone.local(t);
    if (!calendar.has(local)) continue;
    // Only as far as the clock does not change meanwhile.
    const Period period = zone.period_at(t);
    sys_seconds last = period.utc(calendar.last_of_block(local));
    if (!period.unbounded()) last = std::min(last, period.end - seconds(1));
    return last + seconds(1);
  }
  return std::nullopt;
}

std::optional<Timestamp> Timetable::next(Timestamp after) const {
  if (start_at_) after = std::max(after, *start_at_ - Duration(1));
  sys_seconds from =
      std::max(kFirst, floor<seconds>(std::clamp(after, Timestamp(kFirst - seconds(1)), Timestamp(kEnd))) + seconds(1));
  for (int skipped = 0; skipped < kMostExcluded; ++skipped) {
    const auto t = candidate(from);
    if (!t || *t >= kEnd || (end_at_ && *t > *end_at_)) return std::nullopt;
    const auto behind = behind_exclusion(*t);
    if (!behind) return *t;
    from = *behind;
  }
  return std::nullopt;
}

std::optional<Tick> Timetable::next_tick(Timestamp after, std::string_view schedule_id) const {
  const auto nominal = next(after);
  if (!nominal) return std::nullopt;
  Tick tick{*nominal, *nominal};
  if (jitter_ == Duration::zero()) return tick;
  Duration room = jitter_;
  if (const auto following = next(*nominal)) room = std::min(room, *following - *nominal);
  tick.due +=
      Duration(static_cast<std::int64_t>(hash(schedule_id, *nominal) % static_cast<std::uint64_t>(room.count())));
  return tick;
}

}  // namespace holdfast::schedule
