#include <holdfast/store/limit_rate.hpp>

#include <random>

#include <gtest/gtest.h>

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

/// Starts of a rate that is asked at random times and takes all that it is offered, or less.
std::vector<Timestamp> starts_of(const LimitRule& rule, std::mt19937_64& random) {
  const LimitRate rate(rule);
  std::vector<Timestamp> starts;
  Timestamp now = Timestamp(1'000'000s), full_at = Timestamp::min();
  std::uniform_int_distribution<std::int64_t> pause(0, 3 * rule.per.count() / *rule.rate), part(1, 3);
  for (int i = 0; i < 500; ++i) {
    now += Duration(pause(random));
    const auto count = (rate.tokens(full_at, now) + 1) / part(random);
    const auto taken = std::min(count, rate.tokens(full_at, now));
    full_at = rate.after(full_at, now, taken);
    starts.insert(starts.end(), static_cast<std::size_t>(taken), now);
  }
  return starts;
}

TEST(LimitRate, NoWindowHoldsMoreThanABurstAndWhatTheRateAllows) {
  std::mt19937_64 random{20261130};
  std::uniform_int_distribution<int> rates(1, 3000), bursts(1, 30);
  std::uniform_int_distribution<std::int64_t> periods(1'000, 100'000'000);
  for (int i = 0; i < 40; ++i) {
    const LimitRule rule{.rate = rates(random), .per = Duration(periods(random)), .burst = bursts(random)};
    const auto starts = starts_of(rule, random);
    ASSERT_GT(starts.size(), 100u);
    for (std::size_t first = 0; first < starts.size(); ++first) {
      for (std::size_t last = first; last < starts.size(); ++last) {
        const auto length = static_cast<double>((starts[last] - starts[first]).count());
        const double allowed = *rule.burst + length * *rule.rate / static_cast<double>(rule.per.count());
        ASSERT_LE(static_cast<double>(last - first + 1), allowed + 1e-6)
            << *rule.rate << " per " << rule.per.count() << " us, burst " << *rule.burst;
      }
    }
  }
}

TEST(LimitRate, TheNextStartIsTheFirstInstantWithAToken) {
  std::mt19937_64 random{7};
  std::uniform_int_distribution<int> rates(1, 3000), bursts(1, 30);
  for (int i = 0; i < 500; ++i) {
    const LimitRate rate({.rate = rates(random), .per = 1s, .burst = bursts(random)});
    const Timestamp now(1'000'000s);
    const auto full_at = rate.after(Timestamp::min(), now, rate.tokens(Timestamp::min(), now));
    ASSERT_EQ(rate.tokens(full_at, now), 0);
    const auto next = rate.next_start(full_at, now);
    EXPECT_GT(next, now);
    EXPECT_EQ(rate.tokens(full_at, next), 1);
    EXPECT_EQ(rate.tokens(full_at, next - 1us), 0);
  }
}

TEST(LimitRate, AClockThatWasSetBackCostsOneBurstAtMost) {
  const LimitRate rate({.rate = 1, .per = 1s, .burst = 3});
  const Timestamp later(1'000'000s), now(990'000s);
  const auto full_at = rate.after(Timestamp::min(), later, 3);
  EXPECT_EQ(rate.tokens(full_at, now), 0);
  EXPECT_EQ(rate.next_start(full_at, now), now + 1s);
}

TEST(LimitRate, TheUsualBurstIsWhatASecondAllows) {
  EXPECT_EQ(completed({.rate = 100}).burst, 100);
  EXPECT_EQ(completed({.rate = 10, .per = 1min}).burst, 1);
  EXPECT_EQ(completed({.rate = 600, .per = 1min}).burst, 10);
  EXPECT_EQ(completed({.rate = 600, .per = 1min, .burst = 2}).burst, 2);
  EXPECT_EQ(completed({.max_concurrent = 1}).burst, std::nullopt);
}

}  // namespace
}  // namespace holdfast::test
