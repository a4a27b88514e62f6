#include <boost/json.hpp>

#include "wfctl_fixture.hpp"

namespace holdfast::test {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Filter : public WfctlTest {
 protected:
  void SetUp() override {
    start("a", "Order", {.search_attributes = R"({"Org":"o1","Cents":450})"});
    start("b", "Order", {.search_attributes = R"({"Org":"o2"})"});
    fail(start("c", "Mail", {.memo = R"({"why":"test"})", .search_attributes = R"({"Org":"o1"})"}), "no funds");
  }
};

TEST_F(Filter, ListsRunsThatMatch) {
  EXPECT_THAT(wfctl({"run", "list", "-q", "Org = 'o1' AND ExecutionStatus = 'Failed'"}).out,
              AllOf(HasSubstr("Mail"), Not(HasSubstr("Order"))));
  const auto listed = json::parse(wfctl({"run", "list", "--filter", "Org = 'o1'", "-o", "json"}).out).as_array();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].at("workflow_id").as_string(), "c");
  EXPECT_THAT(wfctl({"run", "list", "-q", "Org = 'o1'", "--type", "Order"}).out, Not(HasSubstr("Mail")));
  EXPECT_EQ(wfctl({"run", "list", "-q", "Org = 'o3'"}).out, "no runs\n");
}

TEST_F(Filter, ABadFilterIsShownWithACaretAndNothingIsDone) {
  for (const auto* verb : {"list", "count", "cancel"}) {
    const auto refused = wfctl({"run", verb, "-q", "Org = o1"});
    EXPECT_EQ(refused.exit_code, 2) << verb;
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err,
                HasSubstr("wfctl: filter, at 7: o1 is no value of Org (texts stand in quotes); allowed: a text "
                          "in quotes, a number, true or false\n  Org = o1\n        ^\n"));
  }
  EXPECT_EQ(wfctl({"run", "count", "--group-by", "StartTime"}).exit_code, 2);
}

TEST_F(Filter, CountsRunsInEveryForm) {
  EXPECT_EQ(wfctl({"run", "count"}).out, "3\n");
  EXPECT_EQ(wfctl({"run", "count", "-q", "Org = 'o1'", "-o", "ids"}).out, "2\n");
  EXPECT_EQ(json::parse(wfctl({"run", "count", "-o", "json"}).out).at("count").as_int64(), 3);
  EXPECT_THAT(wfctl({"run", "count", "--group-by", "Cents"}).out, AllOf(HasSubstr("Cents"), HasSubstr("(none)  2")));
  const auto groups =
      json::parse(wfctl({"run", "count", "--group-by", "ExecutionStatus", "-o", "json"}).out).as_array();
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].at("value").as_string(), "running");
  EXPECT_EQ(groups[0].at("count").as_int64(), 2);
  EXPECT_EQ(wfctl({"run", "count", "--group-by", "Org", "-o", "ids"}).out, "o1\no2\n");
}

TEST_F(Filter, DescribeShowsMemoAttributesAndSchedule) {
  EXPECT_THAT(wfctl({"run", "describe", "c"}).out,
              AllOf(HasSubstr(R"({"why": "test"})"), HasSubstr(R"({"Org": "o1"})")));
  EXPECT_TRUE(json::parse(wfctl({"run", "describe", "c", "-o", "json"}).out).at("schedule").is_null());
  sql(R"(UPDATE holdfast.runs SET scheduled = '{"schedule_id":"nightly","scheduled_at":"2026-11-30T02:30:00Z"}'
          WHERE workflow_id = 'a')");
  EXPECT_THAT(wfctl({"run", "describe", "a"}).out, HasSubstr("nightly, for 2026-11-30 02:30:00 UTC"));
  const auto schedule = json::parse(wfctl({"run", "describe", "a", "-o", "json"}).out).at("schedule");
  EXPECT_EQ(schedule.at("schedule_id").as_string(), "nightly");
  EXPECT_EQ(schedule.at("scheduled_at").as_string(), "2026-11-30T02:30:00.000000Z");
}

TEST_F(Filter, VerbsServeEveryOpenRunThatMatchesOnceSomebodyAgreed) {
  const auto refused = wfctl({"run", "terminate", "-q", "Org = 'o1'"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("Terminate 1 open run"), HasSubstr("--yes")));
  EXPECT_EQ(wfctl({"run", "count", "--status", "running"}).out, "2\n");
  EXPECT_EQ(wfctl({"run", "signal", "-q", "Org IS NOT NULL", "--yes", "go", "-o", "ids"}).exit_code, 0);
  EXPECT_EQ(client.describe(client.key("b")).unread_messages, 1);
  EXPECT_EQ(wfctl({"run", "cancel", "-q", "Org = 'o2'", "--yes"}).exit_code, 0);
  EXPECT_EQ(client.describe(client.key("b")).unread_messages, 2);
  EXPECT_EQ(client.describe(client.key("a")).unread_messages, 1);
  EXPECT_EQ(wfctl({"run", "terminate", "-q", "Org = 'o1'", "--yes"}).exit_code, 0);
  EXPECT_EQ(wfctl({"run", "count", "-q", "ExecutionStatus = 'Terminated'"}).out, "1\n");
  EXPECT_THAT(wfctl({"run", "terminate", "-q", "Org = 'o1'", "--yes"}).err, HasSubstr("no open run matches"));
  EXPECT_EQ(wfctl({"run", "cancel"}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "cancel", "a", "-q", "Org = 'o1'", "--yes"}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "signal", "a"}).exit_code, 2);
}

}  // namespace
}  // namespace holdfast::test
