#pragma once

#include <string>

#include <activities/usage_aggregation.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

struct AggregateUsage {
  std::string date;  ///< YYYY-MM-DD, a day in UTC; empty: the day before the run's time, and the one before that
};
BOOST_DESCRIBE_STRUCT(AggregateUsage, (), (date))

/// Aggregates a day's calls into daily_usage for every active organization, and sends the usage alerts that are due.
/// Repeating a date changes nothing. Without a date it also looks at the day before again, for calls whose report came
/// late. Fails with type "InvalidDate".
inline const holdfast::WorkflowType<AggregateUsage, UsageTotals> kUsageAggregation{"UsageAggregation", "billing"};

holdfast::Workflow<UsageTotals> usage_aggregation(holdfast::Context ctx, AggregateUsage in);

}  // namespace platform
