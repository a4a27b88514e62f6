#include <activities/vendors/http_outcome.hpp>

#include <gtest/gtest.h>

namespace platform::vendors {
namespace {

using std::chrono::seconds;

constexpr std::time_t kNow = 1700000000;  // Tue, 14 Nov 2023 22:13:20 GMT

std::optional<seconds> wait(std::string value, std::string date = "") {
  HeaderList headers{{"retry-after", std::move(value)}};
  if (!date.empty()) headers.add("Date", date);
  return retry_after(headers, kNow);
}

TEST(RetryAfter, TakesSeconds) {
  EXPECT_EQ(wait("0"), seconds{0});
  EXPECT_EQ(wait(" 120 "), seconds{120});
}

TEST(RetryAfter, TakesAnHttpDate) {
  EXPECT_EQ(wait("Tue, 14 Nov 2023 22:13:50 GMT"), seconds{30});
  EXPECT_EQ(wait("Tue, 14 Nov 2023 22:00:00 GMT"), seconds{0});
}

TEST(RetryAfter, ADateCountsFromTheServersOwnClock) {
  EXPECT_EQ(wait("Tue, 14 Nov 2023 22:13:50 GMT", "Tue, 14 Nov 2023 22:13:40 GMT"), seconds{10});
}

TEST(RetryAfter, HugeValuesAreAYear) {
  const seconds year = std::chrono::hours{24 * 365};
  EXPECT_EQ(wait("999999999999"), year);
  EXPECT_EQ(wait("99999999999999999999999999"), year);
  EXPECT_EQ(wait("Fri, 31 Dec 9999 23:59:59 GMT"), year);
}

TEST(RetryAfter, NonsenseIsNothing) {
  for (const auto* value : {"", "-1", "1.5", "soon", "12 apples"}) EXPECT_FALSE(wait(value)) << value;
  EXPECT_FALSE(retry_after({}, kNow));
}

TEST(HttpOutcome, StatusesHaveTheirClasses) {
  for (const int status : {200, 201, 202, 204, 299}) EXPECT_EQ(outcome_of_status(status), HttpOutcome::ok) << status;
  for (const int status : {408, 425, 429, 500, 502, 503, 504, 599}) {
    EXPECT_EQ(outcome_of_status(status), HttpOutcome::retry) << status;
  }
  for (const int status : {301, 302, 304, 400, 401, 403, 404, 409, 410, 422, 451}) {
    EXPECT_EQ(outcome_of_status(status), HttpOutcome::permanent) << status;
  }
}

}  // namespace
}  // namespace platform::vendors
