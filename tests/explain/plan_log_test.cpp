#include "plan_log.hpp"

#include <gtest/gtest.h>

namespace holdfast::test {
namespace {

TEST(PlanLog, TellsScansSortsAndTheRowsThatTheyTouched) {
  const auto nodes = read_plan(R"(
Sort  (cost=1.0..2.0 rows=1 width=8) (actual rows=7 loops=1)
  ->  Nested Loop  (cost=0.1..0.2 rows=1 width=8) (actual rows=7 loops=1)
        ->  Seq Scan on runs  (cost=0.1..0.2 rows=1 width=8) (actual time=0.1..0.2 rows=5 loops=1)
              Filter: (namespace = 'x'::text)
              Rows Removed by Filter: 995
        ->  Index Scan using live_runs_pkey on live_runs l  (cost=0.1..0.2 rows=1 width=8) (actual rows=1 loops=30)
              Index Cond: (shard = 0)
              Rows Removed by Filter: 3
)");
  ASSERT_EQ(nodes.size(), 3u);
  EXPECT_TRUE(nodes[0].sorts);
  EXPECT_EQ(nodes[0].rows, 7);
  EXPECT_TRUE(nodes[1].sequential);
  EXPECT_EQ(nodes[1].table, "runs");
  EXPECT_EQ(nodes[1].rows, 1000);
  EXPECT_EQ(nodes[2].table, "live_runs");
  EXPECT_EQ(nodes[2].rows, 120);
  EXPECT_EQ(nodes[2].condition, "(shard = 0)");
}

}  // namespace
}  // namespace holdfast::test
