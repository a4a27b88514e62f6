#include <gmock/gmock.h>

#include <holdfast/core/attributes.hpp>
#include <holdfast/visibility/times.hpp>

#include "postgres_fixture.hpp"

// What any language may call: arguments are validated, and the caller's transaction decides.
namespace holdfast::test {
namespace {

using namespace store;
using testing::HasSubstr;

class PostgresSqlFunctions : public PostgresFixture {
 protected:
  struct Refusal {
    std::string sqlstate, message;
  };
  Refusal refused(const std::string& sql) {
    try {
      execute(sql);
      return {"", "it was accepted"};
    } catch (const pqxx::sql_error& error) {
      return {error.sqlstate(), error.what()};
    }
  }
  void expect_refused(const std::string& sql, const std::string& words) {
    const auto refusal = refused(sql);
    EXPECT_EQ(refusal.sqlstate, "22023") << sql;
    EXPECT_THAT(refusal.message, HasSubstr(words)) << sql;
  }
};

TEST_F(PostgresSqlFunctions, StartMakesARunThatAWorkerFinds) {
  const std::string id = ask("SELECT holdfast.start_workflow('Order', 'order-1', '{\"n\":1}', task_queue => 'orders')");
  const auto run_id = Uuid::parse(id);
  const auto run = open()->describe_run({.namespace_ = "default", .workflow_id = "order-1", .run_id = {}});
  ASSERT_TRUE(run.has_value());
  EXPECT_EQ(run->summary.run_id, run_id);
  EXPECT_EQ(run->summary.workflow_type, "Order");
  EXPECT_EQ(run->summary.task_queue, "orders");
  EXPECT_EQ(run->input, "{\"n\":1}");
  EXPECT_EQ(ask("SELECT holdfast.uuid_v7_time('" + id + "') BETWEEN now() - interval '1 min' AND now()"), "t");
}

TEST_F(PostgresSqlFunctions, TheCallersRollbackTakesEverythingBack) {
  {
    pqxx::work transaction(direct_);
    transaction.exec("SELECT holdfast.start_workflow('Order', 'order-1'), holdfast.signal_workflow('order-1', 'go')");
  }
  EXPECT_EQ(ask("SELECT (SELECT count(*) FROM holdfast.runs) + (SELECT count(*) FROM holdfast.inbox)"), "0");
}

TEST_F(PostgresSqlFunctions, ATriggerCanStartWorkflows) {
  execute(
      "CREATE TABLE orders (id int);"
      "CREATE FUNCTION on_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      "  PERFORM holdfast.start_workflow('Order', 'order-' || new.id, json_build_object('id', new.id)); RETURN new; "
      "END $$;"
      "CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION on_order();"
      "INSERT INTO orders SELECT generate_series(1, 10)");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.live_runs"), "10");
}

TEST_F(PostgresSqlFunctions, ConflictsAndRejectionsNameTheRun) {
  const std::string id = ask("SELECT holdfast.start_workflow('Order', 'order-1')");
  const auto conflict = refused("SELECT holdfast.start_workflow('Order', 'order-1')");
  EXPECT_EQ(conflict.sqlstate, "23505");
  EXPECT_THAT(conflict.message, HasSubstr("already has an open run"));
  EXPECT_THAT(conflict.message, HasSubstr(id));
  EXPECT_EQ(ask("SELECT holdfast.start_workflow('Order', 'order-1', conflict => 'use_existing')"), id);
  EXPECT_NE(ask("SELECT holdfast.start_workflow('Order', 'order-1', conflict => 'terminate_existing')"), id);
  EXPECT_EQ(ask("SELECT holdfast.terminate_workflow('order-1', 'enough')"), "sent");
  EXPECT_EQ(refused("SELECT holdfast.start_workflow('Order', 'order-1', reuse => 'reject_duplicate')").sqlstate,
            "23505");
  EXPECT_NE(ask("SELECT holdfast.start_workflow('Order', 'order-1', reuse => 'allow_duplicate_failed_only')"), "");
}

TEST_F(PostgresSqlFunctions, BadStartsAreRefusedInWords) {
  expect_refused("SELECT holdfast.start_workflow('', 'x')", "workflow_type is empty");
  expect_refused("SELECT holdfast.start_workflow(NULL, 'x')", "workflow_type is null");
  expect_refused("SELECT holdfast.start_workflow('Order', repeat('x', 1001))", "workflow_id is 1001 bytes long");
  expect_refused("SELECT holdfast.start_workflow('Order', 'x', NULL)", "input is null");
  expect_refused("SELECT holdfast.start_workflow('Order', 'x', reuse => 'never')", "reuse is \"never\", allowed are");
  expect_refused("SELECT holdfast.start_workflow('Order', 'x', conflict => NULL)", "conflict is null");
  expect_refused("SELECT holdfast.start_workflow('Order', 'x', priority => 6)", "priority is 6, allowed are 1 to 5");
  expect_refused("SELECT holdfast.start_workflow('Order', 'x', start_delay => interval '-1 s')", "start_delay");
  expect_refused("SELECT holdfast.start_workflow('Order', 'x', memo => '[]')", "JSON objects");
  expect_refused("SELECT holdfast.start_workflow('Order', 'x', task_queue => '')", "task_queue is empty");
  EXPECT_EQ(refused("SELECT holdfast.start_workflow('Order', 'x', '{')").sqlstate, "22P02");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.runs"), "0");
}

TEST_F(PostgresSqlFunctions, BadAttributesAreRefusedLikeByTheClient) {
  const auto refuse = [&](const std::string& attributes, const std::string& words) {
    expect_refused("SELECT holdfast.start_workflow('Order', 'x', search_attributes => " + attributes + ")", words);
    expect_refused("SELECT holdfast.create_schedule('s', 'Order', '{\"cron\":[\"@daily\"]}', search_attributes => " +
                       attributes + ")",
                   words);
  };
  for (const auto name : kBuiltInAttributes) {
    refuse("jsonb_build_object('" + std::string(name) + "', 'x')", "have the name \"" + std::string(name) + "\"");
    refuse("jsonb_build_object(lower('" + std::string(name) + "'), 1.5)", "that filters know already");
  }
  refuse("'{\"a b\":1}'", "have the name \"a b\", allowed are letters");
  refuse("'{\"\":1}'", "have the name \"\"");
  refuse("'{\"A\":{}}'", "search_attributes.A is {}, allowed are a string");
  refuse("'{\"A\":[1]}'", "search_attributes.A is [1]");
  refuse("'{\"A\":1e309}'", "search_attributes.A is 1000");
  refuse("jsonb_build_object('A', repeat('x', 2049))", "search_attributes.A has 2051 bytes");
  refuse("(SELECT jsonb_object_agg('A' || n, 1) FROM generate_series(1, 101) n)", "more than 100 names");
  refuse("(SELECT jsonb_object_agg('A' || n, repeat('x', 1500)) FROM generate_series(1, 30) n)", "allowed are 40960");
  expect_refused("SELECT holdfast.start_workflow('Order', 'x', memo => jsonb_build_object('a', repeat('x', 2097152)))",
                 "memo has 2097161 bytes, allowed are 2097152");
  execute(R"(SELECT holdfast.start_workflow('Order', 'fine', search_attributes =>
               '{"A":"it\"s","_b":true,"c.d-e":-1.5e3,"f":["x","y"],"g":null,"h":[],"WorkflowIds":1}'))");
  execute("SELECT holdfast.start_workflow('Order', 'plain', search_attributes => '{\"A\":\"x\",\"B\":-7,\"C\":true}')");
}

TEST_F(PostgresSqlFunctions, ATextAttributeIsATimeToSqlAsItIsToFilters) {
  for (const auto* text : {"2026-11-30T17:13:15Z",
                           "2026-11-30T17:13:15.123456+14:59",
                           "2024-02-29T00:00:00Z",
                           "1900-02-29T00:00:00Z",
                           "2000-02-29T23:59:59-00:00",
                           "2026-02-30T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-12-31T24:00:00Z",
                           "x",
                           "",
                           "2026-11-30T17:13:60Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-10T00:00:00Z",
                           "2026-11-30T17:13:15+15:00",
                           "2026-11-30T17:13:15.1234567Z",
                           "2026-11-30T17:13:15",
                           "2026-11-30 17:13:15Z",
                           "0000-01-01T00:00:00Z",
                           "9999-12-31T23:59:59.999999Z",
                           "0001-01-01T00:00:00Z",
                           "2026-11-30T17:13:15Z\n"}) {
    const auto time = visibility::attribute_time(text);
    EXPECT_EQ(ask("SELECT coalesce((extract(epoch FROM holdfast.attribute_time('" + std::string(text) +
                  "')) * 1000000)::bigint::text, 'none')"),
              time ? std::to_string(time->time_since_epoch().count()) : "none")
        << text;
  }
}

TEST_F(PostgresSqlFunctions, SignalsArriveOnce) {
  execute("SELECT holdfast.start_workflow('Order', 'order-1')");
  const std::string send =
      "SELECT holdfast.signal_workflow('order-1', 'go', '1', message_id => '" + new_id().to_string() + "')";
  EXPECT_EQ(ask(send), "sent");
  EXPECT_EQ(ask(send), "sent");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.inbox"), "1");
  EXPECT_EQ(ask("SELECT holdfast.signal_workflow('order-2', 'go')"), "not_found");
  EXPECT_EQ(ask("SELECT holdfast.cancel_workflow('order-1', 'enough')"), "sent");
  EXPECT_EQ(ask("SELECT string_agg(kind || ' ' || name, ',' ORDER BY inbox_id) FROM holdfast.inbox"),
            "signal go,cancel enough");
  execute("SELECT holdfast.terminate_workflow('order-1')");
  EXPECT_EQ(ask("SELECT holdfast.signal_workflow('order-1', 'go')"), "closed");
  EXPECT_EQ(ask("SELECT holdfast.cancel_workflow('order-1')"), "closed");
}

TEST_F(PostgresSqlFunctions, BadSignalsAreRefusedInWords) {
  expect_refused("SELECT holdfast.signal_workflow('', 'go')", "workflow_id is empty");
  expect_refused("SELECT holdfast.signal_workflow('x', NULL)", "signal is null");
  expect_refused("SELECT holdfast.signal_workflow('x', 'go', NULL)", "payload is null");
  expect_refused("SELECT holdfast.cancel_workflow('x', repeat('r', 10001))", "reason is 10001 bytes long");
}

TEST_F(PostgresSqlFunctions, TheRuntimeRoleCanWorkButNotChangeDefinitions) {
  execute("CREATE ROLE runtime_" + database_.name() + " LOGIN IN ROLE holdfast_runtime");
  PostgresOptions options;
  options.connection_string = connection_string() + " user=runtime_" + database_.name();
  {
    const auto store = open(options);
    const WorkerId worker = store->register_worker(worker_info());
    const NewRun run = new_run("order-1");
    store->start_runs({&run, 1});
    const auto message = signal_to("order-1");
    store->send_messages({&message, 1});
    const auto lane = store->open_lane(worker);
    ASSERT_EQ(claim(*lane).size(), 1u);
    auto step = lane->begin_step();
    CommitBatch batch;
    batch.runs.push_back(append(run.run_id, 1, {event::WorkflowStarted{}}));
    step->commit(batch);
    store->maintain();
    store->release_worker(worker);
  }
  pqxx::connection connection(options.connection_string);
  const auto denied = [&](const std::string& sql) {
    EXPECT_THROW(pqxx::nontransaction(connection).exec(sql), pqxx::insufficient_privilege) << sql;
  };
  denied("CREATE TABLE holdfast.mine (n int)");
  denied("DROP TABLE holdfast.inbox");
  denied("DELETE FROM holdfast.history");
  denied("UPDATE holdfast.history SET events = '[]'");
  connection.disconnect();
  execute("DROP ROLE runtime_" + database_.name());
}

TEST_F(PostgresSqlFunctions, HistoriesOfAnyTimeHaveAPartition) {
  for (const char* time : {"1970-01-01", "2020-01-01", "2100-01-01"}) {
    execute("INSERT INTO holdfast.history SELECT 0, holdfast.uuid_v7_floor('" + std::string(time) +
            "'), 1, now(), '[]'");
  }
  // The far future waits in the default partition until its month is made.
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.history_default"), "1");
  EXPECT_EQ(ask("SELECT holdfast.ensure_history_partitions()"), "0");
  const auto refusal = refused("SELECT holdfast.ensure_history_partitions(-1)");
  EXPECT_EQ(refusal.sqlstate, "22023");
}

TEST_F(PostgresSqlFunctions, RowsOfTheDefaultPartitionMoveIntoTheirMonth) {
  const std::string later = "date_trunc('month', now()) + interval '5 months 3 days'";
  execute("INSERT INTO holdfast.history SELECT 0, holdfast.uuid_v7_floor(" + later + "), 1, now(), '[1]'");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.history_default"), "1");
  EXPECT_EQ(ask("SELECT holdfast.ensure_history_partitions(6)"), "3");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.history_default"), "0");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.history"), "1");
}

TEST_F(PostgresSqlFunctions, ASignalReadsNoHistoryHoweverLongItIs) {
  const auto run_id = ask("SELECT holdfast.start_workflow('Order', 'order-1')");
  execute("INSERT INTO holdfast.history (shard, run_id, event_id, at, events) SELECT 0, '" + run_id +
          R"(', n, now(), '[{"type":"TimerFired","seq":1}]' FROM generate_series(1, 1000) n)");
  pqxx::work transaction(direct_);
  const std::string scans =
      "SELECT coalesce(sum(seq_scan + idx_scan), 0) FROM pg_stat_xact_user_tables WHERE relname LIKE 'history%'";
  for (const auto* call : {"SELECT holdfast.signal_workflow('order-1', 'go')",
                           "SELECT holdfast.signal_workflow('order-1', 'go', message_id => gen_random_uuid())",
                           "SELECT holdfast.cancel_workflow('order-1')"})
    EXPECT_STREQ(transaction.exec(call)[0][0].c_str(), "sent");
  EXPECT_STREQ(transaction.exec(scans)[0][0].c_str(), "0");
  EXPECT_STREQ(transaction.exec("SELECT count(*) FROM holdfast.message_keys")[0][0].c_str(), "2") << "who may repeat";
}

TEST_F(PostgresSqlFunctions, MessageKeysAreForgottenAfterAWeek) {
  ask("SELECT holdfast.start_workflow('Order', 'order-1')");
  execute("SELECT holdfast.signal_workflow('order-1', 'go', message_id => gen_random_uuid())");
  execute("SELECT holdfast.signal_workflow('order-1', 'go', message_id => gen_random_uuid())");
  execute("SELECT holdfast.cancel_workflow('order-1')");
  execute("UPDATE holdfast.message_keys SET at = at - interval '8 days'");
  execute("SELECT holdfast.signal_workflow('order-1', 'go', message_id => gen_random_uuid())");
  open()->maintain();
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.message_keys"), "2") << "the young one, and that it was asked to end";
  EXPECT_EQ(ask("SELECT holdfast.cancel_workflow('order-1')"), "sent");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.inbox WHERE kind = 'cancel'"), "1");
  execute("SELECT holdfast.terminate_workflow('order-1')");
  open()->maintain();
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.message_keys"), "1");
}

TEST_F(PostgresSqlFunctions, UpdatesReturnTheirIdAndTellTheirOutcome) {
  ask("SELECT holdfast.start_workflow('Order', 'order-1')");
  EXPECT_EQ(ask("SELECT holdfast.update_workflow('order-1', 'pack', '{\"n\":1}', update_id => 'u1')"), "u1");
  EXPECT_EQ(ask("SELECT holdfast.update_workflow('order-1', 'pack', update_id => 'u1')"), "u1");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.inbox WHERE kind = 'update'"), "1");
  EXPECT_EQ(ask("SELECT length(holdfast.update_workflow('order-1', 'pack'))"), "36") << "a new id";
  EXPECT_EQ(ask("SELECT stage FROM holdfast.update_outcome('order-1', 'u1')"), "admitted");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.update_outcome('order-1', 'u9')"), "0");
  execute("SELECT holdfast.terminate_workflow('order-1')");
  EXPECT_EQ(ask("SELECT stage || ' ' || (failure ->> 'type') FROM holdfast.update_outcome('order-1', 'u1')"),
            "rejected WorkflowClosed");
  EXPECT_EQ(ask("SELECT holdfast.update_workflow('order-1', 'pack', update_id => 'u1')"), "u1") << "it is known";
}

TEST_F(PostgresSqlFunctions, UpdatesOfNoOpenRunAreRefused) {
  EXPECT_EQ(refused("SELECT holdfast.update_workflow('order-1', 'pack')").sqlstate, "P0002");
  ask("SELECT holdfast.start_workflow('Order', 'order-1')");
  expect_refused("SELECT holdfast.update_workflow('', 'pack')", "workflow_id is empty");
  expect_refused("SELECT holdfast.update_workflow('order-1', '')", "update_name is empty");
  expect_refused("SELECT holdfast.update_workflow('order-1', 'pack', NULL)", "input is null");
  expect_refused("SELECT holdfast.update_workflow('order-1', 'pack', update_id => '')", "update_id is empty");
  expect_refused("SELECT holdfast.update_workflow('order-1', 'pack', update_id => repeat('x', 256))", "256 bytes");
  expect_refused("SELECT holdfast.update_workflow('order-1', 'pack', to_json(repeat('x', 4194304)))", "4194306 bytes");
  execute("SELECT holdfast.update_workflow('order-1', 'pack') FROM generate_series(1, 100)");
  EXPECT_EQ(refused("SELECT holdfast.update_workflow('order-1', 'pack')").sqlstate, "53400");
  execute("SELECT holdfast.terminate_workflow('order-1')");
  EXPECT_EQ(refused("SELECT holdfast.update_workflow('order-1', 'pack')").sqlstate, "55000");
}

}  // namespace
}  // namespace holdfast::test
