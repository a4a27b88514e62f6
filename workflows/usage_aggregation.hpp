#pragma once

#include <cstdint>
#include <string>

#include <activities/usage_aggregation.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

struct AggregateUsage {
  std::string date{};      ///< YYYY-MM-DD, a day in UTC; empty: the day before the schedule's tick, or the run's start
  std::int64_t days = 0;   ///< so many up to and with the date, 1 to 31; 0: one, or two when no date is given
  holdfast::Uuid after{};  ///< organizations by id after this one; nil: from the first
  UsageTotals totals{};    ///< of the organizations before those
};
BOOST_DESCRIBE_STRUCT(AggregateUsage, (), (date, days, after, totals))

/// Aggregates a day's calls into daily_usage for every active organization, and sends the usage alerts that are due.
/// Repeating a date changes nothing. Without a date it also looks at the day before again, for calls whose report came
/// late. The result is of the date alone. Fails with type "InvalidDate" or "InvalidInput".
inline const holdfast::WorkflowType<AggregateUsage, UsageTotals> kUsageAggregation{"UsageAggregation", "billing"};

holdfast::Workflow<UsageTotals> usage_aggregation(holdfast::Context ctx, AggregateUsage in);

}  // namespace platform
