// `wfctl doctor`: clean on what the engine writes, and each promise is found out when the tables break it.
#include "wfctl_fixture.hpp"

#include <boost/json.hpp>

namespace holdfast::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class Doctor : public WfctlTest {
 protected:
  json::value examine(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"doctor", "-o", "json"});
    const auto result = wfctl(options);
    EXPECT_EQ(result.exit_code, json::parse(result.out).at("healthy").as_bool() ? 0 : 1) << result.err;
    return json::parse(result.out);
  }

  /// Names of the checks in a state such as "broken".
  static std::vector<std::string> checks_in(const json::value& report, std::string_view state) {
    std::vector<std::string> names;
    for (const auto& check : report.at("checks").as_array())
      if (check.at("state").as_string() == state) names.emplace_back(check.at("check").as_string());
    return names;
  }

  /// An open run, claimed once and parked for a message.
  std::string parked(const std::string& workflow_id) {
    const auto id = start(workflow_id);
    sql("UPDATE holdfast.live_runs SET fresh = false, ready_at = 'infinity', waiting_for = 'a message' WHERE run_id = "
        "'" +
        id + "'");
    return id;
  }

  static std::string task(const std::string& run_id, const std::string& owner = "NULL",
                          const std::string& ready_at = "now()") {
    return "INSERT INTO holdfast.activity_tasks (seq, run_id, ready_at, scheduled_at, owner, namespace, workflow_id,"
           " task_queue, activity, input, options) VALUES (2, '" +
           run_id + "', " + ready_at + ", now(), " + owner + ", 'default', 'x', 'default', 'charge', '{}', '{}')";
  }
};

TEST_F(Doctor, FindsNothingOnAnEmptyDatabase) {
  const auto report = examine();
  EXPECT_TRUE(report.at("healthy").as_bool());
  EXPECT_THAT(checks_in(report, "broken"), IsEmpty());
  EXPECT_THAT(checks_in(report, "not checked"), IsEmpty());
}

TEST_F(Doctor, FindsNothingOnWhatTheEngineWrites) {
  complete(start("completed"));
  fail(start("failed"), "no funds");
  close(start("canceled"), {.status = store::RunStatus::canceled});
  start("terminated");
  client.terminate(client.key("terminated"), "enough");
  start("fresh");
  start("delayed", "T", {.start_delay = 1h});
  parked("waits");
  client.signal_json(client.key("waits"), "wake-up");
  sql(task(parked("waits-for-activity")));
  const auto report = examine();
  EXPECT_TRUE(report.at("healthy").as_bool()) << json::serialize(report);
  EXPECT_EQ(report.at("runs_examined").as_int64(), 8);
}

TEST_F(Doctor, FindsEveryBrokenPromise) {
  const auto closed = start("closed");
  complete(closed);
  const auto open = parked("open");
  const auto expect_broken = [&](const std::string& check, const std::string& damage, const std::string& repair) {
    sql(damage);
    const auto report = examine();
    EXPECT_THAT(checks_in(report, "broken"), Contains(check)) << damage;
    EXPECT_THAT(checks_in(report, "not checked"), IsEmpty());
    sql(repair);
    EXPECT_TRUE(examine().at("healthy").as_bool()) << "after " << repair << json::serialize(examine());
  };
  const std::string of_open = " WHERE run_id = '" + open + "'", of_closed = " WHERE run_id = '" + closed + "'";
  const auto message = [](const std::string& run) {
    return "INSERT INTO holdfast.inbox (run_id, message_id, kind, name, payload) VALUES ('" + run +
           "', gen_random_uuid(), 'signal', 'x', '{}')";
  };
  const std::string no_tasks = "DELETE FROM holdfast.activity_tasks", no_messages = "DELETE FROM holdfast.inbox";

  expect_broken("every running run has a live row",
                "CREATE TABLE kept AS SELECT * FROM holdfast.live_runs; DELETE FROM holdfast.live_runs",
                "INSERT INTO holdfast.live_runs SELECT * FROM kept; DROP TABLE kept");
  expect_broken("every live row is of a running run", "UPDATE holdfast.live_runs SET task_queue = 'other'",
                "UPDATE holdfast.live_runs SET task_queue = 'default'");
  expect_broken("every closed run has its time and outcome", "UPDATE holdfast.runs SET result = NULL" + of_closed,
                "UPDATE holdfast.runs SET result = '{}'" + of_closed);
  expect_broken("histories are contiguous", "UPDATE holdfast.history SET event_id = 2" + of_closed,
                "UPDATE holdfast.history SET event_id = 1" + of_closed);
  expect_broken("histories are contiguous",
                "INSERT INTO holdfast.history (run_id, event_id, at, events) VALUES ('" + open + "', 1, now(), '[]')",
                "DELETE FROM holdfast.history" + of_open);
  const std::string end = "closed runs end once, as the last event; open runs have no end";
  expect_broken(end, "UPDATE holdfast.runs SET status = 'failed', failure = '{}', result = NULL" + of_closed,
                "UPDATE holdfast.runs SET status = 'completed', failure = NULL, result = '{}'" + of_closed);
  expect_broken(end,
                "INSERT INTO holdfast.history (run_id, event_id, at, events) VALUES ('" + closed +
                    "', 3, now(), '[{\"type\":\"WorkflowCompleted\"}]')",
                "DELETE FROM holdfast.history WHERE event_id = 3");
  expect_broken(end,
                "INSERT INTO holdfast.history (run_id, event_id, at, events) VALUES ('" + closed +
                    "', 3, now(), '[{\"type\":\"TimerStarted\",\"seq\":1}]')",
                "DELETE FROM holdfast.history WHERE event_id = 3");
  expect_broken(end,
                "INSERT INTO holdfast.history (run_id, event_id, at, events) VALUES ('" + open +
                    "', 1, now(), '[{\"type\":\"WorkflowFailed\"}]')",
                "DELETE FROM holdfast.history" + of_open);
  expect_broken(end, "CREATE TABLE kept AS SELECT * FROM holdfast.history; DELETE FROM holdfast.history" + of_closed,
                "INSERT INTO holdfast.history SELECT * FROM kept; DROP TABLE kept");
  expect_broken("every history belongs to a run",
                "INSERT INTO holdfast.history (run_id, event_id, at, events) VALUES"
                " ('0190163d-8694-739b-aea5-966c26f8ad91', 1, now(), '[{\"type\":\"WorkflowStarted\"}]')",
                "DELETE FROM holdfast.history WHERE run_id = '0190163d-8694-739b-aea5-966c26f8ad91'");
  expect_broken("owners exist and their leases live", "UPDATE holdfast.live_runs SET owner = 4711",
                "UPDATE holdfast.live_runs SET owner = NULL");
  expect_broken("every parked run has a reason to wake", "UPDATE holdfast.live_runs SET waiting_for = ''",
                "UPDATE holdfast.live_runs SET waiting_for = 'a message'");
  expect_broken("every unread message rang the doorbell", message(open), no_messages);
  const std::string owned = "UPDATE holdfast.live_runs SET owner = " +
                            std::to_string(client.store().register_worker(
                                {.identity = "w", .task_queues = {"default"}, .version = "1", .lease = 1h}));
  sql(owned + "; " + message(open));
  EXPECT_TRUE(examine().at("healthy").as_bool()) << "the owner has only just read it";
  sql("UPDATE holdfast.live_runs SET owner = NULL; " + no_messages);
  expect_broken("every unread message rang the doorbell",
                owned + "; " + message(open) + "; UPDATE holdfast.inbox SET at = now() - interval '1 minute'",
                "UPDATE holdfast.live_runs SET owner = NULL; " + no_messages);
  const std::string scheduled =
      "INSERT INTO holdfast.history (run_id, event_id, at, events) VALUES ('" + open +
      "', 1, now(), "
      "'[{\"type\":\"WorkflowStarted\"},{\"type\":\"ActivityScheduled\",\"seq\":2,\"activity\":\"charge\"}]')";
  expect_broken("parked runs: every pending activity is a task", scheduled, "DELETE FROM holdfast.history" + of_open);
  const std::string timer =
      "INSERT INTO holdfast.history (run_id, event_id, at, events) VALUES ('" + open +
      "', 1, now(), "
      "'[{\"type\":\"WorkflowStarted\"},{\"type\":\"TimerStarted\",\"seq\":1,\"fire_at\":\"2030-01-01T00:00:00Z\"}]')";
  expect_broken("parked runs: every timer is due in time", timer, "DELETE FROM holdfast.history" + of_open);
  expect_broken("no message of a closed run is left", message(closed), no_messages);
  const auto update = [](const std::string& run_id) {
    return "INSERT INTO holdfast.updates (run_id, chain_id, update_id, name) VALUES ('" + run_id + "', '" + run_id +
           "', 'u1', 'go')";
  };
  const std::string no_updates = "DELETE FROM holdfast.updates";
  expect_broken("every update ends with its run", update(closed), no_updates);
  expect_broken("every admitted update is in its run's inbox", update(open), no_updates);
  expect_broken("no task of a closed run is left", task(closed, "NULL", "now()"), no_tasks);
  expect_broken("every task goes on", task(open, "4711", "now()"), no_tasks);
  expect_broken("every task goes on", task(open, "NULL", "'infinity'"), no_tasks);
}

TEST_F(Doctor, KnowsThatAWorkerWithALiveLeaseTakesOver) {
  parked("open");
  const auto dead =
      client.store().register_worker({.identity = "dead", .task_queues = {"default"}, .version = "1", .lease = 1h});
  sql("UPDATE holdfast.live_runs SET owner = " + std::to_string(dead) +
      "; UPDATE holdfast.workers SET started_at = now() - interval '1 hour', lease_until = now() - interval '10 "
      "minutes'");
  const std::string check = "owners exist and their leases live";
  EXPECT_THAT(checks_in(examine(), "broken"), IsEmpty()) << "nobody is there to take over";
  EXPECT_THAT(checks_in(examine(), "warning"), Contains("no worker's lease has ended"));
  client.store().register_worker({.identity = "new", .task_queues = {"default"}, .version = "1", .lease = 1h});
  EXPECT_THAT(checks_in(examine(), "broken"), IsEmpty()) << "it has only just come";
  sql("UPDATE holdfast.workers SET started_at = now() - interval '1 minute' WHERE identity = 'new'");
  EXPECT_THAT(checks_in(examine(), "broken"), Contains(check));
}

TEST_F(Doctor, WarnsWithoutFailing) {
  start("ready");
  sql("UPDATE holdfast.live_runs SET ready_at = now() - interval '1 hour'");
  parked("quarantined");
  sql("UPDATE holdfast.live_runs SET quarantined = true, waiting_for = 'died 5 times' WHERE workflow_id = "
      "'quarantined'");
  parked("failing");
  sql("UPDATE holdfast.live_runs SET task_failures = 2, task_failure = 'bug', ready_at = now() + interval '1 hour'"
      " WHERE workflow_id = 'failing'");
  const auto result = wfctl({"doctor"});
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_THAT(result.out, AllOf(HasSubstr("queue default has 1 ready run(s), and no live worker serves it"),
                                HasSubstr("died 5 times"), HasSubstr("2 failed tasks in a row; last error: bug"),
                                HasSubstr("every promise holds"), HasSubstr("oldest transaction"),
                                HasSubstr("dead rows"), HasSubstr("replication slots")));
}

TEST_F(Doctor, KeepsTheNumberOfFindingsAndReadsByPages) {
  std::vector<client::StartRequest> requests;
  for (int i = 0; i < 5200; ++i) requests.push_back({.workflow_type = "T", .workflow_id = "r" + std::to_string(i)});
  client.start_many(requests);
  sql("DELETE FROM holdfast.live_runs");
  const auto report = examine({"--findings", "7"});
  EXPECT_EQ(report.at("runs_examined").as_int64(), 5200);
  const auto& check = report.at("checks").as_array().front();
  EXPECT_EQ(check.at("findings").as_array().size(), 7U);
  EXPECT_TRUE(check.at("more").as_bool());
  EXPECT_EQ(wfctl({"doctor", "-o", "ids", "--findings", "3"}).exit_code, 1);
}

TEST_F(Doctor, LooksOnlyAtNewRunsWhenAskedTo) {
  start("old");
  sql("DELETE FROM holdfast.live_runs");
  EXPECT_FALSE(examine().at("healthy").as_bool());
  EXPECT_TRUE(examine({"--since", "2099-01-01T00:00:00Z"}).at("healthy").as_bool());
  EXPECT_EQ(wfctl({"doctor", "--since", "recently"}).exit_code, 2);
}

}  // namespace
}  // namespace holdfast::test
