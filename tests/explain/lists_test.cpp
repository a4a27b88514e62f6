#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <pqxx/pqxx>

#include <holdfast/devpg/private_postgres.hpp>
#include <holdfast/store/postgres/hot_statements.hpp>
#include <holdfast/store/postgres/migrations.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>
#include <holdfast/visibility/parse.hpp>

#include "plan_log.hpp"

// What lists read among very many runs (docs/filters.md, "what is fast"), and that their indexes cost a close nothing.
namespace holdfast::test {
namespace {

using namespace store;

class ListPlans : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = new devpg::PrivatePostgres({.fsync = false,
                                          .settings = {{"session_preload_libraries", "auto_explain"},
                                                       {"auto_explain.log_min_duration", "-1"},
                                                       {"auto_explain.log_analyze", "on"},
                                                       {"auto_explain.log_timing", "off"},
                                                       {"max_wal_size", "4GB"},
                                                       {"autovacuum", "off"}}});
    postgres::Migrator(server_->connection_string(), "engine", postgres::embedded_engine_migrations()).apply();
    pqxx::connection connection(server_->connection_string());
    pqxx::nontransaction transaction(connection);
    // Runs of a month, one second apart or so; half of them with attributes, one of a thousand failed, as many open.
    transaction.exec(R"sql(
      INSERT INTO holdfast.runs (run_id, started_at, closed_at, namespace, workflow_id, workflow_type, task_queue, status,
                                 input, failure, search_attributes)
      SELECT (lpad(to_hex(1762000000000 + n::bigint * 12960), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid,
             to_timestamp(1762000000 + n * 12.96), CASE WHEN n % 1000 > 0 THEN to_timestamp(1762000005 + n * 12.96) END,
             'default', 'call-' || n, 'T' || n % 5, 'default',
             CASE WHEN n % 1000 = 0 THEN 'running' WHEN n % 997 = 0 THEN 'failed' ELSE 'completed' END, '{"call_id":"0123"}',
             CASE WHEN n % 1000 > 0 AND n % 997 = 0 THEN '{"kind":"application"}'::json END,
             CASE WHEN n % 2 = 0 THEN jsonb_build_object('OrganizationId', 'org-' || n % 1000, 'CallId', 'c' || n,
                                                         'Region', 'eu') END
        FROM generate_series(1, 200000) n)sql");
    transaction.exec(R"sql(
      INSERT INTO holdfast.live_runs (run_id, namespace, workflow_id, task_queue, priority, ready_at)
      SELECT run_id, namespace, workflow_id, task_queue, 3, 'infinity' FROM holdfast.runs WHERE status = 'running')sql");
    transaction.exec("VACUUM ANALYZE holdfast.runs");
    transaction.exec("VACUUM ANALYZE holdfast.live_runs");
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  /// The rows of holdfast's tables that the store's statements since then produced or threw away.
  double rows_read(std::streamoff since) {
    std::ifstream log(server_->log_file());
    log.seekg(since);
    std::stringstream text;
    text << log.rdbuf();
    double most = -1;
    for (const PlanNode& node : read_plan(text.str())) {
      EXPECT_FALSE(node.sequential) << node.text;
      if (!node.table.empty()) most = std::max(most, node.rows);
    }
    EXPECT_GE(most, 0) << "no plan in the log";
    return most;
  }

  static inline devpg::PrivatePostgres* server_ = nullptr;
};

TEST_F(ListPlans, ReadLittleOfVeryManyRuns) {
  constexpr double kFew = 1500;
  constexpr double kBlocks = 12'000;  // BRIN finds ranges of 128 pages, not rows
  const std::string url = server_->connection_string() + " options='-c auto_explain.log_min_duration=0'";
  for (const bool prepared : {true, false}) {
    const auto store = open_postgres_store({.connection_string = url, .prepared = prepared});
    for (const auto& [filter, found] : std::vector<std::pair<const char*, std::size_t>>{
             {"", 20},
             {"WorkflowType = 'T3'", 20},
             {"Region = 'eu'", 20},
             {"OrganizationId = 'org-42'", 20},
             {"OrganizationId = 'org-988' AND ExecutionStatus = 'Failed'", 1},
             {"OrganizationId IN ('org-42', 'org-44') AND WorkflowType != 'T2'", 20},
             {"CallId = 'c77772'", 1},
             {"CallId = 'c1'", 0},
             {"ScheduleId = 'nightly'", 0},
             {"ExecutionStatus = 'Failed'", 20},
             {"ExecutionStatus IN ('TimedOut', 'Terminated')", 0},
             {"ExecutionStatus = 'Running' AND WorkflowType = 'T0'", 20},
             {"ExecutionStatus = 'Running' AND WorkflowType = 'T1'", 0},
             {"StartTime >= '2026-11-30'", 0},
             {"StartTime BETWEEN '2025-11-05T00:00:00Z' AND '2025-11-05T01:00:00Z' AND WorkflowType = 'T1'", 20},
             {"WorkflowId = 'call-5'", 1},
             {"WorkflowId IN ('call-5', 'call-6', 'call-x')", 2},
             {"ParentWorkflowId = 'call-5'", 0}}) {
      const auto before = static_cast<std::streamoff>(std::filesystem::file_size(server_->log_file()));
      EXPECT_EQ(store->list_runs({.filter = visibility::parse_filter(filter)}).size(), found) << filter;
      const bool by_time = std::string_view(filter).starts_with("StartTime");
      EXPECT_LE(rows_read(before), by_time ? kBlocks : kFew) << filter << (prepared ? "" : ", unprepared");
    }
  }
}

TEST_F(ListPlans, ACloseStaysAHeapOnlyUpdate) {
  pqxx::connection connection(server_->connection_string());
  pqxx::work transaction(connection);
  const auto hot_updates = [&] {
    return transaction.exec1("SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'runs'")[0].as<int>();
  };
  const int before = hot_updates();
  transaction.exec(R"sql(
    UPDATE holdfast.runs SET status = 'completed', result = '{}', failure = NULL, closed_at = now()
     WHERE shard = 0 AND run_id IN (SELECT run_id FROM holdfast.live_runs ORDER BY run_id LIMIT 10))sql");
  EXPECT_EQ(hot_updates() - before, 10) << "status, result or closed_at came into an index";
}

}  // namespace
}  // namespace holdfast::test
