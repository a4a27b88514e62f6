#include "workflow_driver.hpp"

#include <set>

#include <holdfast/testing/environment.hpp>
#include <workflows/calendar_date.hpp>
#include <workflows/usage_aggregation.hpp>
#include <workflows/usage_alert.hpp>

namespace platform::test {
namespace {

using namespace holdfast;
using namespace std::chrono_literals;

Uuid organization(int n) { return Uuid::parse("00000000-0000-7000-8000-0000000000" + std::to_string(10 + n)); }

/// Runs it with so many pages of organizations, of which `per_run` are given to one run.
class UsageRuns : public ::testing::Test {
 protected:
  UsageTotals run(const AggregateUsage& input, int pages, int per_run = 100) {
    env_.on(divide_organizations, [=](const OrganizationsAfter& in) {
      OrganizationPages out;
      const int first = in.after.is_nil() ? 0 : in.after == organization(per_run) ? per_run : 2 * per_run;
      for (int i = first; i < pages && i < first + per_run; ++i)
        out.pages.push_back({.after = i == 0 ? Uuid{} : organization(i), .upto = organization(i + 1)});
      out.has_more = first + per_run < pages;
      return out;
    });
    env_.on(
        aggregate_usage,
        [this](const UsageDay& day) {
          days_.push_back(day);
          return UsageTotals{.organizations = 10, .calls = 100, .minutes = 200, .changed = 5, .alerts = 1};
        },
        1s);
    return env_.execute(kUsageAggregation, usage_aggregation, input);
  }

  holdfast::testing::Environment env_{{.start = parse_rfc3339("2027-01-15T02:00:00Z")}};
  std::vector<UsageDay> days_;
};

TEST_F(UsageRuns, every_page_of_a_given_date_is_aggregated_two_at_a_time) {
  const auto totals = run({.date = "2026-02-28"}, 4);
  ASSERT_EQ(days_.size(), 4u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(days_[static_cast<std::size_t>(i)].date, "2026-02-28");
    EXPECT_EQ(days_[static_cast<std::size_t>(i)].page.upto, organization(i + 1));
  }
  EXPECT_EQ(env_.elapsed(), 2s) << "two pages at a time";
  EXPECT_EQ(totals.organizations, 40);
  EXPECT_EQ(totals.calls, 400);
  EXPECT_EQ(totals.minutes, 800);
  EXPECT_EQ(totals.changed, 20);
  EXPECT_EQ(totals.alerts, 4);
}

TEST_F(UsageRuns, without_a_date_it_is_the_day_before_and_once_more_the_one_before_that) {
  EXPECT_EQ(run({}, 1).organizations, 10) << "the totals are of the day before";
  ASSERT_EQ(days_.size(), 2u);
  EXPECT_EQ(days_[0].date, "2027-01-13");
  EXPECT_EQ(days_[1].date, "2027-01-14");
}

TEST_F(UsageRuns, many_organizations_are_divided_among_runs_that_continue_one_another) {
  const auto totals = run({.date = "2026-03-01", .days = 2}, 5, 2);
  EXPECT_EQ(env_.continuations(), 2);
  EXPECT_EQ(days_.size(), 10u);
  EXPECT_EQ(totals.organizations, 50);
  std::set<std::pair<std::string, Uuid>> different;
  for (const auto& day : days_) different.emplace(day.date, day.page.upto);
  EXPECT_EQ(different.size(), 10u);
}

TEST_F(UsageRuns, no_organizations_are_no_work) {
  EXPECT_EQ(run({.date = "2026-03-01"}, 0).organizations, 0);
  EXPECT_TRUE(days_.empty());
}

TEST_F(UsageRuns, too_many_days_are_refused_by_name) {
  for (const auto days : {-1, 32}) {
    WorkflowDriver driver(define(kUsageAggregation, usage_aggregation), encode(AggregateUsage{.days = days}));
    driver.run();
    EXPECT_EQ(driver.failure().type, "InvalidInput");
    EXPECT_NE(driver.failure().message.find("days is"), std::string::npos);
  }
}

TEST(UsageAggregation, what_is_no_date_is_refused_by_name) {
  for (const auto* date : {"yesterday", "2026-02-30", "2026-2-3", "26-02-03", "2026-02-03T00:00", "1969-12-31",
                           "2026-00-10", "2026-01-00", "+026-01-01", "2026-1 -01"}) {
    WorkflowDriver driver(define(kUsageAggregation, usage_aggregation), encode(AggregateUsage{.date = date}));
    driver.run();
    EXPECT_EQ(driver.failure().type, "InvalidDate") << date;
    EXPECT_NE(driver.failure().message.find("date: '" + std::string(date) + "' is not a date; use YYYY-MM-DD"),
              std::string::npos)
        << driver.failure().message;
  }
}

TEST(CalendarDate, is_read_and_written_the_same) {
  for (const auto* text : {"1970-01-01", "2024-02-29", "2026-12-31", "9999-12-31"})
    EXPECT_EQ(to_text(parse_date("date", text)), text);
}

TEST(UsageAlertWorkflow, sends_one_mail) {
  WorkflowDriver driver(define(kUsageAlert, usage_alert),
                        R"({"organization_id": "00000000-0000-7000-8000-00000000000a",
                            "period_start": "2026-11-01T00:00:00.000000Z", "percent": 80, "minutes_used": 800})");
  driver.on(email_usage_alert, [](const UsageAlert& alert) {
    EXPECT_EQ(alert.percent, 80);
    return UsageAlertSent{true};
  });
  driver.run();
  EXPECT_TRUE(driver.result<UsageAlertSent>().sent);
}

}  // namespace
}  // namespace platform::test
