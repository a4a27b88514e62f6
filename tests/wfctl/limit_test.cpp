#include "wfctl_fixture.hpp"

#include <boost/json.hpp>

namespace holdfast::test {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;

class LimitCommands : public WfctlTest {
 protected:
  json::value describe(const std::string& name) {
    return json::parse(wfctl({"limit", "describe", name, "-o", "json"}).out);
  }
  void add_task(const std::string& key, int count) {
    sql("INSERT INTO holdfast.activity_tasks (seq, run_id, ready_at, scheduled_at, namespace, workflow_id, task_queue, "
        "activity, input, options, limit_key) SELECT n, holdfast.uuid_v7(), now(), now(), 'default', 'w', 'hooks', "
        "'send', "
        "'{}', '{}', '" +
        key + "' FROM generate_series(1, " + std::to_string(count) + ") n");
  }
};

TEST_F(LimitCommands, SetShowsUpInListAndDescribeAndDeleteRemovesIt) {
  EXPECT_EQ(wfctl({"limit", "list"}).out, "no limits\n");
  EXPECT_EQ(wfctl({"limit", "list", "-o", "json"}).out, "[]\n");
  EXPECT_EQ(wfctl({"limit", "set", "endpoint/*", "--max-concurrent", "5", "--reason", "their servers are slow"}).out,
            "set  key:endpoint/*\n");
  EXPECT_EQ(wfctl({"limit", "set", "queue:hooks", "--rate", "90/1m", "-o", "ids"}).out, "queue:hooks\n");
  add_task("endpoint/7", 3);
  EXPECT_THAT(wfctl({"limit", "list"}).out, AllOf(HasSubstr("queue:hooks"), HasSubstr("90 per 1 min, burst 1"),
                                                  HasSubstr("key:endpoint/*"), HasSubstr("their servers are slow")));
  EXPECT_EQ(wfctl({"limit", "list", "-o", "ids"}).out, "queue:hooks\nkey:endpoint/*\n");
  EXPECT_EQ(wfctl({"limit", "list", "--queues", "-o", "ids"}).out, "queue:hooks\n");
  EXPECT_EQ(wfctl({"limit", "list", "--prefix", "end", "-o", "ids"}).out, "key:endpoint/*\n");
  const auto row = describe("endpoint/7");
  EXPECT_EQ(row.at("rule_of").as_string(), "endpoint/*");
  EXPECT_EQ(row.at("max_concurrent").as_int64(), 5);
  EXPECT_TRUE(row.at("rate").is_null());
  EXPECT_EQ(row.at("waiting").as_int64(), 3);
  EXPECT_THAT(wfctl({"limit", "describe", "endpoint/7"}).out, HasSubstr("key:endpoint/*"));
  EXPECT_THAT(wfctl({"queue", "list"}).out, HasSubstr("90 per 1 min"));
  const auto deleted = run_wfctl({"limit", "delete", "-", "-o", "ids"}, "queue:hooks\nkey:endpoint/*\n",
                                 {{"HOLDFAST_DATABASE_URL", database.connection_string()}});
  EXPECT_EQ(deleted.out, "queue:hooks\nkey:endpoint/*\n") << deleted.err;
  EXPECT_EQ(wfctl({"limit", "list"}).out, "no limits\n");
}

TEST_F(LimitCommands, WhatIsWrongIsSaidAndNothingIsDone) {
  const auto refused = [&](std::vector<std::string> arguments, int code, const std::string& words) {
    arguments.insert(arguments.begin(), {"limit"});
    const auto result = wfctl(arguments);
    EXPECT_EQ(result.exit_code, code) << words;
    EXPECT_THAT(result.err, HasSubstr(words));
  };
  refused({"set", "k"}, 2, "max_concurrent is not set, nor is rate; allowed: at least one of them");
  refused({"set", "k", "--rate", "fast"}, 2, "--rate is \"fast\"");
  refused({"set", "k", "--rate", "5/never"}, 2, "--rate");
  refused({"set", "k", "--max-concurrent", "-2"}, 2, "max_concurrent is -2; allowed: 0 to 1000000");
  refused({"set", "a*", "--max-concurrent", "1"}, 2, "allowed: a key without *");
  refused({"set", "queue:", "--max-concurrent", "1"}, 2, "name is empty");
  refused({"describe", "nobody"}, 4, "there is no limit of key \"nobody\"");
  refused({"delete", "queue:nobody"}, 4, "there is no limit of queue \"nobody\"");
  EXPECT_EQ(wfctl({"limit", "list"}).out, "no limits\n");
}

TEST_F(LimitCommands, TheDoctorTellsOfALimitThatStopsAllAndOfALineThatNobodyLooksAt) {
  wfctl({"limit", "set", "k", "--max-concurrent", "0"});
  const auto id = start("a");
  sql("INSERT INTO holdfast.activity_tasks (seq, run_id, ready_at, scheduled_at, namespace, workflow_id, task_queue, "
      "activity, "
      "input, options, limit_key, in_line) VALUES (1, '" +
      id + "', now(), now(), 'default', 'a', 'hooks', 'send', '{}', '{}', 'k', true)");
  const auto report = wfctl({"doctor"});
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_THAT(report.out,
              AllOf(HasSubstr("limit of key k is 0, and 1 tasks wait"), HasSubstr("nobody looks at that line")));
  sql("INSERT INTO holdfast.limit_lines (task_queue, limit_key, look_at) VALUES ('hooks', 'k', now())");
  EXPECT_THAT(wfctl({"doctor"}).out, testing::Not(HasSubstr("nobody looks at that line")));
}

}  // namespace
}  // namespace holdfast::test
