#include <gtest/gtest.h>

#include <holdfast/testing/environment.hpp>
#include <workflows/partition_upkeep.hpp>
#include <workflows/vapi_reconcile.hpp>

namespace platform::test {
namespace {

using namespace holdfast;
using namespace std::chrono_literals;
using holdfast::testing::Environment;

TEST(VapiReconcile, goes_through_the_pages_from_the_latest_to_the_oldest) {
  Environment env;
  std::vector<ReconcilePage> asked;
  env.on(reconcile_calls, [&](const ReconcilePage& page) {
    asked.push_back(page);
    ReconciledPage out{.seen = 100, .filed = 1};
    if (asked.size() < 3) out.oldest = page.before - 1h;
    return out;
  });
  const auto done = env.execute(kVapiReconcile, vapi_reconcile, {});
  EXPECT_EQ(done.seen, 300);
  EXPECT_EQ(done.filed, 3);
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[0].before, env.now() - 10min) << "reports have ten minutes of their own";
  EXPECT_EQ(asked[0].after, env.now() - 25h);
  EXPECT_EQ(asked[2].before, asked[0].before - 2h);
}

TEST(VapiReconcile, a_page_full_of_calls_of_one_moment_is_asked_for_again_larger) {
  Environment env;
  std::vector<std::int64_t> limits;
  env.on(reconcile_calls, [&](const ReconcilePage& page) {
    limits.push_back(page.limit);
    ReconciledPage out{.seen = page.limit};
    if (limits.size() == 1) out.oldest = page.before;
    return out;
  });
  env.execute(kVapiReconcile, vapi_reconcile, {});
  EXPECT_EQ(limits, (std::vector<std::int64_t>{100, 1000}));
}

TEST(VapiReconcile, more_calls_of_one_moment_than_a_page_can_hold_fail_the_run_visibly) {
  Environment env;
  env.on(reconcile_calls, [](const ReconcilePage& page) { return ReconciledPage{.seen = 1, .oldest = page.before}; });
  try {
    env.execute(kVapiReconcile, vapi_reconcile, {});
    FAIL();
  } catch (const FailureError& e) {
    EXPECT_EQ(e.failure().type, "TooManyAtOnce");
  }
}

TEST(PartitionUpkeep, is_repeated_for_a_day_while_the_database_refuses) {
  Environment env;
  int attempts = 0;
  env.on(make_partitions, [&](const UpkeepRequest& request) {
    EXPECT_EQ(request.months_ahead, 3);
    if (++attempts < 20) throw std::runtime_error("lock timeout");
    return PartitionsMade{.created = 13};
  });
  EXPECT_EQ(env.execute(kPartitionUpkeep, partition_upkeep, {}).created, 13);
  EXPECT_LT(env.elapsed(), 24h);
}

}  // namespace
}  // namespace platform::test
