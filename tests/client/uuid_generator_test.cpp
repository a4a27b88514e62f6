#include <holdfast/client/uuid_generator.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace holdfast::client {
namespace {

TEST(UuidGenerator, MakesVersionSevenOfTheSystemClock) {
  const auto before = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const Uuid id = new_uuid();
  EXPECT_EQ(id.bytes[6] >> 4, 7);
  EXPECT_EQ(id.bytes[8] >> 6, 2);
  EXPECT_GE(uuid_v7_time(id), before.time_since_epoch());
  EXPECT_LT(uuid_v7_time(id), before.time_since_epoch() + std::chrono::minutes(1));
}

TEST(UuidGenerator, GrowsAlsoWithinOneMillisecond) {
  Uuid last = new_uuid();
  for (int i = 0; i < 100'000; ++i) {
    const Uuid next = new_uuid();
    ASSERT_LT(last, next);
    ASSERT_EQ(next.bytes[6] >> 4, 7);
    ASSERT_EQ(next.bytes[8] >> 6, 2);
    last = next;
  }
}

TEST(UuidGenerator, GivesEveryThreadItsOwnIdsInGrowingOrder) {
  constexpr int kThreads = 4, kEach = 20'000;
  std::vector<std::vector<Uuid>> made(kThreads);
  {
    std::vector<std::jthread> threads;
    for (auto& ids : made)
      threads.emplace_back([&ids] {
        for (int i = 0; i < kEach; ++i) ids.push_back(new_uuid());
      });
  }
  std::vector<Uuid> all;
  for (const auto& ids : made) {
    EXPECT_TRUE(std::ranges::is_sorted(ids));
    all.insert(all.end(), ids.begin(), ids.end());
  }
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

TEST(UuidGenerator, DoesNotRepeatItselfInAForkedChild) {
  new_uuid();  // the block of random bytes is filled before the fork
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const Uuid id = new_uuid();
    ::_exit(::write(ends[1], id.bytes.data(), id.bytes.size()) == 16 ? 0 : 1);
  }
  Uuid theirs;
  ASSERT_EQ(::read(ends[0], theirs.bytes.data(), theirs.bytes.size()), 16);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  const Uuid ours = new_uuid();
  // The last bytes are random in both: equal ones would mean the same block was used twice.
  EXPECT_FALSE(std::equal(ours.bytes.begin() + 9, ours.bytes.end(), theirs.bytes.begin() + 9));
}

}  // namespace
}  // namespace holdfast::client
