#include "billing_fixture.hpp"

#include <set>

#include <holdfast/core/errors.hpp>

namespace platform::test {
namespace {

using Billing = BillingTest;

TEST_F(Billing, the_overage_of_an_ended_period_is_reported_before_the_period_moves) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  const auto due = step(bodies::settle_period, BillingKey{acme_});
  ASSERT_TRUE(due.is_due);
  EXPECT_TRUE(due.is_current);
  EXPECT_EQ(due.used_minutes, 130);
  EXPECT_EQ(due.included_minutes, 100);
  EXPECT_EQ(due.overage_minutes, 30);
  ASSERT_EQ(due.reports, std::vector<std::int64_t>{0});
  EXPECT_FALSE(step(bodies::close_period, due.period).moved) << "the report is not with the vendor yet";

  const ReportKey report{acme_, due.period.period_start, 0};
  EXPECT_FALSE(bodies::report_usage(services(), report, 1).found);
  EXPECT_FALSE(step(bodies::close_period, due.period).moved);
  step(bodies::record_report, report);
  EXPECT_TRUE(step(bodies::close_period, due.period).moved);
  EXPECT_FALSE(step(bodies::close_period, due.period).moved);
  EXPECT_EQ(organization(acme_), "2025-02-10T00:00:00.000000Z 2025-03-10T00:00:00.000000Z");
  EXPECT_EQ(events(acme_), "usage.planned 30, usage.sending 30, usage.reported 30, period.closed 30");
  EXPECT_EQ(vendor_.of("cus_acme"), 30);
}

TEST_F(Billing, repeating_any_step_bills_once) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  const auto due = step(bodies::settle_period, BillingKey{acme_});
  const auto again = step(bodies::settle_period, BillingKey{acme_});
  EXPECT_EQ(again.reports, due.reports);
  const ReportKey report{acme_, due.period.period_start, 0};
  for (int attempt = 1; attempt <= 3; ++attempt) bodies::report_usage(services(), report, attempt);
  step(bodies::record_report, report);
  step(bodies::record_report, report);
  EXPECT_TRUE(bodies::report_usage(services(), report, 4).found);
  EXPECT_EQ(vendor_.of("cus_acme"), 30);
  EXPECT_EQ(vendor_.requests(), 3);
  EXPECT_EQ(owner_value("SELECT reported_minutes FROM platform.billing_periods"), "30");
}

TEST_F(Billing, a_period_without_overage_moves_without_a_report) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 100);
  bill(acme_);
  EXPECT_EQ(vendor_.requests(), 0);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.usage_reports"), "0");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.organizations WHERE id = '" + acme_.to_string() +
                        "' AND period_end > now()"),
            "1")
      << "every period that ended is settled";
}

TEST_F(Billing, nothing_is_due_before_the_period_ends) {
  use(acme_, "now()", 5000);
  EXPECT_FALSE(step(bodies::settle_period, BillingKey{acme_}).is_due);
  EXPECT_FALSE(step(bodies::close_period, current_period(acme_)).moved);
}

TEST_F(Billing, a_call_belongs_to_the_period_in_which_it_ended) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 0);
  use(acme_, "2025-02-09 23:59:59.999999+00", 1);
  use(acme_, "2025-02-10 00:00+00", 2);  // the next one, which is not the organization's yet
  use(acme_, "2025-03-10 00:00+00", 4);  // the one after that
  use(acme_, "2024-12-01 00:00+00", 8);  // before the first one: counts in the first
  EXPECT_EQ(ledger(acme_), "2025-01-10 9, 2025-02-10 2, 2025-03-10 4");
  bill(acme_);
  use(acme_, "2025-02-01 00:00+00", 16);  // late: its period was billed
  use(acme_, "2025-02-11 00:00+00", 32);
  EXPECT_EQ(ledger(acme_), "2025-01-10 25, 2025-02-10 34, 2025-03-10 4");
  EXPECT_EQ(vendor_.of("cus_acme"), 9 + 2 + 4);
  bill(acme_);
  EXPECT_EQ(vendor_.of("cus_acme"), 25 + 34 + 4) << "late calls are billed as corrections";
  EXPECT_EQ(owner_value("SELECT string_agg(seq || ' ' || quantity, ', ' ORDER BY period_start, seq) "
                        "FROM platform.usage_reports"),
            "0 9, 1 16, 0 2, 1 32, 0 4");
}

TEST_F(Billing, a_call_that_is_counted_while_its_period_is_being_billed_is_billed_once) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  pqxx::connection other(runtime_);
  pqxx::work counting(other);  // has not committed when the sum is taken
  const CallUsage late{{acme_, "late", holdfast::parse_rfc3339("2025-01-21T00:00:00Z")}, 7 * 60'000};
  bodies::add_usage(services(), counting, late);
  bill(acme_);
  EXPECT_EQ(vendor_.of("cus_acme"), 30);
  EXPECT_EQ(sweep(), "");
  counting.commit();
  EXPECT_EQ(sweep(), "acme");
  bill(acme_);
  EXPECT_EQ(vendor_.of("cus_acme"), 37);
  EXPECT_EQ(sweep(), "");
}

TEST_F(Billing, a_correction_in_the_customers_favour_is_a_negative_report) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  bill(acme_);
  owner(
      "INSERT INTO platform.usage_ledger SELECT id, 'correction:1', '2025-01-20', '2025-01-10 00:00+00', -50 "
      "FROM platform.organizations WHERE slug = 'acme'");
  bill(acme_);
  EXPECT_EQ(vendor_.of("cus_acme"), 0) << "used are 80 of 100";
  EXPECT_EQ(owner_value("SELECT string_agg(quantity::text, ' ' ORDER BY seq) FROM platform.usage_reports"), "30 -30");
}

TEST_F(Billing, a_late_plan_change_counts_for_its_share_of_the_period) {
  period_of(acme_, "2025-03-01 00:00+00", "2025-04-01 00:00+00", 310);
  owner("INSERT INTO platform.plan_changes VALUES ('" + acme_.to_string() + "', '2025-03-11 00:00+00', 'scale', 620)");
  // 10 of 31 days with 310 minutes, 21 with 620.
  use(acme_, "2025-03-20 12:00+00", 600);
  EXPECT_EQ(step(bodies::settle_period, BillingKey{acme_}).included_minutes, 100 + 420);
  EXPECT_EQ(owner_value("SELECT overage_minutes || ' ' || overage_cents FROM platform.billing_periods"), "80 9");
}

TEST_F(Billing, included_minutes_are_rounded_up_exactly) {
  const auto included = [&](const std::string& change) {
    owner("DELETE FROM platform.plan_changes");
    owner("INSERT INTO platform.plan_changes VALUES ('" + acme_.to_string() + "', '2025-01-01', 'growth', 0), ('" +
          acme_.to_string() + "', '" + change + "', 'growth', 1000)");
    return owner_value("SELECT platform.included_minutes('" + acme_.to_string() +
                       "', '2025-03-01 00:00+00', '2025-04-01 00:00+00')");
  };
  EXPECT_EQ(included("2025-03-01 00:00+00"), "1000");
  EXPECT_EQ(included("2025-03-31 23:59:59.999999+00"), "1") << "a microsecond of a plan is a share of a minute";
  EXPECT_EQ(included("2025-04-01 00:00+00"), "0");
  EXPECT_EQ(included("2025-03-01 00:00:00.000001+00"), "1000");
}

TEST_F(Billing, changing_an_organizations_plan_is_remembered_with_its_time) {
  owner("UPDATE platform.organizations SET plan_id = 'scale', plan_minutes = 5000 WHERE slug = 'acme'");
  owner("UPDATE platform.organizations SET name = 'Acme Inc.' WHERE slug = 'acme'");
  EXPECT_EQ(owner_value("SELECT string_agg(plan_id || ' ' || plan_minutes, ', ' ORDER BY effective_at) "
                        "FROM platform.plan_changes WHERE organization_id = '" +
                        acme_.to_string() + "'"),
            "growth 1000, scale 5000");
}

TEST_F(Billing, an_unknown_time_zone_and_a_moved_boundary_of_an_ended_period_are_refused) {
  EXPECT_THROW(owner("UPDATE platform.organizations SET billing_time_zone = 'Mars/Olympus'"), pqxx::sql_error);
  owner("UPDATE platform.organizations SET billing_time_zone = 'Europe/Berlin' WHERE slug = 'acme'");
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  EXPECT_THROW(owner("UPDATE platform.organizations SET billing_time_zone = 'UTC' WHERE slug = 'acme'"),
               pqxx::sql_error);
}

TEST_F(Billing, an_attempt_after_the_vendors_window_asks_first) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  const auto due = step(bodies::settle_period, BillingKey{acme_});
  const ReportKey report{acme_, due.period.period_start, 0};
  bodies::report_usage(services(), report, 1);  // and the answer is lost
  vendor_.forget_identifiers();
  owner("UPDATE platform.billing_events SET created_at = now() - interval '25 hours' WHERE kind = 'usage.sending'");
  EXPECT_TRUE(bodies::report_usage(services(), report, 2).found);
  EXPECT_EQ(vendor_.of("cus_acme"), 30);
  EXPECT_EQ(vendor_.questions(), 1);
}

TEST_F(Billing, an_attempt_after_the_window_that_never_got_through_is_sent) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  const auto due = step(bodies::settle_period, BillingKey{acme_});
  const ReportKey report{acme_, due.period.period_start, 0};
  vendor_.fail_next({.kind = vendors::VendorErrorKind::retry, .vendor = "stripe", .status = 503});
  EXPECT_THROW(bodies::report_usage(services(), report, 1), holdfast::ApplicationError);
  owner("UPDATE platform.billing_events SET created_at = now() - interval '25 hours' WHERE kind = 'usage.sending'");
  EXPECT_FALSE(bodies::report_usage(services(), report, 2).found);
  EXPECT_EQ(vendor_.of("cus_acme"), 30);
}

TEST_F(Billing, attempts_come_again_with_growing_waits_that_differ_or_when_the_vendor_says) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  const auto due = step(bodies::settle_period, BillingKey{acme_});
  const auto wait = [&](int attempt, std::optional<std::chrono::seconds> retry_after = {}) {
    vendor_.fail_next(
        {.kind = vendors::VendorErrorKind::retry, .vendor = "stripe", .status = 429, .retry_after = retry_after});
    try {
      bodies::report_usage(services(), {acme_, due.period.period_start, 0}, attempt);
    } catch (const holdfast::ApplicationError& e) {
      return e.failure().next_retry_delay.value();
    }
    ADD_FAILURE() << "the vendor fails";
    return holdfast::Duration{};
  };
  std::set<holdfast::Duration> waits;
  for (int i = 0; i < 20; ++i) {
    waits.insert(wait(5));
    EXPECT_GE(*waits.begin(), std::chrono::seconds(8));
    EXPECT_LE(*waits.rbegin(), std::chrono::seconds(24));
  }
  EXPECT_GT(waits.size(), 10u);
  EXPECT_LE(wait(1'000'000), std::chrono::minutes(15));
  EXPECT_EQ(wait(3, std::chrono::seconds(7)), std::chrono::seconds(7));
}

TEST_F(Billing, a_report_that_became_too_old_is_planned_again_under_another_time) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  const auto due = step(bodies::settle_period, BillingKey{acme_});
  const ReportKey report{acme_, due.period.period_start, 0};
  owner(
      "UPDATE platform.usage_reports SET event_time = date_trunc('minute', now() - interval '34 days 1 hour', 'UTC')");
  try {
    bodies::report_usage(services(), report, 1);
    FAIL() << "too old";
  } catch (const holdfast::ApplicationError& e) {
    EXPECT_EQ(e.failure().type, kReportExpired);
  }
  step(bodies::expire_report, ReportRefusal{report, "too old"});
  bill(acme_);
  EXPECT_EQ(vendor_.of("cus_acme"), 30);
  EXPECT_EQ(owner_value("SELECT string_agg(seq || ' ' || (rejected_at IS NULL), ', ' ORDER BY seq) "
                        "FROM platform.usage_reports"),
            "0 false, 1 true");
}

TEST_F(Billing, a_refused_report_keeps_the_period_and_is_tried_again_later) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  vendor_.fail_next(
      {.kind = vendors::VendorErrorKind::permanent, .vendor = "stripe", .status = 400, .code = "no_meter"});
  EXPECT_THROW(bill(acme_), holdfast::FailureError);
  EXPECT_EQ(organization(acme_), "2025-01-10T00:00:00.000000Z 2025-02-10T00:00:00.000000Z");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.notifications WHERE kind = 'billing.refused'"), "1");
  EXPECT_EQ(sweep(), "");
  EXPECT_FALSE(step(bodies::settle_period, BillingKey{acme_}).is_due) << "not again within the hour";
  EXPECT_TRUE(step(bodies::settle_period, BillingKey{acme_, true}).is_due) << "unless somebody wants it";
  owner("UPDATE platform.billing_periods SET next_try = now()");
  EXPECT_EQ(sweep(), "acme");
  bill(acme_);
  EXPECT_EQ(vendor_.of("cus_acme"), 30);
}

TEST_F(Billing, without_a_customer_the_overage_stays_on_record_until_there_is_one) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  owner("UPDATE platform.organizations SET stripe_customer_id = NULL WHERE slug = 'acme'");
  use(acme_, "2025-01-20 12:00+00", 130);
  bill(acme_);
  EXPECT_EQ(owner_value("SELECT bool_and(period_end > now()) FROM platform.organizations"), "t");
  EXPECT_EQ(sweep(), "") << "tried every hour";
  owner("UPDATE platform.organizations SET stripe_customer_id = 'cus_acme' WHERE slug = 'acme'");
  owner("UPDATE platform.billing_periods SET next_try = now()");
  EXPECT_EQ(sweep(), "acme");
  bill(acme_);
  EXPECT_EQ(vendor_.of("cus_acme"), 30);
}

TEST_F(Billing, usage_that_the_vendor_rejects_later_is_owed_again) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  bill(acme_);
  const auto identifier = owner_value("SELECT identifier FROM platform.usage_reports");
  EXPECT_EQ(identifier, "usage:" + acme_.to_string() + ":minutes:1736467200:0");
  vendor_.reject(identifier, "archived_meter");
  const auto errors = bodies::read_meter_errors(services(), {"evt_1"});
  ASSERT_EQ(errors.rejected.size(), 1u);
  EXPECT_EQ(errors.unnamed, 0);
  step(bodies::record_rejected_usage, errors.rejected[0]);
  step(bodies::record_rejected_usage, errors.rejected[0]);
  EXPECT_EQ(owner_value("SELECT reported_minutes || ' ' || overage_minutes FROM platform.billing_periods "
                        "WHERE used_minutes > 0"),
            "0 30");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.notifications WHERE kind = 'billing.rejected'"), "1");
  EXPECT_EQ(sweep(), "") << "not before a day has gone by";
  owner("UPDATE platform.billing_periods SET next_try = now()");
  EXPECT_EQ(sweep(), "acme");
  bill(acme_);
  EXPECT_EQ(vendor_.of("cus_acme"), 30);
}

TEST_F(Billing, identifiers_of_others_in_an_error_report_are_only_counted) {
  vendor_.reject("somebody-elses", "archived_meter");
  vendor_.reject("usage:not-a-uuid-but-as-long-as-one-of-th:x", "archived_meter");
  const auto errors = bodies::read_meter_errors(services(), {"evt_1"});
  EXPECT_TRUE(errors.rejected.empty());
  EXPECT_EQ(errors.unnamed, 2);
}

TEST_F(Billing, the_sweep_finds_what_is_due_and_starts_one_run_each) {
  EXPECT_EQ(sweep(), "");
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 0);
  EXPECT_EQ(sweep(), "acme");
  EXPECT_EQ(step(bodies::start_due_billing, BillingPage{}).due, 1);
  EXPECT_EQ(owner_value("SELECT string_agg(workflow_id || ' ' || task_queue || ' ' || input, ', ') FROM holdfast.runs"),
            "billing-" + acme_.to_string() + " billing {\"organization_id\" : \"" + acme_.to_string() + "\"}")
      << "one run, however often it is found due";
  bill(acme_);
  EXPECT_EQ(sweep(), "");
  use(acme_, "2025-02-01 00:00+00", 16);
  EXPECT_EQ(sweep(), "acme") << "a call came late";
  bill(acme_);
  EXPECT_EQ(sweep(), "");
}

TEST_F(Billing, a_period_is_left_alone_for_a_while_after_its_end) {
  owner(
      "UPDATE platform.organizations SET period_start = now() - interval '30 days', "
      "period_end = now() - interval '4 minutes' WHERE slug = 'acme'");
  EXPECT_EQ(step(bodies::start_due_billing, BillingPage{.after = {}, .grace_seconds = 300}).due, 0);
  EXPECT_EQ(step(bodies::start_due_billing, BillingPage{.after = {}, .grace_seconds = 200}).due, 1);
}

TEST_F(Billing, the_doctor_finds_a_period_that_left_its_reports) {
  period_of(acme_, "2025-01-10 00:00+00", "2025-02-10 00:00+00", 100);
  use(acme_, "2025-01-20 12:00+00", 130);
  bill(acme_);
  const auto findings = [&] { return doctor_check("what the vendor took").findings; };
  EXPECT_TRUE(findings().empty());
  owner("UPDATE platform.billing_periods SET reported_minutes = 29 WHERE used_minutes > 0");
  ASSERT_EQ(findings().size(), 1u);
  EXPECT_NE(findings()[0].find("29 minutes are marked as reported, its reports say 30"), std::string::npos);
  owner("UPDATE platform.billing_periods SET reported_minutes = 0, closed_at = now() - interval '2 days'");
  owner("UPDATE platform.usage_reports SET reported_at = NULL");
  EXPECT_EQ(findings().size(), 1u) << "closed, and never reported";
}

TEST_F(Billing, two_organizations_cannot_share_a_customer) {
  EXPECT_THROW(owner("UPDATE platform.organizations SET stripe_customer_id = 'cus_acme' WHERE slug = 'globex'"),
               pqxx::unique_violation);
}

}  // namespace
}  // namespace platform::test
