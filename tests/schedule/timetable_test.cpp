#include <holdfast/schedule/timetable.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/schedule/errors.hpp>
#include <holdfast/schedule/length.hpp>

namespace holdfast::schedule {
namespace {

using namespace std::chrono_literals;

Timestamp at(const char* text) { return parse_rfc3339(text); }

/// The next times, in UTC, separated by blanks.
std::string next_times(const ScheduleSpec& spec, const char* after, int count = 3) {
  const Timetable table(spec);
  std::string out;
  Timestamp t = at(after);
  for (int i = 0; i < count; ++i) {
    const auto next = table.next(t);
    if (!next) return out + "end";
    out += to_rfc3339(*next).substr(0, 19) + (i + 1 < count ? " " : "");
    t = *next;
  }
  return out;
}

ScheduleSpec cron(std::string text, std::string zone = "UTC") {
  ScheduleSpec spec;
  spec.cron = {std::move(text)};
  spec.time_zone = std::move(zone);
  return spec;
}

std::string error_of(const ScheduleSpec& spec) {
  try {
    const Timetable table(spec);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Timetable, FiresAtCronTimes) {
  EXPECT_EQ(next_times(cron("30 8 * * MON-FRI"), "2026-11-27T08:30:00Z"),
            "2026-11-30T08:30:00 2026-12-01T08:30:00 2026-12-02T08:30:00");
  EXPECT_EQ(next_times(cron("*/20 * * * *"), "2026-11-30T23:30:00Z"),
            "2026-11-30T23:40:00 2026-12-01T00:00:00 2026-12-01T00:20:00");
  EXPECT_EQ(next_times(cron("0 0 1 1 * 2028,2030-2032/2"), "2026-01-01T00:00:00Z", 4),
            "2028-01-01T00:00:00 2030-01-01T00:00:00 2032-01-01T00:00:00 end");
  EXPECT_EQ(next_times(cron("15 0 12 * feb,DEC 7 *"), "2026-11-30T00:00:00Z"),
            "2026-12-06T12:00:15 2026-12-13T12:00:15 2026-12-20T12:00:15");
}

TEST(Timetable, KnowsNicknamesCommentsAndEvery) {
  EXPECT_EQ(next_times(cron("@daily # at night"), "2026-11-30T00:00:00Z", 1), "2026-12-01T00:00:00");
  EXPECT_EQ(next_times(cron("@weekly"), "2026-11-30T00:00:00Z", 1), "2026-12-06T00:00:00");
  EXPECT_EQ(next_times(cron("@monthly"), "2026-11-30T00:00:00Z", 1), "2026-12-01T00:00:00");
  EXPECT_EQ(next_times(cron("@yearly"), "2026-11-30T00:00:00Z", 1), "2027-01-01T00:00:00");
  EXPECT_EQ(next_times(cron("@every 1h/5m"), "2026-11-30T00:05:00Z", 2), "2026-11-30T01:05:00 2026-11-30T02:05:00");
}

TEST(Timetable, DayOfMonthAndDayOfWeekMustBothMatch) {
  EXPECT_EQ(next_times(cron("0 0 13 * FRI"), "2026-01-01T00:00:00Z"),
            "2026-02-13T00:00:00 2026-03-13T00:00:00 2026-11-13T00:00:00");
  EXPECT_EQ(next_times(cron("0 0 29 2 FRI"), "2026-01-01T00:00:00Z", 2), "2036-02-29T00:00:00 2064-02-29T00:00:00");
}

TEST(Timetable, KnowsTheLastDayAndTheNthWeekdayOfAMonth) {
  EXPECT_EQ(next_times(cron("0 0 L * *"), "2027-12-31T00:00:00Z"),
            "2028-01-31T00:00:00 2028-02-29T00:00:00 2028-03-31T00:00:00");
  EXPECT_EQ(next_times(cron("0 0 L-2,15 * *"), "2026-02-01T00:00:00Z", 2), "2026-02-15T00:00:00 2026-02-26T00:00:00");
  EXPECT_EQ(next_times(cron("0 0 * * MON#1"), "2026-11-02T00:00:00Z", 2), "2026-12-07T00:00:00 2027-01-04T00:00:00");
  EXPECT_EQ(next_times(cron("0 0 * * FRI#L,SUN#5"), "2026-11-01T00:00:00Z"),
            "2026-11-27T00:00:00 2026-11-29T00:00:00 2026-12-25T00:00:00");
}

TEST(Timetable, ThePrefixOfACronStringIsItsTimeZone) {
  ScheduleSpec spec = cron("CRON_TZ=Asia/Tokyo 0 9 * * *", "Europe/Berlin");
  spec.cron.push_back("0 9 * * *");
  EXPECT_EQ(next_times(spec, "2026-11-30T00:00:00Z"), "2026-11-30T08:00:00 2026-12-01T00:00:00 2026-12-01T08:00:00");
}

TEST(Timetable, AMissingTimeIsSkippedOrFiresBehindTheGap) {
  ScheduleSpec spec = cron("30 2 * * *", "Europe/Berlin");  // 2026-03-29: 02:00 becomes 03:00
  EXPECT_EQ(next_times(spec, "2026-03-27T12:00:00Z"), "2026-03-28T01:30:00 2026-03-30T00:30:00 2026-03-31T00:30:00");
  spec.missing_time = MissingTime::next;
  EXPECT_EQ(next_times(spec, "2026-03-27T12:00:00Z"), "2026-03-28T01:30:00 2026-03-29T01:00:00 2026-03-30T00:30:00");
  spec.cron = {"*/10 2 * * *"};  // six missing times are one
  EXPECT_EQ(next_times(spec, "2026-03-28T12:00:00Z", 2), "2026-03-29T01:00:00 2026-03-30T00:00:00");
}

TEST(Timetable, ADoubledTimeFiresTwiceOrOnlyTheFirstTime) {
  ScheduleSpec spec = cron("30 1 * * *", "America/New_York");  // 2026-11-01: 02:00 becomes 01:00
  EXPECT_EQ(next_times(spec, "2026-10-31T12:00:00Z"), "2026-11-01T05:30:00 2026-11-01T06:30:00 2026-11-02T06:30:00");
  spec.doubled_time = DoubledTime::first;
  EXPECT_EQ(next_times(spec, "2026-10-31T12:00:00Z", 2), "2026-11-01T05:30:00 2026-11-02T06:30:00");
  // The second one of a yearly time, found from a moment between the two.
  spec = cron("30 1 1 11 *", "America/New_York");
  EXPECT_EQ(next_times(spec, "2026-11-01T05:45:00Z", 1), "2026-11-01T06:30:00");
}

TEST(Timetable, ChangesOfTheClockAreKnownBeyond2037) {
  const ScheduleSpec spec = cron("0 12 1 7 *", "America/New_York");
  EXPECT_EQ(next_times(spec, "2099-01-01T00:00:00Z", 3), "2099-07-01T16:00:00 2100-07-01T16:00:00 end");
}

TEST(Timetable, IntervalsCountFrom1970WithTheirPhase) {
  ScheduleSpec spec;
  spec.intervals = {{"1h30m", "10m"}};
  EXPECT_EQ(next_times(spec, "1970-01-01T00:00:00Z"), "1970-01-01T00:10:00 1970-01-01T01:40:00 1970-01-01T03:10:00");
  spec.intervals.push_back({"1d", "0s"});
  EXPECT_EQ(next_times(spec, "2026-11-29T23:30:00Z", 2), "2026-11-30T00:00:00 2026-11-30T00:10:00");
}

TEST(Timetable, AnExclusionLeavesOutEverythingItMatches) {
  ScheduleSpec spec = cron("0 */6 * * *", "Europe/Berlin");
  spec.exclude = {{.day_of_month = "24-26", .month = "DEC"}, {.hour = "0"}};
  EXPECT_EQ(next_times(spec, "2026-12-23T05:00:00Z", 4),
            "2026-12-23T11:00:00 2026-12-23T17:00:00 2026-12-27T05:00:00 2026-12-27T11:00:00");
}

TEST(Timetable, ASpecThatExcludesItselfNeverFires) {
  ScheduleSpec spec;
  spec.intervals = {{"1s"}};
  spec.exclude = {{.second = "0-30"}, {.second = "31-59"}};
  EXPECT_EQ(next_times(spec, "2026-01-01T00:00:00Z"), "end");
  EXPECT_EQ(next_times(cron("0 0 30 2 *"), "2026-01-01T00:00:00Z"), "end");
  EXPECT_EQ(next_times({}, "2026-01-01T00:00:00Z"), "end");
}

TEST(Timetable, StartAndEndBelongToTheSchedule) {
  ScheduleSpec spec = cron("0 12 * * *");
  spec.start_at = at("2026-11-30T12:00:00Z");
  spec.end_at = at("2026-12-01T12:00:00Z");
  EXPECT_EQ(next_times(spec, "2020-01-01T00:00:00Z"), "2026-11-30T12:00:00 2026-12-01T12:00:00 end");
}

TEST(Timetable, JitterIsTheSameForEverybodyAndNeverPassesTheNextTick) {
  ScheduleSpec spec = cron("* * * * *");
  spec.jitter = "1h";
  const Timetable table(spec);
  std::set<Duration> delays;
  Timestamp t = at("2026-11-30T00:00:00Z");
  for (int i = 0; i < 200; ++i) {
    const auto tick = table.next_tick(t, "nightly");
    ASSERT_TRUE(tick);
    EXPECT_GE(tick->due, tick->nominal);
    EXPECT_LT(tick->due, tick->nominal + 1min);
    EXPECT_EQ(Timetable(spec).next_tick(t, "nightly")->due, tick->due);
    delays.insert(tick->due - tick->nominal);
    t = tick->nominal;
  }
  EXPECT_GT(delays.size(), 190u);
  EXPECT_NE(table.next_tick(t, "nightly")->due, table.next_tick(t, "hourly")->due);
}

TEST(Timetable, ErrorsNameTheFieldItsValueAndWhatIsAllowed) {
  EXPECT_EQ(error_of(cron("61 * * * *")),
            "cron[0] minute is '61'; allowed: 0 to 59, as *, 1, 1-5, */2, 1-9/2 or a list of these with commas");
  EXPECT_THAT(error_of(cron("* * * FOO *")),
              testing::StartsWith("cron[0] month is 'FOO'; allowed: 1 to 12, JAN to DEC"));
  for (const char* bad : {"* * * *", "* * * * * * * *", "", "@hourlyy", "@every", "CRON_TZ= * * * * *"})
    EXPECT_THAT(error_of(cron(bad)), testing::StartsWith("cron[0] is ")) << bad;
  for (const char* bad :
       {"1,,2 * * * *", "5-1 * * * *", "*/0 * * * *", "1/ * * * *", "-1 * * * *", "1-2-3 * * * *", "* * 0 * *",
        "* * L-31 * *", "* * * * MON#6", "* * * * 8", "* * * * FRI-MON", "* * * 0 *", "*/-1 * * * *", "\x01 * * * *"})
    EXPECT_THAT(error_of(cron(bad)), testing::HasSubstr("; allowed: ")) << bad;
  EXPECT_THAT(error_of(cron("@every 0s")), testing::StartsWith("cron[0] every is '0s'; allowed: 1s to "));
  EXPECT_THAT(error_of(cron("@every 1h/2h")), testing::HasSubstr("phase is '2h'; allowed: less than every (1h)"));
  for (const char* bad : {"", "Europe/Belrin", "europe/berlin", "/etc/passwd", "../../etc/passwd", "libc:localtime",
                          "Fixed/UTC+01:00:00", "right/UTC", "EST5"})
    EXPECT_THAT(error_of(cron("* * * * *", bad)), testing::StartsWith("time_zone is ")) << bad;
  ScheduleSpec spec;
  spec.calendars = {{}, {.hour = "25"}};
  EXPECT_THAT(error_of(spec), testing::StartsWith("calendars[1].hour is '25'; allowed: 0 to 23"));
  spec.calendars = {};
  spec.jitter = "soon";
  EXPECT_THAT(error_of(spec), testing::StartsWith("jitter is 'soon'; allowed: 0s to 52w2d"));
  spec.jitter = "0s";
  spec.start_at = at("2026-01-02T00:00:00Z");
  spec.end_at = at("2026-01-01T00:00:00Z");
  EXPECT_THAT(error_of(spec), testing::StartsWith("end_at is '2026-01-01"));
  spec = {};
  spec.intervals.assign(1001, {"1h"});
  EXPECT_THAT(error_of(spec), testing::StartsWith("intervals is '1001 entries'"));
}

TEST(Length, ReadsAndWritesLengths) {
  EXPECT_EQ(parse_length("x", "1h30m", 0s), 90min);
  EXPECT_EQ(parse_length("x", "2w", 0s), std::chrono::weeks(2));
  EXPECT_EQ(parse_length("x", "250ms", 0s), 250ms);
  EXPECT_EQ(parse_length("x", "0", 0s), 0s);
  EXPECT_EQ(to_text(26h + 5s), "1d2h5s");
  EXPECT_EQ(to_text(0s), "0s");
  for (const char* bad : {"", "5", "m", "-5s", "5s5m", "5s5s", "1.5h", "1 h", "99999999999999999999s", "9999999999w"})
    EXPECT_THROW(parse_length("x", bad, 0s), SpecError) << bad;
  EXPECT_THROW(parse_length("x", "5s", 10s), SpecError);
}

}  // namespace
}  // namespace holdfast::schedule
