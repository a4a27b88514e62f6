#include "wfctl_fixture.hpp"

#include <boost/json.hpp>

#include <cstdlib>
#include <fstream>
#include <future>

namespace holdfast::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = text.find('\n', from);
    lines.push_back(text.substr(from, end - from));
    if (end == std::string::npos) break;
    from = end + 1;
  }
  return lines;
}

std::string member(const json::value& object, const char* name) { return std::string(object.at(name).as_string()); }

class RunCommands : public WfctlTest {};

// --- list
// -------------------------------------------------------------------------------------------------------------

TEST_F(RunCommands, ListNothingInEveryForm) {
  EXPECT_EQ(wfctl({"run", "list"}).out, "no runs\n");
  EXPECT_EQ(wfctl({"run", "list", "-o", "json"}).out, "[]\n");
  EXPECT_EQ(wfctl({"run", "list", "-o", "jsonl"}).out, "");
  EXPECT_EQ(wfctl({"run", "list", "-o", "ids"}).out, "");
}

TEST_F(RunCommands, ListTheNewestFirstInEveryForm) {
  const auto first = start("call-1"), second = start("call-2");
  complete(first);

  const auto table = wfctl({"run", "list"});
  EXPECT_EQ(table.exit_code, 0);
  const auto rows = lines_of(table.out);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[0], AllOf(StartsWith("STATUS"), HasSubstr("WORKFLOW ID")));
  EXPECT_THAT(rows[1], AllOf(HasSubstr("running"), HasSubstr("call-2"), HasSubstr(second)));
  EXPECT_THAT(rows[2], AllOf(HasSubstr("completed"), HasSubstr("call-1"), HasSubstr(first)));
  EXPECT_THAT(table.out, Not(HasSubstr("\x1b"))) << "colours without a terminal";

  const auto array = json::parse(wfctl({"run", "list", "-o", "json"}).out).as_array();
  ASSERT_EQ(array.size(), 2U);
  EXPECT_EQ(member(array[0], "run_id"), second);
  EXPECT_EQ(member(array[1], "status"), "completed");
  EXPECT_TRUE(array[0].at("closed_at").is_null());

  const auto objects = lines_of(wfctl({"run", "list", "-o", "jsonl"}).out);
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(member(json::parse(objects[1]), "workflow_id"), "call-1");

  EXPECT_EQ(wfctl({"run", "list", "-o", "ids"}).out, second + "\n" + first + "\n");
}

TEST_F(RunCommands, ListByFilter) {
  const auto a = start("call-1", "Call"), b = start("hook-1", "Hook", {.task_queue = "hooks"});
  complete(a);
  const auto ids = [&](std::vector<std::string> filter) {
    filter.insert(filter.begin(), {"run", "list", "-o", "ids"});
    return wfctl(filter).out;
  };
  EXPECT_EQ(ids({"--type", "Call"}), a + "\n");
  EXPECT_EQ(ids({"--status", "running"}), b + "\n");
  EXPECT_EQ(ids({"--queue", "hooks"}), b + "\n");
  EXPECT_EQ(ids({"--id-prefix", "call-"}), a + "\n");
  EXPECT_EQ(ids({"--id-prefix", "%"}), "");
  EXPECT_EQ(ids({"--since", "1h"}), b + "\n" + a + "\n");
  EXPECT_EQ(ids({"--until", "1h"}), "");
  EXPECT_EQ(ids({"--since", "2020-01-01T00:00:00Z", "--limit", "1"}), b + "\n");
  EXPECT_EQ(ids({"-n", "elsewhere"}), "");
}

TEST_F(RunCommands, ListMoreThanOnePage) {
  std::vector<client::StartRequest> requests;
  for (int i = 0; i < 1003; ++i) requests.push_back({.workflow_type = "T", .workflow_id = "r" + std::to_string(i)});
  client.start_many(requests);
  EXPECT_EQ(lines_of(wfctl({"run", "list", "-o", "ids", "--limit", "1002"}).out).size(), 1002U);
  EXPECT_EQ(json::parse(wfctl({"run", "list", "-o", "json", "--limit", "5000"}).out).as_array().size(), 1003U);
}

TEST_F(RunCommands, RejectBadFilters) {
  for (const std::string& when : {"yesterday", "", "-5m", "5", "5x", "2026-13-01T00:00:00Z", "99999999999999999999h"}) {
    const auto result = wfctl({"run", "list", "--since=" + when});
    EXPECT_EQ(result.exit_code, 2) << when << result.err;
  }
  EXPECT_EQ(wfctl({"run", "list", "--type", std::string(300, 'x')}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "list", "--queue", "\xff"}).exit_code, 2);
}

// --- start
// ------------------------------------------------------------------------------------------------------------

TEST_F(RunCommands, StartARun) {
  const auto result = wfctl({"run", "start", "Call", "--id", "call-1", "--queue", "calls", "--input",
                             R"({"n": 12345678901234567890123})", "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto answer = json::parse(result.out);
  EXPECT_EQ(member(answer, "workflow_id"), "call-1");
  EXPECT_EQ(member(answer, "outcome"), "started");
  const auto run = client.describe(client.key("call-1"));
  EXPECT_EQ(run.summary.run_id.to_string(), member(answer, "run_id"));
  EXPECT_EQ(run.summary.task_queue, "calls");
  EXPECT_EQ(run.input, R"({"n": 12345678901234567890123})");
}

TEST_F(RunCommands, StartWithAnIdOfTheirOwnMaking) {
  EXPECT_THAT(wfctl({"run", "start", "Call"}).out, HasSubstr("Call-"));
  EXPECT_EQ(client.list({}).size(), 1U);
}

TEST_F(RunCommands, StartReadsItsInputFromAFileOrStandardInput) {
  EXPECT_EQ(wfctl({"run", "start", "T", "--id", "a", "--input-file", "-"}, R"({"from":"stdin"})").exit_code, 0);
  EXPECT_EQ(client.describe(client.key("a")).input, R"({"from":"stdin"})");
  EXPECT_EQ(wfctl({"run", "start", "T", "--id", "b", "--input-file", "/nonexistent"}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "start", "T", "--id", "b", "--input-file", "-", "--input", "{}"}, "{}").exit_code, 2);
}

TEST_F(RunCommands, StartAnswersAConflictWithExitCode6) {
  const auto first = start("call-1");
  const auto second = wfctl({"run", "start", "T", "--id", "call-1"});
  EXPECT_EQ(second.exit_code, 6);
  EXPECT_THAT(second.err, HasSubstr(first));
  const auto joined = wfctl({"run", "start", "T", "--id", "call-1", "--conflict", "use_existing", "-o", "ids"});
  EXPECT_EQ(joined.exit_code, 0) << joined.err;
  EXPECT_EQ(joined.out, first + "\n");
  complete(first);
  EXPECT_EQ(wfctl({"run", "start", "T", "--id", "call-1", "--reuse", "reject_duplicate"}).exit_code, 6);
  EXPECT_EQ(wfctl({"run", "start", "T", "--id", "call-1"}).exit_code, 0);
}

TEST_F(RunCommands, StartRejectsBadInputOfEveryKindAndStartsNothing) {
  const std::string huge = "\"" + std::string(5'000'000, 'x') + "\"";
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--input", "{oops"}, ""},
      {{"--input", "{} {}"}, ""},
      {{"--input", "\"\xff\""}, ""},
      {{"--input-file", "-"}, ""},
      {{"--input-file", "-"}, std::string("\"a\0b\"", 5)},
      {{"--input-file", "-"}, huge},
      {{"--input-file", "-"}, "\xc3\x28"},
      {{"--id", std::string(1001, 'i')}, ""},
      {{"--id", "\xff\xfe"}, ""},
      {{"--queue", std::string(256, 'q')}, ""},
      {{"--delay", "soon"}, ""},
      {{"--delay", "-1s"}, ""},
      {{"--execution-timeout", "0s"}, ""},
      {{"--memo", "[]"}, ""},
      {{"--search-attributes", R"({"a":"\u0000"})"}, ""},
      {{"-n", std::string(256, 'n')}, ""},
  };
  for (const auto& [arguments, input] : cases) {
    std::vector<std::string> line{"run", "start", "T"};
    line.insert(line.end(), arguments.begin(), arguments.end());
    const auto result = wfctl(line, input);
    EXPECT_EQ(result.exit_code, 2) << arguments[0] << " " << arguments[1].substr(0, 40) << result.err;
    EXPECT_THAT(result.err, StartsWith("wfctl: ")) << arguments[0];
    EXPECT_LT(result.err.size(), 1000U);
  }
  EXPECT_EQ(wfctl({"run", "start", ""}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "start", std::string(256, 'T')}).exit_code, 2);
  EXPECT_THAT(client.list({}), IsEmpty());
}

// --- describe
// ---------------------------------------------------------------------------------------------------------

TEST_F(RunCommands, DescribeAClosedRunInEveryForm) {
  const auto id = start("call-1");
  complete(id, R"({"total": 1.10})");
  const auto text = wfctl({"run", "describe", "call-1"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, AllOf(HasSubstr("completed"), HasSubstr(R"({"total": 1.10})"), Not(HasSubstr("waits"))));
  const auto object = wfctl({"run", "describe", id, "-o", "json"}).out;
  EXPECT_THAT(object, HasSubstr("1.10")) << "payload numbers are copied, not rewritten";
  const auto parsed = json::parse(object);
  EXPECT_EQ(member(parsed, "status"), "completed");
  EXPECT_TRUE(parsed.at("failure").is_null());
  EXPECT_TRUE(parsed.at("waits").as_array().empty());
  EXPECT_EQ(lines_of(wfctl({"run", "describe", "call-1", "-o", "jsonl"}).out).size(), 1U);
  EXPECT_EQ(wfctl({"run", "describe", "call-1", "-o", "ids"}).out, id + "\n");
}

TEST_F(RunCommands, DescribeManyFromStandardInput) {
  const auto a = start("a"), b = start("b");
  const auto both = wfctl({"run", "describe", "-", "-o", "ids"}, a + "\n\n" + "b\r\n");
  EXPECT_EQ(both.exit_code, 0) << both.err;
  EXPECT_EQ(both.out, a + "\n" + b + "\n");
  const auto some = wfctl({"run", "describe", "a", "nobody", "-o", "ids"});
  EXPECT_EQ(some.exit_code, 4);
  EXPECT_EQ(some.out, a + "\n");
}

TEST_F(RunCommands, DescribeFindsAWorkflowIdThatLooksLikeARunId) {
  const std::string id = "0190163d-8694-739b-aea5-966c26f8ad91";
  const auto run = start(id);
  EXPECT_EQ(wfctl({"run", "describe", id, "-o", "ids"}).out, run + "\n");
}

TEST_F(RunCommands, DescribeAnswersUnknownAndBadIds) {
  EXPECT_EQ(wfctl({"run", "describe", "nobody"}).exit_code, 4);
  EXPECT_EQ(wfctl({"run", "describe", "0190163d-8694-739b-aea5-966c26f8ad91"}).exit_code, 4);
  EXPECT_EQ(wfctl({"run", "describe", ""}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "describe", "\xff"}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "describe", std::string(5000, 'x')}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "describe", "-"}, std::string("a\0b\n", 4)).exit_code, 2);
}

TEST_F(RunCommands, DescribeShowsControlCharactersHarmlessly) {
  start("evil\x1b[2Jid");
  const auto result = wfctl({"run", "describe", "evil\x1b[2Jid"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("evil\\x1b[2Jid"), Not(HasSubstr("\x1b"))));
}

// --- history
// ----------------------------------------------------------------------------------------------------------

TEST_F(RunCommands, HistoryInEveryForm) {
  const auto id = start("call-1");
  EXPECT_EQ(wfctl({"run", "history", "call-1"}).out, "no events yet\n");
  complete(id, R"({"n":1})");
  const auto rows = lines_of(wfctl({"run", "history", "call-1"}).out);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[1], AllOf(StartsWith("1 "), HasSubstr("WorkflowStarted")));
  EXPECT_THAT(rows[2], AllOf(StartsWith("2 "), HasSubstr("WorkflowCompleted"), HasSubstr(R"(result={"n":1})")));
  const auto array = json::parse(wfctl({"run", "history", id, "-o", "json"}).out).as_array();
  ASSERT_EQ(array.size(), 2U);
  EXPECT_EQ(array[1].at("event_id").as_int64(), 2);
  EXPECT_EQ(member(array[1].at("event"), "type"), "WorkflowCompleted");
  EXPECT_EQ(wfctl({"run", "history", "call-1", "-o", "ids"}).out, "1\n2\n");
  EXPECT_EQ(wfctl({"run", "history", "call-1", "-o", "ids", "--from", "2"}).out, "2\n");
  EXPECT_EQ(wfctl({"run", "history", "call-1", "-o", "ids", "--limit", "1"}).out, "1\n");
  EXPECT_EQ(wfctl({"run", "history", "nobody"}).exit_code, 4);
}

// --- signal, cancel, terminate
// ----------------------------------------------------------------------------------------

TEST_F(RunCommands, SignalAnOpenRun) {
  start("call-1");
  const auto result = wfctl({"run", "signal", "call-1", "approve", "--input", R"({"by":"ana"})"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("call-1"));
  EXPECT_EQ(client.describe(client.key("call-1")).unread_messages, 1);
  EXPECT_EQ(wfctl({"run", "signal", "call-1", "approve", "--input", "{oops"}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "signal", "call-1", ""}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "signal", "nobody", "approve"}).exit_code, 4);
  EXPECT_EQ(client.describe(client.key("call-1")).unread_messages, 1);
}

TEST_F(RunCommands, UpdateAnOpenRun) {
  start("call-1");
  const auto result = wfctl(
      {"run", "update", "call-1", "approve", "--input", R"({"by":"ana"})", "--update-id", "u1", "--wait", "admitted"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "admitted\n");
  EXPECT_EQ(client.describe(client.key("call-1")).unread_messages, 1);
  const auto late = wfctl({"run", "update", "call-1", "approve", "--update-id", "u1", "--timeout", "0s"});
  EXPECT_EQ(late.exit_code, 7);
  EXPECT_THAT(late.err, HasSubstr("is not completed"));
  EXPECT_EQ(wfctl({"run", "update", "call-1", "approve", "--input", "{oops"}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "update", "call-1", "approve", "--wait", "forever"}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "update", "call-1", ""}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "update", "nobody", "approve"}).exit_code, 4);
  EXPECT_EQ(client.describe(client.key("call-1")).unread_messages, 1);
}

TEST_F(RunCommands, UpdateSaysWhatBecameOfIt) {
  start("call-1");
  const auto send = [&](const std::string& id) {
    return wfctl({"run", "update", "call-1", "approve", "--update-id", id, "--timeout", "0s"});
  };
  for (const char* id : {"good", "bad", "no", "late"}) send(id);
  sql("UPDATE holdfast.updates SET stage = 'completed', accepted_at = now(), ended_at = now(),"
      " result = CASE update_id WHEN 'good' THEN '{\"n\":1}'::json END,"
      " failure = CASE update_id WHEN 'bad' THEN '{\"type\":\"Oops\",\"message\":\"broken\"}'::json END"
      " WHERE update_id IN ('good', 'bad')");
  sql("UPDATE holdfast.updates SET stage = 'rejected', ended_at = now(),"
      " failure = '{\"type\":\"Empty\",\"message\":\"nothing in it\"}' WHERE update_id = 'no'");
  EXPECT_EQ(send("good").exit_code, 0);
  EXPECT_EQ(send("good").out, "{\"n\":1}\n");
  EXPECT_EQ(send("bad").exit_code, 5);
  EXPECT_THAT(send("bad").err, HasSubstr("failed: Oops: broken"));
  EXPECT_EQ(send("no").exit_code, 5);
  EXPECT_THAT(send("no").err, HasSubstr("was rejected: Empty: nothing in it"));
  wfctl({"run", "terminate", "call-1"});
  EXPECT_EQ(send("late").exit_code, 6);
  EXPECT_EQ(send("new").exit_code, 6);
}

TEST_F(RunCommands, QueryARun) {
  complete(start("call-1"));
  auto worker = std::async(std::launch::async, [this] {
    auto& queries = client.store().queries();
    const std::vector<std::string> queues{"default"}, types{"Test"};
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    int answered = 0;
    while (answered < 2 && std::chrono::steady_clock::now() < deadline) {
      for (const auto& query : queries.claim_queries(queues, types, 1).ready) {
        store::QueryAnswer answer{query.query_id, R"({"cents":7})", {}};
        if (query.name == "debts") {
          answer.result.clear();
          answer.failure = Failure{.type = "UnknownQuery", .message = "no such query"};
        }
        queries.answer_queries({&answer, 1});
        ++answered;
      }
    }
    return answered;
  });
  const auto known = wfctl({"run", "query", "call-1", "balance", "--input", "{}"});
  EXPECT_EQ(known.exit_code, 0) << known.err;
  EXPECT_EQ(known.out, "{\"cents\":7}\n");
  const auto unknown = wfctl({"run", "query", "call-1", "debts"});
  EXPECT_EQ(unknown.exit_code, 5);
  EXPECT_THAT(unknown.err, HasSubstr("no such query"));
  EXPECT_EQ(worker.get(), 2);
  const auto late = wfctl({"run", "query", "call-1", "balance", "--timeout", "10ms"});
  EXPECT_EQ(late.exit_code, 7);
  EXPECT_THAT(late.err, HasSubstr("no live worker serves queue default"));
  EXPECT_EQ(wfctl({"run", "query", "nobody", "balance"}).exit_code, 4);
  EXPECT_EQ(wfctl({"run", "query", "call-1", ""}).exit_code, 2);
  EXPECT_EQ(wfctl({"run", "query", "call-1", "balance", "--input", "{oops"}).exit_code, 2);
}

TEST_F(RunCommands, CancelAndTerminateReadIdsFromStandardInput) {
  const auto a = start("a"), b = start("b");
  const auto canceled = wfctl({"run", "cancel", "-", "--reason", "wrong date", "-o", "json"}, a + "\n" + b + "\n");
  EXPECT_EQ(canceled.exit_code, 0) << canceled.err;
  EXPECT_EQ(json::parse(canceled.out).as_array().size(), 2U);
  EXPECT_EQ(client.describe(client.key("a")).unread_messages, 1);

  const auto terminated = wfctl({"run", "terminate", "-", "-o", "ids"}, wfctl({"run", "list", "-o", "ids"}).out);
  EXPECT_EQ(terminated.exit_code, 0) << terminated.err;
  EXPECT_EQ(client.describe(client.key("b")).summary.status, store::RunStatus::terminated);
  EXPECT_EQ(wfctl({"run", "list", "--status", "running", "-o", "ids"}).out, "");
  EXPECT_EQ(wfctl({"run", "terminate", "-"}, "").exit_code, 0) << "no ids is nothing to do";
}

TEST_F(RunCommands, AnswerAClosedRunWithExitCode6AndMixedFailuresWith1) {
  complete(start("done"));
  start("open");
  EXPECT_EQ(wfctl({"run", "cancel", "done"}).exit_code, 6);
  EXPECT_EQ(wfctl({"run", "terminate", "done"}).exit_code, 6);
  EXPECT_EQ(wfctl({"run", "signal", "done", "x"}).exit_code, 6);
  EXPECT_EQ(wfctl({"run", "cancel", "done", "nobody", "open"}).exit_code, 1);
  EXPECT_EQ(client.describe(client.key("open")).unread_messages, 1) << "the good id was served";
}

// --- result
// -----------------------------------------------------------------------------------------------------------

TEST_F(RunCommands, ResultOfEveryEnd) {
  complete(start("good"), R"({"total": 3})");
  fail(start("bad"), "no funds");
  close(start("stopped"), {.status = store::RunStatus::canceled});
  const auto ended = start("ended");
  client.terminate(client.key("ended"), "enough");
  start("open");

  const auto good = wfctl({"run", "result", "good"});
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_EQ(good.out, "{\"total\": 3}\n");
  const auto bad = wfctl({"run", "result", "bad"});
  EXPECT_EQ(bad.exit_code, 5);
  EXPECT_EQ(bad.out, "");
  EXPECT_THAT(bad.err, AllOf(HasSubstr("failed"), HasSubstr("no funds")));
  const auto detail = wfctl({"run", "result", "bad", "-o", "json"});
  EXPECT_EQ(detail.exit_code, 5);
  EXPECT_EQ(member(json::parse(detail.out).at("failure"), "message"), "no funds");
  EXPECT_EQ(wfctl({"run", "result", "stopped"}).exit_code, 5);
  EXPECT_THAT(wfctl({"run", "result", ended}).err, HasSubstr("enough"));
  const auto open = wfctl({"run", "result", "open", "--timeout", "50ms"});
  EXPECT_EQ(open.exit_code, 7);
  EXPECT_THAT(open.err, HasSubstr("still running"));
  EXPECT_EQ(wfctl({"run", "result", "good", "--timeout", "0s"}).exit_code, 0);
  EXPECT_EQ(wfctl({"run", "result", "nobody", "--timeout", "1s"}).exit_code, 4);
  EXPECT_EQ(wfctl({"run", "result", "good", "--timeout", "never"}).exit_code, 2);
}

TEST_F(RunCommands, UseColoursOnlyWhenAsked) {
  complete(start("good"));
  EXPECT_THAT(wfctl({"run", "list", "--color", "always"}).out, HasSubstr("\x1b[32mcompleted"));
  EXPECT_THAT(wfctl({"run", "list", "--color", "always", "-o", "json"}).out, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace holdfast::test
