#include <gtest/gtest.h>

#include <holdfast/store/postgres/moving_bound.hpp>

namespace holdfast::store::postgres {
namespace {

using namespace std::chrono_literals;
constexpr Timestamp kNoon{std::chrono::hours(24 * 365 * 50)};

/// `rows` rows whose times lie `gap` apart, the last one at noon.
void claim_until_noon(MovingBound& bound, int rows, Duration gap) {
  for (int i = rows - 1; i >= 0; --i) bound.claimed("calls", 3, kNoon - i * gap);
}

TEST(MovingBound, ItStartsAtTheVeryBeginningOfWhatWasNeverClaimed) {
  MovingBound bound;
  bound.begin_claim();
  claim_until_noon(bound, 10, 1ms);
  EXPECT_EQ(bound.at("calls", 2), Timestamp::min());
  EXPECT_EQ(bound.at("mails", 3), Timestamp::min());
}

TEST(MovingBound, TheFirstClaimAndAFullSweepSeeEverything) {
  MovingBound bound;
  claim_until_noon(bound, 10, 1ms);
  bound.begin_claim();
  EXPECT_EQ(bound.at("calls", 3), Timestamp::min());
  bound.begin_claim();
  EXPECT_GT(bound.at("calls", 3), Timestamp::min());
  bound.begin_claim(true);
  EXPECT_EQ(bound.at("calls", 3), Timestamp::min());
}

TEST(MovingBound, AClaimLooksSecondsBackAtALowRate) {
  MovingBound bound;
  bound.begin_claim();  // the sweep
  claim_until_noon(bound, 900, 10ms);
  bound.begin_claim();
  EXPECT_EQ(bound.at("calls", 3), kNoon - 5s);
}

TEST(MovingBound, AClaimPassesOverAThousandRowsOrSoAtAHighRate) {
  MovingBound bound;
  bound.begin_claim();  // the sweep
  claim_until_noon(bound, 50'000, 100us);
  bound.begin_claim();
  EXPECT_LE(bound.at("calls", 3), kNoon - 100ms);
  EXPECT_GE(bound.at("calls", 3), kNoon - 150ms);
}

TEST(MovingBound, ARowThatWasClaimedLateMovesNothingBack) {
  MovingBound bound;
  bound.begin_claim();  // the sweep
  claim_until_noon(bound, 50'000, 100us);
  bound.begin_claim();
  const auto before = bound.at("calls", 3);
  bound.claimed("calls", 3, kNoon - 1h);
  EXPECT_GE(bound.at("calls", 3), before);
}

}  // namespace
}  // namespace holdfast::store::postgres
