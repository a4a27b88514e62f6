#include "workflow_driver.hpp"

#include <workflows/billing_cycle.hpp>
#include <workflows/billing_sweep.hpp>
#include <workflows/meter_errors.hpp>

namespace platform::test {
namespace {

using namespace holdfast;

const Uuid kOrganization = Uuid::parse("00000000-0000-7000-8000-00000000000a");
const BillingPeriod kPeriod{kOrganization, parse_rfc3339("2026-01-10T00:00:00Z"),
                            parse_rfc3339("2026-02-10T00:00:00Z")};

/// A period that is due, with so many reports.
Settlement due(std::size_t reports, bool is_current = true) {
  Settlement out{.is_due = true,
                 .is_current = is_current,
                 .has_customer = true,
                 .period = kPeriod,
                 .used_minutes = 130,
                 .included_minutes = 100,
                 .overage_minutes = 30,
                 .reports = {}};
  for (std::size_t i = 0; i < reports; ++i) out.reports.push_back(static_cast<std::int64_t>(i));
  return out;
}

class Cycle : public testing::Test {
 protected:
  Cycle() {
    driver_.on(settle_period, [this](const BillingKey& key) {
      EXPECT_EQ(key.organization_id, kOrganization);
      if (settlements_.empty()) return Settlement{};
      const auto next = settlements_.front();
      settlements_.erase(settlements_.begin());
      return next;
    });
    driver_.on(record_refusal, [this](const ReportRefusal& refusal) {
      reasons_.push_back(refusal.reason);
      return Nothing{};
    });
    driver_.on(close_period, [](const BillingPeriod& period) {
      EXPECT_EQ(period.period_end, kPeriod.period_end);
      return PeriodMoved{true};
    });
  }
  void failing_reports(const std::string& type) {
    driver_.on(report_usage, [type](const ReportKey&) -> ReportSent { throw WorkflowDriver::fail(type, "no"); });
  }

  std::vector<Settlement> settlements_;
  std::vector<std::string> reasons_;
  WorkflowDriver driver_{define(kBillingCycle, billing_cycle), encode(BillingKey{kOrganization})};
};

TEST_F(Cycle, overage_is_computed_then_reported_one_at_a_time_and_only_then_the_period_moves) {
  settlements_ = {due(2)};
  driver_.on(report_usage, [this](const ReportKey&) {
    EXPECT_EQ(driver_.unseen_outcomes(), 0u) << "one report at a time";
    return ReportSent{};
  });
  driver_.run();
  ASSERT_TRUE(driver_.completed());
  EXPECT_EQ(driver_.calls_text(),
            "settle_period report_usage record_report report_usage record_report close_period settle_period");
  EXPECT_EQ(driver_.result<BillingDone>().reports, 2);
  EXPECT_EQ(driver_.result<BillingDone>().overage_minutes, 30);
}

TEST_F(Cycle, a_correction_of_an_earlier_period_moves_nothing) {
  settlements_ = {due(1, false), due(0)};
  driver_.run();
  EXPECT_EQ(driver_.calls_text(), "settle_period report_usage record_report settle_period close_period settle_period");
  EXPECT_EQ(driver_.result<BillingDone>().periods, 2);
}

TEST_F(Cycle, nothing_due_ends_at_once) {
  driver_.run();
  EXPECT_EQ(driver_.calls_text(), "settle_period");
  EXPECT_EQ(driver_.result<BillingDone>().periods, 0);
}

TEST_F(Cycle, a_report_that_became_too_old_is_planned_again) {
  settlements_ = {due(1), due(1)};
  int reports = 0;
  driver_.on(report_usage, [&](const ReportKey&) -> ReportSent {
    if (++reports == 1) throw WorkflowDriver::fail(kReportExpired, "too old");
    return {};
  });
  driver_.run();
  ASSERT_TRUE(driver_.completed());
  EXPECT_EQ(driver_.calls_text(),
            "settle_period report_usage expire_report settle_period report_usage record_report close_period "
            "settle_period");
}

TEST_F(Cycle, a_refusal_is_written_down_and_fails_the_run_with_the_period_where_it_was) {
  settlements_ = {due(2)};
  failing_reports("stripe.resource_missing");
  driver_.run();
  EXPECT_EQ(driver_.failure().type, "BillingRefused");
  EXPECT_EQ(driver_.calls_text(), "settle_period report_usage record_refusal");
  ASSERT_EQ(reasons_.size(), 1u);
}

TEST_F(Cycle, without_a_customer_the_period_moves_and_the_quantity_stays_on_record) {
  auto without = due(2);
  without.has_customer = false;
  settlements_ = {without};
  failing_reports("CustomerNotFound");
  driver_.run();
  ASSERT_TRUE(driver_.completed());
  EXPECT_EQ(driver_.calls_text(),
            "settle_period report_usage record_refusal report_usage record_refusal close_period settle_period");
  EXPECT_EQ(driver_.result<BillingDone>().reports, 0);
}

TEST_F(Cycle, a_run_settles_a_bounded_number_of_periods) {
  settlements_.assign(100, due(0));
  driver_.run();
  EXPECT_EQ(driver_.result<BillingDone>().periods, 24);
}

TEST(BillingSweep, goes_through_all_pages) {
  WorkflowDriver driver(define(kBillingSweep, billing_sweep), "{}");
  int pages = 0;
  driver.on(start_due_billing, [&](const BillingPage& page) {
    EXPECT_EQ(page.grace_seconds, 300);
    EXPECT_EQ(page.after.is_nil(), pages == 0);
    return BillingStarted{.organizations = 1000, .due = 3, .last = ++pages == 3 ? Uuid{} : kOrganization};
  });
  driver.run();
  EXPECT_EQ(driver.result<BillingSwept>().organizations, 3000);
  EXPECT_EQ(driver.result<BillingSwept>().due, 9);
}

TEST(BillingSweep, refuses_an_absurd_grace_by_name) {
  for (const auto* input : {R"({"grace_seconds": -1})", R"({"grace_seconds": 86401})"}) {
    WorkflowDriver driver(define(kBillingSweep, billing_sweep), input);
    driver.run();
    EXPECT_EQ(driver.failure().type, "InvalidInput");
    EXPECT_NE(driver.failure().message.find("grace_seconds is"), std::string::npos);
  }
}

TEST(MeterErrorsWorkflow, takes_back_what_is_named) {
  WorkflowDriver driver(define(kMeterErrors, meter_errors), R"({"event_id": "evt_1"})");
  driver.on(read_meter_errors, [](const VendorEventKey& key) {
    EXPECT_EQ(key.event_id, "evt_1");
    return MeterErrors{
        {{kOrganization, "usage:a", "no_meter", "x"}, {kOrganization, "usage:b", "no_meter", "x"}}, 3, "s"};
  });
  driver.run();
  EXPECT_EQ(driver.calls_text(), "read_meter_errors record_rejected_usage record_rejected_usage");
  EXPECT_EQ(driver.result<MeterErrorsHandled>().rejected, 2);
  EXPECT_EQ(driver.result<MeterErrorsHandled>().unnamed, 3);
}

}  // namespace
}  // namespace platform::test
