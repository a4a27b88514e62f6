#pragma once

#include <string>

#include <activities/pattern_steps.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

struct SweepPatterns {
  std::string day;  ///< YYYY-MM-DD, a day in UTC; empty: the day before the schedule's tick, or the run's start
};
BOOST_DESCRIBE_STRUCT(SweepPatterns, (), (day))

struct PatternsSwept {
  std::int64_t organizations = 0;  ///< active ones
  std::int64_t started = 0;        ///< PatternDiscovery runs; the rest were started before
};
BOOST_DESCRIBE_STRUCT(PatternsSwept, (), (organizations, started))

/// Starts PatternDiscovery of one day for every active organization, page by page. Repeating a day starts nothing.
/// Fails with type "InvalidDate".
inline const holdfast::WorkflowType<SweepPatterns, PatternsSwept> kPatternSweep{"PatternSweep", "patterns"};

holdfast::Workflow<PatternsSwept> pattern_sweep(holdfast::Context ctx, SweepPatterns in);

}  // namespace platform
