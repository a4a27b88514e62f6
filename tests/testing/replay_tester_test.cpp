#include <holdfast/testing/replay_tester.hpp>

#include <gtest/gtest.h>

#include <holdfast/core/history_error.hpp>
#include <holdfast/store/memory/memory_store.hpp>

#include "shop_workflows.hpp"

namespace shop {
namespace {

using namespace holdfast::testing;

RecordedRun recorded_year() {
  Environment env;
  env.on(kCharge, paid);
  env.execute(kShop, monthly, {"tea", 300});
  return env.recorded();
}

Workflow<Receipt> eleven_months(Context ctx, Order order) {
  for (int i = 0; i < 11; ++i) {
    co_await ctx.sleep(30 * 24h);
    co_await ctx.run(kCharge, order);
  }
  co_return Receipt{"a year"};
}

Workflow<Receipt> other_activity(Context ctx, Order order) {
  co_await ctx.sleep(30 * 24h);
  co_await ctx.run(kShip, order);
  co_return Receipt{"a year"};
}

Workflow<Receipt> other_result(Context ctx, Order order) {
  for (int i = 0; i < 12; ++i) {
    co_await ctx.sleep(30 * 24h);
    co_await ctx.run(kCharge, order);
  }
  co_return Receipt{"another year"};
}

// Depends on something that a replay does not repeat: the tester must notice.
int g_calls = 0;
Workflow<Receipt> depends_on_the_world(Context ctx, Order order) {
  if (++g_calls % 2 == 0) co_await ctx.sleep(1h);
  co_return co_await ctx.run(kCharge, order);
}

TEST(ReplayTester, ARecordedRunReplaysFromEveryPrefix) {
  EXPECT_NO_THROW(expect_replays(define(kShop, monthly), recorded_year()));
  EXPECT_NO_THROW(expect_replays_from_every_prefix(define(kShop, monthly), recorded_year()));
}

TEST(ReplayTester, ChangedCodeIsFoundOut) {
  for (auto* changed : {eleven_months, other_activity}) {
    EXPECT_THROW(expect_replays(define(kShop, changed), recorded_year()), ReplayError);
    EXPECT_THROW(expect_replays_from_every_prefix(define(kShop, changed), recorded_year()), ReplayError);
  }
  EXPECT_THROW(expect_replays_from_every_prefix(define(kShop, other_result), recorded_year()), ReplayError);
}

TEST(ReplayTester, TheErrorSaysWhereAndWhat) {
  try {
    expect_replays_from_every_prefix(define(kShop, other_activity), recorded_year());
    FAIL();
  } catch (const ReplayError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("event"), std::string::npos) << what;
    EXPECT_NE(what.find("ship"), std::string::npos) << what;
    EXPECT_NE(what.find("charge"), std::string::npos) << what;
  }
}

TEST(ReplayTester, CodeThatDependsOnTheWorldIsFoundOut) {
  Environment env;
  env.on(kCharge, paid);
  EXPECT_THROW(env.execute(kShop, depends_on_the_world, {"tea", 1}), ReplayError);
}

TEST(ReplayTester, AnUnfinishedRunReplaysToo) {
  Environment env;
  env.on(kCharge, paid);
  env.start(kShop, monthly, {"tea", 300});
  env.run_for(100 * 24h);
  EXPECT_NO_THROW(expect_replays_from_every_prefix(define(kShop, monthly), env.recorded()));
}

TEST(ReplayTester, RowsMayBeCutAnywhere) {
  // As a worker writes it: several events in one row, and commands at the head of the next row.
  RecordedRun run = recorded_year();
  std::vector<Event> all;
  for (const auto& row : run.rows) {
    for (auto& event : decode_events(row.events)) all.push_back(event);
  }
  const Timestamp at = run.rows.front().at;
  run.rows.clear();
  run.rows.push_back({1, at, encode_events({all[0]})});
  run.rows.push_back({2, at, encode_events({all[1], all[2], all[3]})});
  run.rows.push_back({5, at + 30 * 24h, encode_events({all[4], all[5]})});
  EXPECT_NO_THROW(expect_replays_from_every_prefix(define(kShop, monthly), run));
}

TEST(ReplayTester, ARecordedRunIsKeptAsText) {
  const RecordedRun run = recorded_year();
  const std::string text = encode_recorded_run(run);
  const RecordedRun read = decode_recorded_run(text);
  EXPECT_EQ(encode_recorded_run(read), text);
  EXPECT_EQ(read.info.run_id, run.info.run_id);
  EXPECT_EQ(read.info.workflow_type, "Shop");
  EXPECT_EQ(read.rows.size(), run.rows.size());
  EXPECT_NO_THROW(expect_replays_from_every_prefix(define(kShop, monthly), read));
  for (const auto* bad : {"", "{", "[]", "{\"run_id\":\"x\"}", "{\"rows\":[{\"at\":\"soon\"}]}"}) {
    EXPECT_THROW(decode_recorded_run(bad), HistoryError) << bad;
  }
}

TEST(ReplayTester, ARunIsRecordedFromAStore) {
  store::MemoryStore store;
  store::NewRun start;
  start.run_id = make_uuid_v7(std::chrono::milliseconds(1), {});
  start.workflow_id = "order-1";
  start.workflow_type = "Shop";
  start.input = R"({"item":"tea","cents":3})";
  store.start_runs({&start, 1});
  store.terminate_run({"default", "order-1", {}}, "test", "me");
  const RecordedRun run = record_run(store, start.run_id);
  EXPECT_EQ(run.info.workflow_id, "order-1");
  EXPECT_EQ(run.info.input, start.input);
  ASSERT_EQ(run.rows.size(), 1u);
  EXPECT_NO_THROW(expect_replays_from_every_prefix(define(kShop, monthly), run)) << "terminated before its first task";
  EXPECT_THROW(record_run(store, make_uuid_v7(std::chrono::milliseconds(2), {})), std::invalid_argument);
}

}  // namespace
}  // namespace shop
