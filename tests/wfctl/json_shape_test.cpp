// Programs rely on the members of wfctl's JSON: they are never renamed or removed, and docs/wfctl.md names them all.
#include "wfctl_fixture.hpp"

#include <fstream>
#include <sstream>

#include <boost/json.hpp>

namespace holdfast::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

std::vector<std::string> members(const json::value& object) {
  std::vector<std::string> names;
  for (const auto& member : object.as_object()) names.emplace_back(member.key());
  return names;
}

class JsonShape : public WfctlTest {
 protected:
  json::value answer(std::vector<std::string> arguments, const std::string& form = "json") {
    arguments.insert(arguments.end(), {"-o", form});
    return json::parse(wfctl(arguments).out);
  }
  json::value first(const std::vector<std::string>& arguments) { return answer(arguments).as_array().at(0); }
};

const std::vector<std::string> kSummary{"run_id", "namespace",  "workflow_id", "workflow_type", "task_queue",
                                        "status", "started_at", "closed_at",   "parent_run_id"};

TEST_F(JsonShape, OfRuns) {
  EXPECT_THAT(members(answer({"run", "start", "T", "--id", "a"})), ElementsAre("run_id", "workflow_id", "outcome"));
  EXPECT_THAT(members(first({"run", "signal", "a", "s"})), ElementsAre("id", "outcome"));
  EXPECT_THAT(members(first({"run", "cancel", "a"})), ElementsAre("id", "outcome"));
  EXPECT_THAT(members(first({"run", "list"})), ElementsAreArray(kSummary));
  EXPECT_THAT(members(answer({"run", "count"})), ElementsAre("count"));
  EXPECT_THAT(members(first({"run", "count", "--group-by", "WorkflowType"})), ElementsAre("value", "count"));

  auto description = kSummary;
  for (const char* name : {"waits",
                           "input",
                           "result",
                           "failure",
                           "memo",
                           "search_attributes",
                           "ready_at",
                           "owner",
                           "waiting_for",
                           "unread_messages",
                           "task_failures",
                           "task_failure",
                           "quarantined",
                           "pending_activities",
                           "parent",
                           "first_run_id",
                           "previous_run_id",
                           "next_run_id",
                           "children",
                           "schedule",
                           "updates"})
    description.emplace_back(name);
  EXPECT_THAT(members(answer({"run", "describe", "a"})), ElementsAreArray(description));

  const std::vector<std::string> update{"update_id", "name",        "run_id",      "stage",   "result",
                                        "failure",   "admitted_at", "accepted_at", "ended_at"};
  EXPECT_THAT(members(answer({"run", "update", "a", "u", "--wait", "admitted"})), ElementsAreArray(update));
  EXPECT_THAT(members(answer({"run", "describe", "a"}).at("updates").as_array().at(0)), ElementsAreArray(update));

  const auto failed = start("b");
  fail(failed, "no funds");
  EXPECT_THAT(members(answer({"run", "result", "b"})),
              ElementsAre("run_id", "workflow_id", "status", "result", "failure"));
  EXPECT_THAT(members(answer({"run", "result", "b"}).at("failure")),
              testing::IsSupersetOf({"kind", "type", "message"}));
  EXPECT_THAT(members(first({"run", "history", "b"})), ElementsAre("event_id", "at", "event"));
}

TEST_F(JsonShape, OfParentsAndChildren) {
  const auto parent = start("parent"), child = start("child");
  sql("UPDATE holdfast.runs SET parent_run_id = '" + parent +
      "', parent_seq = 3, parent_close_policy = 'terminate' WHERE run_id = '" + child + "'");
  const auto described = answer({"run", "describe", "child"}).at("parent");
  EXPECT_THAT(members(described), ElementsAre("run_id", "workflow_id", "seq"));
  EXPECT_EQ(described.at("run_id").as_string(), parent);
  EXPECT_EQ(described.at("workflow_id").as_string(), "parent");
  EXPECT_EQ(described.at("seq").as_int64(), 3);
  const auto children = answer({"run", "describe", "parent"}).at("children");
  ASSERT_EQ(children.as_array().size(), 1u);
  EXPECT_EQ(children.as_array()[0].at("run_id").as_string(), child);
  const auto listed = answer({"run", "list", "--parent", "parent"});
  ASSERT_EQ(listed.as_array().size(), 1u);
  EXPECT_EQ(listed.as_array()[0].at("workflow_id").as_string(), "child");
  EXPECT_THAT(wfctl({"run", "describe", "child"}).out, HasSubstr("parent, run " + parent));
  EXPECT_THAT(wfctl({"run", "describe", "parent"}).out, HasSubstr("child (Test): running"));
}

TEST_F(JsonShape, OfPendingActivities) {
  const auto id = start("a");
  sql("INSERT INTO holdfast.activity_tasks (seq, run_id, ready_at, scheduled_at, namespace, workflow_id, task_queue,"
      " activity, input, options) VALUES (1, '" +
      id + "', now(), now(), 'default', 'a', 'default', 'charge', '{}', '{}')");
  EXPECT_THAT(members(answer({"run", "describe", "a"}).at("pending_activities").as_array().at(0)),
              ElementsAre("seq", "activity", "task_queue", "attempt", "max_attempts", "scheduled_at", "next_attempt_at",
                          "owner", "last_failure", "limit_key", "waits_for_limit"));
}

TEST_F(JsonShape, OfWorkersQueuesAndTheDoctor) {
  client.store().register_worker({.identity = "w", .task_queues = {"default"}, .version = "1", .lease = 1h});
  start("a");
  EXPECT_THAT(members(first({"worker", "list"})),
              ElementsAre("worker_id", "identity", "version", "task_queues", "alive", "started_at", "lease_until",
                          "owned_runs", "owned_activities"));
  EXPECT_THAT(
      members(first({"queue", "list"})),
      ElementsAre("task_queue", "ready_runs", "parked_runs", "owned_runs", "waiting_activities", "running_activities",
                  "oldest_ready_age_us", "workers", "max_concurrent", "rate", "rate_per_us"));
  wfctl({"limit", "set", "k", "--rate", "5"});
  EXPECT_THAT(members(first({"limit", "list"})),
              ElementsAre("scope", "name", "rule_of", "max_concurrent", "rate", "per_us", "burst", "running", "waiting",
                          "reason", "updated_by", "origin", "updated_at"));
  const auto report = answer({"doctor"});
  EXPECT_THAT(members(report), ElementsAre("healthy", "runs_examined", "checks", "facts"));
  EXPECT_THAT(members(report.at("checks").as_array().at(0)),
              ElementsAre("check", "kind", "state", "findings", "more", "error"));
}

TEST(WfctlDocs, NameEveryCommandAndEveryMember) {
  std::ostringstream docs;
  docs << std::ifstream(HOLDFAST_SOURCE_DIR "/docs/wfctl.md").rdbuf();
  for (const char* command :
       {"wfctl dev", "wfctl migrate", "wfctl run list", "wfctl run describe", "wfctl run history", "wfctl run start",
        "wfctl run signal", "wfctl run cancel", "wfctl run terminate", "wfctl run result", "wfctl worker list",
        "wfctl queue list", "wfctl limit set", "wfctl limit list", "wfctl doctor", "wfctl version"})
    EXPECT_THAT(docs.str(), HasSubstr(command));
  auto names = kSummary;
  for (const char* name : {"waits", "pending_activities", "next_attempt_at", "oldest_ready_age_us", "owned_activities",
                           "runs_examined", "findings", "event_id", "outcome", "quarantined", "task_failures"})
    names.emplace_back(name);
  for (const auto& name : names) EXPECT_THAT(docs.str(), HasSubstr("`" + name + "`"));
}

}  // namespace
}  // namespace holdfast::test
