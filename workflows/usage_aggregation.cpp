#include <workflows/usage_aggregation.hpp>

#include <deque>

#include <workflows/calendar_date.hpp>

namespace platform {

using namespace holdfast;

namespace {

constexpr std::size_t kPagesAtATime = 2;

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
  std::deque<Future<UsageTotals>> running;
  for (const auto& page : pages) {
    running.push_back(ctx.run(aggregate_usage, {.date = date, .page = page}));
    if (running.size() < kPagesAtATime) continue;
    add(totals, co_await running.front());
    running.pop_front();
  }
  for (auto& page : running) add(totals, co_await page);
  co_return totals;
}

}  // namespace

Workflow<UsageTotals> usage_aggregation(Context ctx, AggregateUsage in) {
  using std::chrono::days;
  const bool is_given = !in.date.empty();
  const auto day = is_given ? parse_date("date", in.date) : std::chrono::floor<days>(ctx.started_at()) - days(1);

  std::vector<OrganizationPage> pages{{}};
  for (const auto& bound : (co_await ctx.run(divide_organizations)).bounds) {
    pages.back().upto = bound;
    pages.push_back({.after = bound, .upto = {}});
  }
  // Calls whose report came after the last run: the day before is looked at again.
  if (!is_given) co_await aggregate_day(ctx, to_text(day - days(1)), pages);
  co_return co_await aggregate_day(ctx, to_text(day), pages);
}

}  // namespace platform
