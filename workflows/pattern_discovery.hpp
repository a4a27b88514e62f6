#pragma once

#include <activities/pattern_steps.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

struct PatternsDiscovered {
  std::int64_t embedded = 0;  ///< texts that had no embedding yet
  std::int64_t texts = 0;     ///< that were compared; of a roll-up: patterns of shorter periods
  std::int64_t patterns = 0;  ///< stored
  std::int64_t repeated = 0;  ///< of these, links to an earlier pattern
  std::int64_t plain = 0;     ///< of these, named without the language model, because it failed
  std::int64_t rollups = 0;   ///< started
};
BOOST_DESCRIBE_STRUCT(PatternsDiscovered, (), (embedded, texts, patterns, repeated, plain, rollups))

/// The patterns in one day of one organization; `period` is "day". Starts the roll-ups of the week and the month when
/// they have ended. Workflow id: patterns-{organization}-day-{start}.
inline const holdfast::WorkflowType<PatternPeriod, PatternsDiscovered> kPatternDiscovery{"PatternDiscovery",
                                                                                         "patterns"};

/// The patterns of a week, a month, a year or all time, summed up from those of days or months. A month starts the year
/// that has ended with it, and all time. Workflow id: patterns-{organization}-{period}-{start}.
inline const holdfast::WorkflowType<PatternPeriod, PatternsDiscovered> kPatternRollUp{"PatternRollUp", "patterns"};

holdfast::Workflow<PatternsDiscovered> pattern_discovery(holdfast::Context ctx, PatternPeriod period);
holdfast::Workflow<PatternsDiscovered> pattern_roll_up(holdfast::Context ctx, PatternPeriod period);

}  // namespace platform
