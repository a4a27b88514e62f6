#include "billing_fixture.hpp"

#include <holdfast/testing/environment.hpp>

namespace platform::test {

void FakeVendor::report(const vendors::MeterEvent& event) {
  const std::lock_guard lock(mutex_);
  ++requests_;
  if (!faults_.empty()) {
    const auto fault = faults_.front();
    faults_.erase(faults_.begin());
    throw vendors::VendorError(fault);
  }
  if (known_.insert(event.identifier).second) events_.push_back(event);
}

std::int64_t FakeVendor::reported(const std::string& customer, std::chrono::sys_seconds from,
                                  std::chrono::sys_seconds to) {
  const std::lock_guard lock(mutex_);
  ++questions_;
  std::int64_t sum = 0;
  for (const auto& event : events_)
    if (event.customer_id == customer && event.time >= from && event.time < to) sum += event.quantity;
  return sum;
}

vendors::MeterErrorReport FakeVendor::error_report(const std::string&) { return std::exchange(errors_, {}); }

void FakeVendor::reject(const std::string& identifier, const std::string& code) {
  std::erase_if(events_, [&](const auto& event) { return event.identifier == identifier; });
  errors_.samples.push_back({identifier, code, "rejected"});
  ++errors_.error_count;
}

std::int64_t FakeVendor::of(const std::string& customer) const {
  const std::lock_guard lock(mutex_);
  std::int64_t sum = 0;
  for (const auto& event : events_)
    if (event.customer_id == customer) sum += event.quantity;
  return sum;
}

BillingTest::BillingTest() { owner("UPDATE platform.organizations SET stripe_customer_id = 'cus_' || slug"); }

void BillingTest::period_of(const holdfast::Uuid& id, const std::string& start, const std::string& end,
                            int plan_minutes) {
  const auto organization = "'" + id.to_string() + "'";
  owner("UPDATE platform.organizations SET period_start = '" + start + "', period_end = '" + end +
        "', plan_minutes = " + std::to_string(plan_minutes) + " WHERE id = " + organization);
  owner("DELETE FROM platform.plan_changes WHERE organization_id = " + organization);
  owner(
      "INSERT INTO platform.plan_changes SELECT id, '2020-01-01', plan_id, plan_minutes FROM platform.organizations "
      "WHERE id = " +
      organization);
}

void BillingTest::use(const holdfast::Uuid& id, const std::string& ended_at, int minutes) {
  const auto end = ended_at == "now()" ? owner_value("SELECT platform.utc_text(now())")
                                       : owner_value("SELECT platform.utc_text('" + ended_at + "')");
  const auto length = std::chrono::minutes(minutes);
  const CallKey call{id, "call-" + std::to_string(++calls_), holdfast::parse_rfc3339(end) - length};
  EXPECT_TRUE(step(bodies::add_usage, CallUsage{call, std::chrono::milliseconds(length).count()}).counted);
}

void BillingTest::bill(const holdfast::Uuid& id) {
  while (run_cycle(id).periods > 0) {}
}

BillingDone BillingTest::run_cycle(const holdfast::Uuid& id) {
  holdfast::testing::Environment env;
  env.on(settle_period, [&](const BillingKey& in) { return step(bodies::settle_period, in); });
  env.on(report_usage, [&](const ReportKey& in, holdfast::worker::ActivityContext& context) {
    return bodies::report_usage(services(), in, context.attempt());
  });
  env.on(record_report, [&](const ReportKey& in) { return step(bodies::record_report, in); });
  env.on(record_refusal, [&](const ReportRefusal& in) { return step(bodies::record_refusal, in); });
  env.on(expire_report, [&](const ReportRefusal& in) { return step(bodies::expire_report, in); });
  env.on(close_period, [&](const BillingPeriod& in) { return step(bodies::close_period, in); });
  return env.execute(kBillingCycle, billing_cycle, {.organization_id = id});
}

std::string BillingTest::sweep() {
  step(bodies::start_due_billing, BillingPage{});
  return owner_value(
      "SELECT coalesce(string_agg(slug, ' ' ORDER BY slug), '') FROM platform.organizations WHERE id IN (SELECT "
      "organization_id FROM platform.billing_page(NULL, 1000, '0') WHERE is_due)");
}

BillingPeriod BillingTest::current_period(const holdfast::Uuid& id) {
  const auto row = owner(
      "SELECT platform.utc_text(period_start), platform.utc_text(period_end) "
      "FROM platform.organizations WHERE id = '" +
      id.to_string() + "'")[0];
  return {id, holdfast::parse_rfc3339(row[0].c_str()), holdfast::parse_rfc3339(row[1].c_str())};
}

std::string BillingTest::organization(const holdfast::Uuid& id) {
  const auto period = current_period(id);
  return holdfast::to_rfc3339(period.period_start) + " " + holdfast::to_rfc3339(period.period_end);
}

std::string BillingTest::ledger(const holdfast::Uuid& id) {
  return owner_value(
      "SELECT string_agg(day || ' ' || minutes, ', ' ORDER BY day) FROM (SELECT (period_start AT TIME "
      "ZONE 'UTC')::date AS day, sum(minutes) AS minutes FROM platform.usage_ledger "
      "WHERE organization_id = '" +
      id.to_string() + "' GROUP BY 1) l");
}

std::string BillingTest::events(const holdfast::Uuid& id) {
  return owner_value(
      "SELECT string_agg(kind || ' ' || quantity, ', ' ORDER BY created_at) FROM (SELECT DISTINCT ON "
      "(identifier) * FROM platform.billing_events WHERE organization_id = '" +
      id.to_string() + "') e WHERE kind NOT LIKE 'period%' OR quantity > 0");
}

}  // namespace platform::test
