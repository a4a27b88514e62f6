#include "recorded_insights.hpp"

#include <filesystem>
#include <fstream>

#include <holdfast/testing/environment.hpp>
#include <workflows/interaction_processing.hpp>
#include <workflows/pattern_discovery.hpp>
#include <workflows/pattern_sweep.hpp>

namespace holdfast::test {
namespace {

using namespace platform;

const Uuid kOrganization = Uuid::parse("00000000-0000-7000-8000-00000000000a");

void save(const std::string& folder, const std::string& name, const testing::Environment& env) {
  const auto path = folder + "/" + name + ".json";
  if (std::filesystem::exists(path)) return;
  std::ofstream(path) << testing::encode_recorded_run(env.recorded()) << "\n";
}

/// With its vendors, and without them.
void record_interaction(const std::string& folder, bool vendors_work) {
  testing::Environment env;
  env.on(describe_interaction, [=](const DescribeInteraction& in) {
    if (!vendors_work && !in.plainly) throw ApplicationError("openai.refused", "no", true);
    return InteractionText{.description = "Late delivery",
                           .products = {kOrganization},
                           .model = "m",
                           .prompt_tokens = 9,
                           .completion_tokens = 3};
  });
  env.on(store_interaction, [](const StoreInteraction&) { return InteractionStored{.counted = true}; });
  env.on(embed_interaction, [=](const InteractionKey&) -> Nothing {
    if (!vendors_work) throw ApplicationError("openai.http_500", "no");
    return {};
  });
  env.on(record_interaction_failure, [](const InteractionFailure&) { return Nothing{}; });
  env.execute(kInteractionProcessing, interaction_processing,
              {.organization_id = kOrganization,
               .id = Uuid::parse("00000000-0000-4000-8000-000000000001"),
               .created_at = parse_rfc3339("2026-11-30T17:00:00Z")});
  save(folder, vendors_work ? "InteractionProcessing-full" : "InteractionProcessing-plain", env);
}

/// What both workflows on patterns do after they found ten, of which the language model refuses one.
void script_the_end(testing::Environment& env) {
  env.on(describe_pattern, [](const DescribePattern& in) -> Nothing {
    if (in.number == 3 && !in.plainly) throw ApplicationError("gemini.blocked", "no", true);
    return {};
  });
  env.on(store_patterns, [](const PatternPeriod&) { return PatternsStored{.patterns = 10, .repeated = 2}; });
  env.on(start_rollups, [](const PatternPeriod&) { return RollUpsStarted{.started = 2}; });
}

void record_patterns(const std::string& folder) {
  {
    testing::Environment env;
    int steps = 0;
    env.on(embed_missing_texts,
           [&](const PatternPeriod&) { return TextsEmbedded{.embedded = 2000, .refused = 0, .more = ++steps < 3}; });
    env.on(find_patterns, [](const PatternPeriod&) { return PatternsFound{.texts = 6000, .patterns = 10}; });
    script_the_end(env);
    env.execute(kPatternDiscovery, pattern_discovery, {kOrganization, "day", "2026-11-29"});
    save(folder, "PatternDiscovery", env);
  }
  {
    testing::Environment env;
    env.on(sum_up_patterns, [](const PatternPeriod&) { return PatternsFound{.texts = 300, .patterns = 10}; });
    script_the_end(env);
    env.execute(kPatternRollUp, pattern_roll_up, {kOrganization, "month", "2026-11-01"});
    save(folder, "PatternRollUp", env);
  }
  testing::Environment env;
  env.on(start_discoveries, [](const DiscoveryPage& page) {
    return DiscoveriesStarted{
        .organizations = page.after.is_nil() ? kDiscoveriesPerPage : 7, .started = 7, .last = kOrganization};
  });
  env.execute(kPatternSweep, pattern_sweep, SweepPatterns());
  save(folder, "PatternSweep", env);
}

}  // namespace

void record_insights(const std::string& folder) {
  record_interaction(folder, true);
  record_interaction(folder, false);
  record_patterns(folder);
}

}  // namespace holdfast::test
