#include "platform_fixture.hpp"

#include <thread>

namespace platform::test {
namespace {

using Usage = PlatformTest;

TEST(BillableMinutes, are_the_seconds_rounded_up_to_whole_minutes) {
  EXPECT_EQ(billable_minutes(-5), 0);
  EXPECT_EQ(billable_minutes(0), 0);
  EXPECT_EQ(billable_minutes(1), 1);
  EXPECT_EQ(billable_minutes(59'999), 1);
  EXPECT_EQ(billable_minutes(60'000), 1);
  EXPECT_EQ(billable_minutes(60'001), 2);
  EXPECT_EQ(billable_minutes(24LL * 3600 * 1000), 1440);
}

TEST_F(Usage, a_call_counts_exactly_once) {
  const CallUsage usage{receive_report(), 125'000};
  EXPECT_TRUE(step(bodies::add_usage, usage).counted);
  const auto again = step(bodies::add_usage, usage);
  EXPECT_FALSE(again.counted);
  EXPECT_EQ(again.minutes, 3);
  EXPECT_EQ(owner_value("SELECT sum(minutes) FROM platform.usage_ledger"), "3");
  EXPECT_EQ(owner_value("SELECT sum(minutes) FROM platform.usage_counters"), "3");
}

TEST_F(Usage, the_doctor_finds_a_counter_that_left_its_ledger) {
  step(bodies::add_usage, CallUsage{receive_report(), 125'000});
  EXPECT_TRUE(doctor_check("the usage counters").findings.empty());
  owner("UPDATE platform.usage_counters SET minutes = minutes + 1");
  const auto found = doctor_check("the usage counters");
  ASSERT_EQ(found.findings.size(), 1u) << found.error;
  EXPECT_NE(found.findings[0].find("3 minutes of 1 calls in the ledger, 4 of 1 in the counters"), std::string::npos)
      << found.findings[0];
}

TEST_F(Usage, what_is_rolled_back_was_not_counted) {
  const auto call = receive_report();
  {
    auto tx = begin();
    bodies::add_usage(services_, tx, {call, 1});
  }
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.usage_ledger"), "0");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.usage_counters"), "0");
}

TEST_F(Usage, two_writers_count_the_same_tenants_in_opposite_order_without_waiting) {
  const auto key = receive_report();
  pqxx::connection other(runtime_);
  pqxx::work a(*connection_), b(other);
  b.exec("SET LOCAL lock_timeout = '1ms'");  // any wait for the other one fails the test
  bodies::add_usage(services_, a, {{acme_, "a1", key.created_at}, 1});
  bodies::add_usage(services_, b, {{globex_, "b1", key.created_at}, 1});
  bodies::add_usage(services_, b, {{acme_, "b2", key.created_at}, 1});
  a.exec("SET LOCAL lock_timeout = '1ms'");
  bodies::add_usage(services_, a, {{globex_, "a2", key.created_at}, 1});
  a.commit();
  b.commit();
  EXPECT_EQ(owner_value("SELECT string_agg(minutes_used::text, ' ') FROM platform.organization_usage"), "2 2");
}

TEST_F(Usage, ledger_and_counters_agree_after_many_concurrent_writers) {
  const auto key = receive_report();
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w)
    writers.emplace_back([&, w] {
      pqxx::connection connection(runtime_);
      for (int batch = 0; batch < 5; ++batch) {
        pqxx::work tx(connection);
        // Every call is reported by two writers, in the same order; one of them counts it.
        for (int i = 0; i < 20; ++i)
          bodies::add_usage(
              services_, tx,
              {{i % 2 ? acme_ : globex_, std::to_string(w / 2 * 1000 + batch * 20 + i), key.created_at}, 61'000});
        tx.commit();
      }
    });
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.usage_ledger"), "200");
  EXPECT_EQ(owner_value("SELECT sum(minutes) FROM platform.usage_ledger"), "400");
  EXPECT_EQ(owner_value("SELECT sum(minutes) FROM platform.usage_counters"), "400");
  EXPECT_EQ(owner_value("SELECT sum(calls) FROM platform.usage_counters"), "200");
}

}  // namespace
}  // namespace platform::test
