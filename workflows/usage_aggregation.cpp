#include <workflows/usage_aggregation.hpp>

#include <holdfast/core/map.hpp>
#include <workflows/calendar_date.hpp>

namespace platform {

using namespace holdfast;
using std::chrono::days;

namespace {

constexpr std::size_t kPagesAtATime = 2;
constexpr std::int64_t kMostDays = 31;

void add(UsageTotals& sum, const UsageTotals& part) {
  sum.organizations += part.organizations;
  sum.calls += part.calls;
  sum.minutes += part.minutes;
  sum.changed += part.changed;
  sum.alerts += part.alerts;
}

/// Every page of one day, a few at a time.
Workflow<UsageTotals> aggregate_day(Context ctx, std::string date, std::vector<OrganizationPage> pages) {
  UsageTotals totals;
  const auto parts = co_await map(ctx, std::move(pages), kPagesAtATime, [&](const OrganizationPage& page) {
    return ctx.run(aggregate_usage, {.date = date, .page = page});
  });
  for (const auto& part : parts) add(totals, part);
  co_return totals;
}

/// What is asked for, with nothing left open.
AggregateUsage spelled_out(Context ctx, AggregateUsage in) {
  if (in.days < 0 || in.days > kMostDays)
    throw ApplicationError("InvalidInput", "days is " + std::to_string(in.days) + ", allowed are 0 to 31", true);
  if (in.days == 0) in.days = in.date.empty() ? 2 : 1;  // calls whose report came after the last run: look again
  if (in.date.empty()) {
    // A tick that is made up for late is still for its own day.
    const auto by = ctx.schedule();
    in.date = to_text(std::chrono::floor<days>(by ? by->scheduled_at : ctx.started_at()) - days(1));
  }
  return in;
}

}  // namespace

Workflow<UsageTotals> usage_aggregation(Context ctx, AggregateUsage asked) {
  auto in = spelled_out(ctx, asked);
  const auto last_day = parse_date("date", in.date);
  const auto chunk = co_await ctx.run(divide_organizations, {.after = in.after});
  for (auto day = last_day - days(in.days - 1); day <= last_day; day += days(1)) {
    const auto totals = co_await aggregate_day(ctx, to_text(day), chunk.pages);
    if (day == last_day) add(in.totals, totals);
  }
  if (!chunk.has_more) co_return in.totals;
  in.after = chunk.pages.back().upto;
  throw ctx.continue_as_new(kUsageAggregation, in);
}

}  // namespace platform
