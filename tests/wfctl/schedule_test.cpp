#include "wfctl_fixture.hpp"

#include <boost/json.hpp>

namespace holdfast::test {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class ScheduleCommands : public WfctlTest {
 protected:
  WfctlResult create(const std::string& id, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"schedule", "create", id, "--type", "Report", "--cron", "30 2 * * *"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return wfctl(arguments);
  }
  json::value describe(const std::string& id) {
    return json::parse(wfctl({"schedule", "describe", id, "-o", "json"}).out);
  }
};

TEST_F(ScheduleCommands, NextNeedsNoServer) {
  const auto next = [](std::vector<std::string> options) {
    options.insert(options.begin(), {"schedule", "next"});
    return run_wfctl(options, "", {{"HOLDFAST_DATABASE_URL", "host=/nowhere"}});
  };
  const auto ids = next({"--cron", "30 2 * * *", "--time-zone", "Europe/Berlin", "--after", "2026-03-27T12:00:00Z",
                         "--count", "2", "-o", "ids"});
  EXPECT_EQ(ids.out, "2026-03-28T01:30:00.000000Z\n2026-03-30T00:30:00.000000Z\n");
  EXPECT_EQ(ids.exit_code, 0);
  EXPECT_THAT(next({"--every", "1h/5m", "--after", "2026-03-27T12:00:00Z", "--count", "1"}).out,
              HasSubstr("2026-03-27 12:05:00"));
  EXPECT_EQ(next({"-o", "json"}).out, "[]\n");
  const auto bad = next({"--cron", "61 * * * *"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr("cron[0] minute is '61'; allowed: 0 to 59"));
  EXPECT_EQ(next({"--calendar", "{\"hours\":\"1\"}"}).exit_code, 2);
  EXPECT_EQ(next({"--time-zone", "Mars"}).exit_code, 2);
}

TEST_F(ScheduleCommands, CreateShowsUpInListAndDescribe) {
  EXPECT_EQ(wfctl({"schedule", "list"}).out, "no schedules\n");
  const auto created = create("nightly", {"--overlap", "buffer_one", "--input", "{\"a\":1}", "--note", "every night",
                                          "--time-zone", "Europe/Berlin", "-o", "json"});
  EXPECT_EQ(created.exit_code, 0) << created.err;
  EXPECT_EQ(json::parse(created.out).at("outcome").as_string(), "created");
  const auto row = describe("nightly");
  EXPECT_EQ(row.at("workflow_type").as_string(), "Report");
  EXPECT_EQ(row.at("state").as_string(), "active");
  EXPECT_EQ(row.at("definition").at("overlap").as_string(), "buffer_one");
  EXPECT_EQ(row.at("input").at("a").as_int64(), 1);
  EXPECT_EQ(row.at("next_times").as_array().size(), 10U);
  EXPECT_THAT(wfctl({"schedule", "describe", "nightly"}).out,
              AllOf(HasSubstr("30 2 * * * (Europe/Berlin)"), HasSubstr("every night"), HasSubstr("Report on default")));
  EXPECT_THAT(wfctl({"schedule", "list"}).out, AllOf(HasSubstr("nightly"), HasSubstr("active")));
  EXPECT_EQ(wfctl({"schedule", "list", "-o", "ids"}).out, "nightly\n");
  EXPECT_EQ(create("nightly").exit_code, 6);
}

TEST_F(ScheduleCommands, UpdateChangesOnlyWhatIsGiven) {
  create("nightly", {"--input", "5", "--jitter", "10s"});
  EXPECT_EQ(wfctl({"schedule", "update", "nightly", "--cron", "@hourly", "--limit-actions", "3"}).exit_code, 0);
  const auto row = describe("nightly");
  EXPECT_EQ(row.at("definition").at("spec").at("cron").at(0).as_string(), "@hourly");
  EXPECT_EQ(row.at("definition").at("spec").at("jitter").as_string(), "10s");
  EXPECT_EQ(row.at("input").as_int64(), 5);
  EXPECT_EQ(row.at("remaining_actions").as_int64(), 3);
  EXPECT_EQ(row.at("version").as_int64(), 2);
  EXPECT_EQ(wfctl({"schedule", "update", "nobody", "--cron", "@hourly"}).exit_code, 4);
  EXPECT_EQ(wfctl({"schedule", "update", "nightly", "--cron", "x"}).exit_code, 2);
}

TEST_F(ScheduleCommands, PauseResumeAndDeleteTakeManyIds) {
  create("a");
  create("b");
  EXPECT_EQ(wfctl({"schedule", "pause", "a", "b", "--note", "holiday"}).out, "paused  a\npaused  b\n");
  EXPECT_EQ(describe("a").at("state").as_string(), "paused");
  EXPECT_EQ(describe("a").at("note").as_string(), "holiday");
  EXPECT_EQ(wfctl({"schedule", "list", "--paused", "-o", "ids"}).out, "a\nb\n");
  EXPECT_EQ(wfctl({"schedule", "resume", "-"}, "a\nb\n").exit_code, 0);
  EXPECT_EQ(describe("b").at("state").as_string(), "active");
  const auto mixed = wfctl({"schedule", "delete", "a", "nobody"});
  EXPECT_EQ(mixed.out, "deleted  a\n");
  EXPECT_EQ(mixed.exit_code, 4);
  EXPECT_EQ(wfctl({"schedule", "list", "-o", "ids"}).out, "b\n");
}

TEST_F(ScheduleCommands, TriggerAndBackfillLeaveRequestsForAWorker) {
  create("nightly", {"--paused"});
  const auto triggered = wfctl({"schedule", "trigger", "nightly", "--overlap", "allow_all", "-o", "ids"});
  EXPECT_THAT(triggered.out, StartsWith("nightly-20"));
  EXPECT_EQ(wfctl({"schedule", "backfill", "nightly", "--from", "7d"}).exit_code, 0);
  EXPECT_EQ(describe("nightly").at("pending_requests").as_int64(), 2);
  EXPECT_EQ(wfctl({"schedule", "trigger", "nobody"}).exit_code, 4);
  EXPECT_EQ(wfctl({"schedule", "backfill", "nightly", "--from", "2100-01-01T00:00:00Z"}).exit_code, 2);
}

TEST_F(ScheduleCommands, DoctorNamesSchedulesThatCannotFireOrAreOverdue) {
  create("late");
  sql("UPDATE holdfast.schedules SET next_at = now() - interval '5 minutes', error = 'cron[0] is wrong', "
      "state = '{\"missed_catch_up\":4}'");
  const auto report = wfctl({"doctor"});
  EXPECT_EQ(report.exit_code, 0);  // warnings
  EXPECT_THAT(report.out,
              AllOf(HasSubstr("schedule late: cron[0] is wrong"), HasSubstr("schedule late is overdue since"),
                    HasSubstr("schedule late missed 4 times")));
}

}  // namespace
}  // namespace holdfast::test
