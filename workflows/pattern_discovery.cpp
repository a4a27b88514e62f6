#include <workflows/pattern_discovery.hpp>

#include <vector>

#include <holdfast/core/map.hpp>

namespace platform {

using namespace holdfast;

namespace {

constexpr std::size_t kDescribedAtATime = 8;

/// Puts all patterns of the period into words, a few at a time; without the language model where it fails. Returns how
/// many it failed for.
Workflow<std::int64_t> describe_all(Context ctx, PatternPeriod period, std::int64_t patterns) {
  std::vector<DescribePattern> asked;
  for (std::int64_t n = 0; n < patterns; ++n) asked.push_back({.period = period, .number = n, .plainly = false});
  const auto described = co_await map_settled(ctx, asked, kDescribedAtATime,
                                              [&](const auto& pattern) { return ctx.run(describe_pattern, pattern); });
  std::int64_t plain = 0;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!described[i].failure) continue;
    ++plain;
    asked[i].plainly = true;
    co_await ctx.run(describe_pattern, asked[i]);
  }
  co_return plain;
}

/// From clusters to patterns, and to the periods that end with this one.
Workflow<PatternsDiscovered> finish(Context ctx, PatternPeriod period, PatternsFound found, PatternsDiscovered done) {
  done.texts = found.texts;
  done.plain = co_await describe_all(ctx, period, found.patterns);
  const auto stored = co_await ctx.run(store_patterns, period);
  done.patterns = stored.patterns;
  done.repeated = stored.repeated;
  done.rollups = (co_await ctx.run(start_rollups, period)).started;
  co_return done;
}

}  // namespace

Workflow<PatternsDiscovered> pattern_discovery(Context ctx, PatternPeriod period) {
  PatternsDiscovered done;
  bool more = true;
  while (more) {
    const auto step = co_await ctx.run(embed_missing_texts, period);
    done.embedded += step.embedded;
    more = step.more;
  }
  const auto found = co_await ctx.run(find_patterns, period);
  co_return co_await finish(ctx, period, found, done);
}

Workflow<PatternsDiscovered> pattern_roll_up(Context ctx, PatternPeriod period) {
  const auto found = co_await ctx.run(sum_up_patterns, period);
  co_return co_await finish(ctx, period, found, PatternsDiscovered());
}

}  // namespace platform
