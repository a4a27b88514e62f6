#include <gtest/gtest.h>

#include <holdfast/core/codec.hpp>
#include <holdfast/schedule/timetable.hpp>

#include "brute_force.hpp"

namespace holdfast::schedule::test {
namespace {

// Zones of every kind: both hemispheres, half hours, DST of half an hour and of two (Troll), a skipped day (Apia), DST
// that is negative (Dublin), rules by Ramadan (Casablanca), changes at midnight (Beirut, Gaza), none at all.
const std::vector<std::string> kZones{"UTC",
                                      "Europe/Berlin",
                                      "America/New_York",
                                      "America/St_Johns",
                                      "Australia/Lord_Howe",
                                      "Antarctica/Troll",
                                      "Pacific/Apia",
                                      "Europe/Dublin",
                                      "Africa/Casablanca",
                                      "Asia/Beirut",
                                      "Asia/Gaza",
                                      "America/Santiago",
                                      "Asia/Tehran",
                                      "Asia/Kolkata",
                                      "Pacific/Chatham",
                                      "America/Havana",
                                      "America/Nuuk",
                                      "Africa/Monrovia",
                                      "Pacific/Kwajalein",
                                      "America/Sao_Paulo",
                                      "Asia/Amman",
                                      "Africa/Cairo",
                                      "Atlantic/Azores",
                                      "America/Asuncion",
                                      "Asia/Kathmandu"};

constexpr std::int64_t kFirst = 0, kEnd = 4'133'980'800;  // 1970 to 2101

/// Every tick in [from, to).
std::vector<std::int64_t> computed(const ScheduleSpec& spec, std::int64_t from, std::int64_t to) {
  const Timetable table(spec);
  std::vector<std::int64_t> out;
  Timestamp after(std::chrono::seconds(from) - Duration(1));
  for (;;) {
    const auto tick = table.next(after);
    if (!tick || *tick >= Timestamp(std::chrono::seconds(to))) return out;
    out.push_back(std::chrono::floor<std::chrono::seconds>(*tick).time_since_epoch().count());
    after = *tick;
  }
}

void compare(std::mt19937_64& random, const std::string& zone, std::int64_t from, std::int64_t to) {
  const RandomSpec spec = random_spec(random, zone);
  EXPECT_EQ(computed(spec.spec, from, to), brute_force(spec, from, to))
      << encode(spec.spec) << "\nfrom " << to_rfc3339(Timestamp(std::chrono::seconds(from)));
}

TEST(TimetableProperty, AgreesWithBruteForceAroundChangesOfTheClock) {
  std::mt19937_64 random(20260329);
  for (const auto& zone : kZones) {
    const auto changes = transitions(zone, kFirst + 86'400, kEnd - 86'400);
    for (int i = 0; i < 8 && !changes.empty() && !HasFailure(); ++i) {
      const auto change = changes[random() % changes.size()];
      compare(random, zone, change - 5400, change + 5400);
    }
  }
}

TEST(TimetableProperty, AgreesWithBruteForceAnywhere) {
  std::mt19937_64 random(19700101);
  for (const auto& zone : kZones) {
    for (int i = 0; i < 3 && !HasFailure(); ++i) {
      const auto from = static_cast<std::int64_t>(random() % (kEnd - 20'000));
      compare(random, zone, from, from + 4000);
    }
  }
}

/// The times of a calendar that fires once a day, over a hundred and thirty years: one look per day is brute force.
TEST(TimetableProperty, ADailyTimeAgreesWithTheCLibraryOnEveryDayUntil2100) {
  for (const std::string zone : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"}) {
    ScheduleSpec spec;
    spec.time_zone = zone;
    spec.calendars = {{.minute = "30", .hour = "2"}};
    const auto ticks = computed(spec, kFirst, kEnd);
    const WallClock clock(zone);
    std::size_t at = 0;
    for (std::int64_t day = kFirst; day < kEnd; day += 86'400) {
      // Every UTC instant of this day that could be 02:30 there.
      for (std::int64_t t = day; t < day + 86'400; t += 1800) {
        const std::tm local = clock.at(t);
        if (local.tm_hour != 2 || local.tm_min != 30 || local.tm_sec != 0 || local.tm_year > 200) continue;
        ASSERT_LT(at, ticks.size());
        ASSERT_EQ(ticks[at++], t) << zone;
      }
    }
    EXPECT_EQ(at, ticks.size()) << zone;
  }
}

TEST(TimetableProperty, StartingAnywhereFindsTheSameTicks) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200; ++i) {
    const RandomSpec spec = random_spec(random, kZones[random() % kZones.size()]);
    const Timetable table(spec.spec);
    const Timestamp start(std::chrono::seconds(random() % (kEnd - 400'000'000)));
    const auto first = table.next(start);
    if (!first) continue;
    const Duration between = *first - start;
    const Timestamp middle =
        start + Duration(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(between.count())));
    EXPECT_EQ(table.next(middle), first) << encode(spec.spec);
    EXPECT_GT(table.next(*first).value_or(Timestamp::max()), *first);
  }
}

}  // namespace
}  // namespace holdfast::schedule::test
