#include <gmock/gmock.h>

#include "postgres_fixture.hpp"

// Schedules from SQL: what it checks, and that the worker's half finds what was made.
namespace holdfast::test {
namespace {

using namespace store;
using testing::HasSubstr;

class PostgresScheduleFunctions : public PostgresFixture {
 protected:
  void expect_refused(const std::string& call, const std::string& words, const std::string& state = "22023") {
    try {
      execute("SELECT holdfast." + call);
      ADD_FAILURE() << call << " was accepted";
    } catch (const pqxx::sql_error& error) {
      EXPECT_EQ(error.sqlstate(), state) << call;
      EXPECT_THAT(error.what(), HasSubstr(words)) << call;
    }
  }
  ScheduleRow row(const std::string& id = "nightly") {
    return open()->schedules().describe_schedule({"default", id}).value();
  }
};

TEST_F(PostgresScheduleFunctions, CreateMakesWhatTheStoreReads) {
  execute(
      R"sql(SELECT holdfast.create_schedule('nightly', 'Report', '{"cron":["0 2 * * *"],"time_zone":"Europe/Berlin"}',
    input => '{"a":1}', task_queue => 'reports', options => '{"overlap":"buffer_one","limited_actions":4}',
    paused => true, note => 'from SQL', memo => '{"team":"ops"}'))sql");
  const auto made = row();
  EXPECT_THAT(made.content.definition, HasSubstr("Europe/Berlin"));
  EXPECT_THAT(made.content.definition, HasSubstr("buffer_one"));
  EXPECT_EQ(made.content.input, R"({"a":1})");
  EXPECT_EQ(made.content.remaining_actions, 4);
  EXPECT_TRUE(made.paused);
  EXPECT_EQ(made.note, "from SQL");
}

TEST_F(PostgresScheduleFunctions, TheCallersTransactionDecides) {
  {
    pqxx::work transaction(direct_);
    transaction.exec("SELECT holdfast.create_schedule('nightly', 'Report', '{}')");
    transaction.abort();
  }
  EXPECT_FALSE(open()->schedules().describe_schedule({"default", "nightly"}));
}

TEST_F(PostgresScheduleFunctions, AnIdIsTakenOnceUnlessReplaced) {
  execute("SELECT holdfast.create_schedule('nightly', 'Report', '{}')");
  expect_refused("create_schedule('nightly', 'Report', '{}')", "exists already", "23505");
  execute("SELECT holdfast.create_schedule('nightly', 'Other', '{\"cron\":[\"@daily\"]}', replace => true)");
  EXPECT_THAT(row().content.definition, HasSubstr("Other"));
  EXPECT_EQ(row().version, 2);
}

TEST_F(PostgresScheduleFunctions, PauseResumeTriggerBackfillAndDelete) {
  execute("SELECT holdfast.create_schedule('nightly', 'Report', '{\"cron\":[\"@daily\"]}')");
  execute("SELECT holdfast.pause_schedule('nightly', 'holiday')");
  EXPECT_TRUE(row().paused);
  execute("SELECT holdfast.resume_schedule('nightly')");
  EXPECT_FALSE(row().paused);
  EXPECT_THAT(ask("SELECT holdfast.trigger_schedule('nightly', 'allow_all')"), testing::StartsWith("nightly-20"));
  execute("SELECT holdfast.backfill_schedule('nightly', now() - interval '3 days', now())");
  EXPECT_EQ(ask("SELECT jsonb_array_length(requests) FROM holdfast.schedules"), "2");
  EXPECT_EQ(ask("SELECT holdfast.delete_schedule('nightly')"), "t");
  EXPECT_EQ(ask("SELECT holdfast.delete_schedule('nightly')"), "f");
}

TEST_F(PostgresScheduleFunctions, BadArgumentsAreNamed) {
  execute("SELECT holdfast.create_schedule('nightly', 'Report', '{}')");
  expect_refused("create_schedule('', 'Report', '{}')", "schedule_id is empty");
  expect_refused("create_schedule(repeat('x', 901), 'Report', '{}')", "schedule_id is 901 bytes long");
  expect_refused("create_schedule('x', NULL, '{}')", "workflow_type is null");
  expect_refused("create_schedule('x', 'R', '[]')", "spec is []");
  expect_refused("create_schedule('x', 'R', '{\"crom\":[]}')", "spec has a member \"crom\"");
  expect_refused("create_schedule('x', 'R', '{\"cron\":\"@daily\"}')", "spec.cron is string, allowed is an array");
  expect_refused("create_schedule('x', 'R', '{\"time_zone\":\"Mars\"}')", "spec.time_zone is \"Mars\"");
  expect_refused("create_schedule('x', 'R', '{}', options => '{\"overlap\":\"no\"}')", "options.overlap is \"no\"");
  expect_refused("create_schedule('x', 'R', '{}', options => '{\"x\":1}')", "options has a member \"x\"");
  expect_refused("create_schedule('x', 'R', '{}', options => '{\"catch_up\":\"no\"}')", "options.catch_up is \"no\"");
  expect_refused("create_schedule('x', 'R', '{}', options => '{\"limited_actions\":-1}')",
                 "options.limited_actions is -1");
  expect_refused("create_schedule('x', 'R', '{}', memo => '[]')", "memo and search_attributes must be JSON objects");
  expect_refused("pause_schedule('nobody')", "there is no schedule \"nobody\"", "P0002");
  expect_refused("trigger_schedule('nobody')", "there is no schedule \"nobody\"", "P0002");
  expect_refused("trigger_schedule('nightly', 'no')", "overlap is \"no\"");
  expect_refused("backfill_schedule('nightly', now(), now() - interval '1 h')", "two times of the past in their order");
  expect_refused("backfill_schedule('nightly', now(), 'infinity')", "two times of the past in their order");
}

TEST_F(PostgresScheduleFunctions, ProgramsWithTheRuntimeRoleMayUseThem) {
  execute("SET ROLE holdfast_runtime");
  execute("SELECT holdfast.create_schedule('nightly', 'Report', '{}')");
  execute("SELECT holdfast.trigger_schedule('nightly')");
  execute("RESET ROLE");
}

}  // namespace
}  // namespace holdfast::test
