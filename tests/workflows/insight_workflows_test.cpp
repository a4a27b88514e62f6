#include "workflow_driver.hpp"

#include <holdfast/testing/environment.hpp>

#include <workflows/interaction_processing.hpp>
#include <workflows/pattern_discovery.hpp>
#include <workflows/pattern_sweep.hpp>

namespace platform::test {
namespace {

using namespace holdfast;

const Uuid kAcme = Uuid::parse("00000000-0000-7000-8000-00000000000a");

WorkflowDriver processing() {
  return {define(kInteractionProcessing, interaction_processing),
          encode(InteractionKey{kAcme, Uuid::parse("00000000-0000-4000-8000-000000000001"),
                                parse_rfc3339("2026-11-30T17:00:00Z")})};
}

TEST(InteractionProcessing, describes_stores_counts_and_embeds) {
  auto driver = processing();
  driver
      .on(describe_interaction,
          [](const DescribeInteraction& in) {
            EXPECT_FALSE(in.plainly);
            return InteractionText{.description = "late", .products = {kAcme}};
          })
      .on(store_interaction, [](const StoreInteraction& in) {
        EXPECT_EQ(in.text.description, "late");
        return InteractionStored{.counted = true};
      });
  driver.run();
  EXPECT_EQ(driver.calls_text(), "describe_interaction store_interaction embed_interaction");
  EXPECT_TRUE(driver.result<InteractionProcessed>().counted);
  EXPECT_EQ(driver.result<InteractionProcessed>().products, 1);
}

TEST(InteractionProcessing, goes_on_without_vendors) {
  auto driver = processing();
  driver.on(describe_interaction, [](const DescribeInteraction& in) {
    if (!in.plainly) throw WorkflowDriver::fail("openai.refused");
    return InteractionText{.description = "plain"};
  });
  driver.on(embed_interaction, [](const InteractionKey&) -> Nothing { throw WorkflowDriver::fail("openai.http_500"); });
  driver.run();
  EXPECT_EQ(driver.calls_text(),
            "describe_interaction record_interaction_failure describe_interaction store_interaction embed_interaction "
            "record_interaction_failure");
  EXPECT_EQ(driver.result<InteractionProcessed>().failed_steps, (std::vector<std::string>{"description", "embedding"}));
}

TEST(InteractionProcessing, fails_when_there_is_no_event) {
  auto driver = processing();
  driver.on(describe_interaction,
            [](const DescribeInteraction&) -> InteractionText { throw WorkflowDriver::fail("EventNotFound"); });
  driver.run();
  EXPECT_FALSE(driver.completed());
  EXPECT_NE(describe(driver.failure()).find("EventNotFound"), std::string::npos);
}

TEST(PatternDiscovery, embeds_until_nothing_is_left_and_describes_each_pattern) {
  WorkflowDriver driver(define(kPatternDiscovery, pattern_discovery),
                        encode(PatternPeriod{kAcme, "day", "2026-11-29"}));
  int steps = 0;
  std::vector<std::int64_t> described;
  driver
      .on(embed_missing_texts, [&](const PatternPeriod&) { return TextsEmbedded{.embedded = 10, .more = ++steps < 3}; })
      .on(find_patterns, [](const PatternPeriod&) { return PatternsFound{.texts = 30, .patterns = 19}; })
      .on(describe_pattern,
          [&](const DescribePattern& in) {
            if (in.number == 7 && !in.plainly) throw WorkflowDriver::fail("openai.refused");
            described.push_back(in.number);
            return Nothing{};
          })
      .on(store_patterns, [](const PatternPeriod&) { return PatternsStored{.patterns = 19, .repeated = 4}; })
      .on(start_rollups, [](const PatternPeriod&) { return RollUpsStarted{.started = 2}; });
  driver.run();
  const auto done = driver.result<PatternsDiscovered>();
  EXPECT_EQ(done.embedded, 30);
  EXPECT_EQ(done.texts, 30);
  EXPECT_EQ(done.patterns, 19);
  EXPECT_EQ(done.repeated, 4);
  EXPECT_EQ(done.plain, 1);
  EXPECT_EQ(done.rollups, 2);
  std::ranges::sort(described);
  ASSERT_EQ(described.size(), 19u);
  for (std::int64_t n = 0; n < 19; ++n) EXPECT_EQ(described[static_cast<std::size_t>(n)], n);
}

TEST(PatternRollUp, sums_up_and_starts_the_next_longer_periods) {
  WorkflowDriver driver(define(kPatternRollUp, pattern_roll_up), encode(PatternPeriod{kAcme, "month", "2026-11-01"}));
  driver.on(sum_up_patterns, [](const PatternPeriod&) { return PatternsFound{.texts = 90, .patterns = 1}; });
  driver.run();
  EXPECT_EQ(driver.calls_text(), "sum_up_patterns describe_pattern store_patterns start_rollups");
  EXPECT_EQ(driver.result<PatternsDiscovered>().texts, 90);
}

TEST(PatternSweep, goes_over_all_organizations_page_by_page) {
  WorkflowDriver driver(define(kPatternSweep, pattern_sweep), encode(SweepPatterns{.day = "2026-11-29"}));
  std::vector<Uuid> asked;
  driver.on(start_discoveries, [&](const DiscoveryPage& page) {
    asked.push_back(page.after);
    EXPECT_EQ(page.day, "2026-11-29");
    const auto size = asked.size() < 3 ? kDiscoveriesPerPage : 5;
    return DiscoveriesStarted{
        .organizations = size, .started = size - 1, .last = make_uuid_v7({}, {std::uint8_t(asked.size())})};
  });
  driver.run();
  const auto done = driver.result<PatternsSwept>();
  EXPECT_EQ(done.organizations, 2 * kDiscoveriesPerPage + 5);
  EXPECT_EQ(done.started, done.organizations - 3);
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_TRUE(asked[0].is_nil());
  EXPECT_NE(asked[1], asked[2]);
}

TEST(PatternSweep, takes_the_day_before_by_default_and_refuses_what_is_no_day) {
  WorkflowDriver driver(define(kPatternSweep, pattern_sweep), encode(SweepPatterns{}));
  std::string day;
  driver.on(start_discoveries, [&](const DiscoveryPage& page) {
    day = page.day;
    return DiscoveriesStarted{};
  });
  driver.run();
  EXPECT_EQ(day, "2027-01-14") << "the driver starts on the 15th";
  WorkflowDriver wrong(define(kPatternSweep, pattern_sweep), encode(SweepPatterns{.day = "2026-02-30"}));
  wrong.run();
  EXPECT_EQ(wrong.failure().type, "InvalidDate");
}

TEST(PatternSweep, is_for_the_day_of_its_tick_however_late_it_begins) {
  holdfast::testing::Environment env({.start = parse_rfc3339("2026-12-03T09:00:00Z"),
                                      .scheduled = ScheduledBy{.schedule_id = "pattern-sweep",
                                                               .scheduled_at = parse_rfc3339("2026-12-01T00:30:00Z")}});
  std::string day;
  env.on(start_discoveries, [&](const DiscoveryPage& page) {
    day = page.day;
    return DiscoveriesStarted{};
  });
  env.execute(kPatternSweep, pattern_sweep, SweepPatterns());
  EXPECT_EQ(day, "2026-11-30");
}

}  // namespace
}  // namespace platform::test
