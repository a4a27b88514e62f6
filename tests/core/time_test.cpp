#include <holdfast/core/time.hpp>

#include <stdexcept>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

TEST(Time, IsWrittenInUtcWithMicroseconds) {
  const Timestamp t = Timestamp(std::chrono::sys_days(2026y / 11 / 30)) + 17h + 13min + 15s + 123us;
  EXPECT_EQ(to_rfc3339(t), "2026-11-30T17:13:15.000123Z");
  EXPECT_EQ(to_rfc3339(Timestamp{}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(Timestamp(-1us)), "1969-12-31T23:59:59.999999Z");
}

TEST(Time, ReadsWhatItWrites) {
  for (const auto t : {Timestamp{}, Timestamp(-1us), Timestamp(1'772'000'000'123'456us), Timestamp(253'402'300'800s),
                       Timestamp(-62'200'000'000s), Timestamp(4'000'000'000'000s)}) {
    EXPECT_EQ(parse_rfc3339(to_rfc3339(t)), t) << to_rfc3339(t);
  }
}

TEST(Time, AcceptsTheFormsOfRfc3339AndOfPostgres) {
  const auto expected = parse_rfc3339("2026-02-28T23:30:00Z");
  EXPECT_EQ(parse_rfc3339("2026-03-01T01:30:00+02:00"), expected);
  EXPECT_EQ(parse_rfc3339("2026-02-28T18:00:00-05:30"), expected);
  EXPECT_EQ(parse_rfc3339("2026-03-01 01:30:00+02"), expected);
  EXPECT_EQ(parse_rfc3339("2026-02-28t23:30:00.000z"), expected);
  EXPECT_EQ(parse_rfc3339("2026-02-28T23:30:00.5Z"), expected + 500ms);
  EXPECT_EQ(parse_rfc3339("2026-02-28T23:30:00.1234567Z"), expected + 123'456us);
  EXPECT_EQ(parse_rfc3339("2026-02-28T23:29:60Z"), expected);
}

TEST(Time, RejectsEverythingElse) {
  using namespace std::string_view_literals;
  for (const auto text :
       {""sv, "2026"sv, "2026-02-28"sv, "2026-02-28T23:30:00"sv, "2026-02-30T23:30:00Z"sv, "2026-13-01T00:00:00Z"sv,
        "2026-00-01T00:00:00Z"sv, "2026-01-01T24:00:00Z"sv, "2026-01-01T00:60:00Z"sv, "2026-01-01T00:00:61Z"sv,
        "2026-01-01T00:00:00.Z"sv, "2026-01-01T00:00:00Z "sv, " 2026-01-01T00:00:00Z"sv, "2026-01-01T00:00:00+2"sv,
        "2026-01-01T00:00:00+24:00"sv, "2026-1-1T0:0:0Z"sv, "2026-01-01T00:00:00Z\0"sv, "+999999-01-01T00:00:00Z"sv,
        "infinity"sv}) {
    EXPECT_THROW(parse_rfc3339(text), std::invalid_argument) << text;
  }
}

TEST(Time, NamesTheTextThatItRejects) {
  try {
    parse_rfc3339("tomorrow");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("\"tomorrow\""), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace holdfast
