#include "workflow_driver.hpp"

#include <workflows/calendar_date.hpp>
#include <workflows/usage_aggregation.hpp>
#include <workflows/usage_alert.hpp>

namespace platform::test {
namespace {

using namespace holdfast;

class UsageRuns : public testing::Test {
 protected:
  void run(const std::string& input, std::size_t bounds) {
    driver_ = std::make_unique<WorkflowDriver>(define(kUsageAggregation, usage_aggregation), input);
    driver_->on(divide_organizations, [bounds](const Nothing&) {
      OrganizationPages pages;
      for (std::size_t i = 1; i <= bounds; ++i)
        pages.bounds.push_back(Uuid::parse("00000000-0000-7000-8000-00000000000" + std::to_string(i)));
      return pages;
    });
    driver_->on(aggregate_usage, [this](const UsageDay& day) {
      most_at_once_ = std::max(most_at_once_, driver_->unseen_outcomes() + 1);
      days_.push_back(day);
      return UsageTotals{.organizations = 10, .calls = 100, .minutes = 200, .changed = 5, .alerts = 1};
    });
    driver_->run();
  }

  std::unique_ptr<WorkflowDriver> driver_;
  std::vector<UsageDay> days_;
  std::size_t most_at_once_ = 0;
};

TEST_F(UsageRuns, every_page_of_a_given_date_is_aggregated_two_at_a_time) {
  run(R"({"date": "2026-02-28"})", 3);
  ASSERT_TRUE(driver_->completed());
  ASSERT_EQ(days_.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(days_[i].date, "2026-02-28");
    EXPECT_EQ(days_[i].page.after, i == 0 ? Uuid{} : days_[i - 1].page.upto) << "no gap between pages";
  }
  EXPECT_TRUE(days_[3].page.upto.is_nil());
  EXPECT_EQ(most_at_once_, 2u);
  const auto totals = driver_->result<UsageTotals>();
  EXPECT_EQ(totals.organizations, 40);
  EXPECT_EQ(totals.calls, 400);
  EXPECT_EQ(totals.minutes, 800);
  EXPECT_EQ(totals.changed, 20);
  EXPECT_EQ(totals.alerts, 4);
}

TEST_F(UsageRuns, without_a_date_it_is_the_day_before_and_once_more_the_one_before_that) {
  run("{}", 0);  // the driver's clock begins at 2027-01-15 08:00
  ASSERT_EQ(days_.size(), 2u);
  EXPECT_EQ(days_[0].date, "2027-01-13");
  EXPECT_EQ(days_[1].date, "2027-01-14");
  EXPECT_EQ(driver_->result<UsageTotals>().organizations, 10) << "the totals are of the day before";
}

TEST_F(UsageRuns, what_is_no_date_is_refused_by_name) {
  for (const auto* date : {"yesterday", "2026-02-30", "2026-2-3", "26-02-03", "2026-02-03T00:00", "1969-12-31",
                           "2026-00-10", "2026-01-00", "+026-01-01", "2026-1 -01"}) {
    run(R"({"date": ")" + std::string(date) + "\"}", 0);
    EXPECT_EQ(driver_->failure().type, "InvalidDate") << date;
    EXPECT_NE(driver_->failure().message.find("date: '" + std::string(date) + "' is not a date; use YYYY-MM-DD"),
              std::string::npos)
        << driver_->failure().message;
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
