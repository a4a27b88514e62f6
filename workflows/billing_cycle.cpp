#include <workflows/billing_cycle.hpp>

namespace platform {

using namespace holdfast;

namespace {

constexpr int kMostPeriods = 24;  // per run; the sweep starts another one for what is left

enum class Outcome { reported, expired, refused };

/// 2: tells the vendor of one quantity, and writes down what it said.
Workflow<Outcome> report(Context ctx, ReportKey key) {
  std::string type, reason;
  try {
    co_await ctx.run(report_usage, key);
  } catch (const ActivityError& e) {
    type = e.cause_type();
    reason = e.what();
  }
  if (reason.empty()) {
    co_await ctx.run(record_report, key);
    co_return Outcome::reported;
  }
  if (type == kReportExpired) {
    co_await ctx.run(expire_report, {.report = key, .reason = reason});
    co_return Outcome::expired;
  }
  co_await ctx.run(record_refusal, {.report = key, .reason = reason});
  ctx.log("usage was refused: " + reason, "error");
  co_return Outcome::refused;
}

/// Every quantity of the period, one at a time. Without a customer there is nobody to report to; that is written down,
/// and does not keep the organization in its old period.
Workflow<Outcome> report_all(Context ctx, Settlement due, BillingDone& done) {
  for (const auto seq : due.reports) {
    const auto outcome = co_await report(ctx, {due.period.organization_id, due.period.period_start, seq});
    if (outcome == Outcome::reported) ++done.reports;
    if (outcome == Outcome::expired || (outcome == Outcome::refused && due.has_customer)) co_return outcome;
  }
  co_return Outcome::reported;
}

}  // namespace

Workflow<BillingDone> billing_cycle(Context ctx, BillingKey organization) {
  BillingDone done;
  for (int period = 0; period < kMostPeriods; ++period) {
    // 1: what is owed, from the ledger, written down before anything is sent.
    const auto due = co_await ctx.run(settle_period, organization);
    if (!due.is_due) break;

    // 2: the reports. One that became too old is planned again under another time.
    const auto outcome = co_await report_all(ctx, due, done);
    if (outcome == Outcome::expired) continue;
    if (outcome == Outcome::refused) throw ApplicationError("BillingRefused", "the vendor refused a report", true);

    // 3: only then the next period, whose counter begins anew.
    if (due.is_current) co_await ctx.run(close_period, due.period);
    ++done.periods;
    if (due.is_current) done.overage_minutes += due.overage_minutes;
  }
  co_return done;
}

}  // namespace platform
