#include <holdfast/core/scheduled_by.hpp>

#include <gtest/gtest.h>

#include <holdfast/core/history_error.hpp>

namespace holdfast {
namespace {

TEST(ScheduledBy, ReadsWhatAStoreWrites) {
  EXPECT_FALSE(decode_scheduled_by(""));
  const auto by = decode_scheduled_by(
      R"({"schedule_id" : "nightly", "scheduled_at" : "2026-11-30T02:00:00Z", "last_result" : {"n": 12345678901234567890},
          "last_failure" : {"kind":"application","message":"out of paper"}, "later": [1]})");
  ASSERT_TRUE(by);
  EXPECT_EQ(by->schedule_id, "nightly");
  EXPECT_EQ(by->scheduled_at, parse_rfc3339("2026-11-30T02:00:00Z"));
  EXPECT_EQ(by->last_result, R"({"n": 12345678901234567890})");
  EXPECT_EQ(by->last_failure.value().message, "out of paper");
}

TEST(ScheduledBy, NullsMeanThatThereIsNone) {
  const auto by = decode_scheduled_by(R"({"schedule_id":"a","last_result":null,"last_failure":null})");
  EXPECT_EQ(by.value().last_result, "");
  EXPECT_FALSE(by->last_failure);
}

TEST(ScheduledBy, RefusesWhatIsBroken) {
  EXPECT_THROW(decode_scheduled_by("{"), HistoryError);
  EXPECT_THROW(decode_scheduled_by(R"({"scheduled_at":"soon"})"), HistoryError);
}

}  // namespace
}  // namespace holdfast
