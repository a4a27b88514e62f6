#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/worker/config.hpp>

namespace holdfast::worker {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

WorkerConfig parse(const std::string& limits) {
  return parse_worker_config("pools:\n  - {name: a, task_queues: [q]}\n" + limits, "w.yaml");
}

std::string message_of(const std::string& limits) {
  try {
    parse("limits:\n  - " + limits + "\n");
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(LimitConfigFile, EveryKeyIsRead) {
  const auto config = parse(R"(
limit_origin: hooks
removed_limits: delete
limits:
  - {key: endpoint/*, max_concurrent: 5, reason: slow}
  - {queue: hooks, rate: 90, per: 1m, burst: 3}
)");
  EXPECT_EQ(config.limit_origin, "hooks");
  EXPECT_TRUE(config.delete_removed_limits);
  ASSERT_EQ(config.limits.size(), 2u);
  EXPECT_EQ(config.limits[0].limit, (store::LimitName{store::LimitScope::key, "endpoint/*"}));
  EXPECT_EQ(config.limits[0].rule, (store::LimitRule{.max_concurrent = 5}));
  EXPECT_EQ(config.limits[0].reason, "slow");
  EXPECT_EQ(config.limits[1].limit, (store::LimitName{store::LimitScope::queue, "hooks"}));
  EXPECT_EQ(config.limits[1].rule, (store::LimitRule{.rate = 90, .per = 1min, .burst = 3}));
}

TEST(LimitConfigFile, WithoutLimitsThereAreNone) {
  const auto config = parse("");
  EXPECT_TRUE(config.limits.empty());
  EXPECT_EQ(config.limit_origin, "worker");
  EXPECT_FALSE(config.delete_removed_limits);
}

TEST(LimitConfigFile, ErrorsNameLineKeyAndWhatIsAllowed) {
  EXPECT_THAT(message_of("{max_concurrent: 1}"), AllOf(HasSubstr("w.yaml:4"), HasSubstr("key")));
  EXPECT_THAT(message_of("{key: a, queue: b, max_concurrent: 1}"), HasSubstr("not both"));
  EXPECT_THAT(message_of("{key: a}"), HasSubstr("at least one of them"));
  EXPECT_THAT(message_of("{key: 'a*', max_concurrent: 1}"), HasSubstr("a key without *"));
  EXPECT_THAT(message_of("{key: a, max_concurrent: -1}"), HasSubstr("max_concurrent"));
  EXPECT_THAT(message_of("{key: a, max_concurrent: 1, per: 1m}"), HasSubstr("without a rate"));
  EXPECT_THAT(message_of("{key: a, rate: 1, per: 0s}"), HasSubstr("per"));
  EXPECT_THAT(message_of("{key: a, maximum: 1}"), HasSubstr("maximum"));
  EXPECT_THAT(message_of("{key: a, rate: 1}\n  - {key: a, rate: 2}"), HasSubstr("as another limit's"));
}

}  // namespace
}  // namespace holdfast::worker
