#include <algorithm>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <pqxx/pqxx>

#include <holdfast/devpg/private_postgres.hpp>
#include <holdfast/store/postgres/hot_statements.hpp>
#include <holdfast/store/postgres/migrations.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>

#include "plan_log.hpp"

// The cost of a statement may depend on what it is asked for, never on how many runs wait, sleep or are closed. Looked
// at twice: what the planner plans for every hot statement while tables are empty, small and large; and what the server
// really does, row by row, when every verb runs over a million rows of each table.
namespace holdfast::test {
namespace {

using namespace store;
using postgres::Statement;

const std::set<std::string> kSmallTables{"workers", "namespaces", "migrations", "errands", "limits", "queries"};
/// They walk an index from its front, and stop after the first few rows.
const std::set<std::string> kWalks{"peek", "next_schedule"};
/// What a batch of a hundred may touch of one table in one statement.
constexpr double kRowsOfABatch = 2000;

class HotStatements : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    // Plans go to the server's log, with what each node really did.
    server_ = new devpg::PrivatePostgres({.fsync = false,
                                          .settings = {{"session_preload_libraries", "auto_explain"},
                                                       {"auto_explain.log_min_duration", "-1"},
                                                       {"auto_explain.log_analyze", "on"},
                                                       {"auto_explain.log_timing", "off"},
                                                       {"auto_explain.log_nested_statements", "on"},
                                                       {"maintenance_work_mem", "256MB"},
                                                       {"max_wal_size", "8GB"},
                                                       {"autovacuum", "off"}}});
    postgres::Migrator(server_->connection_string(), "engine", postgres::embedded_engine_migrations()).apply();
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  void execute(const std::string& sql) {
    pqxx::nontransaction transaction(connection_);
    transaction.exec(sql);
  }

  /// A million sleepers, closed runs, histories, messages and tasks, and a backlog of due ones.
  void fill() {
    execute(R"sql(
      TRUNCATE holdfast.runs, holdfast.live_runs, holdfast.history, holdfast.inbox, holdfast.activity_tasks, holdfast.workers;
      CREATE UNLOGGED TABLE ids AS
        SELECT n, (lpad(to_hex(1764000000000 + n), 12, '0') || '7000' || '8' || lpad(to_hex(n), 15, '0'))::uuid AS id
          FROM generate_series(1, 1000000) n;
      INSERT INTO holdfast.runs (run_id, started_at, closed_at, namespace, workflow_id, workflow_type, task_queue, status, input)
        SELECT id, now(), now(), 'default', 'closed-' || n, 'Order', 'default', 'completed', '{}' FROM ids WHERE n <= 500000;
      INSERT INTO holdfast.runs (run_id, started_at, namespace, workflow_id, workflow_type, task_queue, input)
        SELECT id, now(), 'default', 'open-' || n, 'Order', 'default', '{}' FROM ids WHERE n > 500000;
      INSERT INTO holdfast.live_runs (run_id, namespace, workflow_id, task_queue, priority, ready_at, owner, fresh, rung)
        SELECT id, 'default', 'open-' || n, 'default', 1 + n % 5,
               CASE WHEN n % 100 = 0 THEN 'infinity' WHEN n % 2 = 0 THEN now() - n * interval '1 us' ELSE now() + interval '1 day' END,
               CASE WHEN n % 100 = 0 THEN 1000 + n % 7 END, false, n % 10000 = 0
          FROM ids WHERE n > 500000;
      INSERT INTO holdfast.live_runs (run_id, namespace, workflow_id, task_queue, priority, ready_at, fresh)
        SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '7000' || '8' || lpad(to_hex(n), 15, '0'))::uuid, 'other', 'open-' || n, 'default', 3, now() + interval '1 day', true FROM ids WHERE n <= 500000;
      INSERT INTO holdfast.history (run_id, event_id, at, events)
        SELECT id, 1, now(), '[{"type":"WorkflowStarted"}]' FROM ids;
      INSERT INTO holdfast.inbox (run_id, message_id, kind, name, payload)
        SELECT id, id, 'signal', 'go', '{}' FROM ids;
      INSERT INTO holdfast.activity_tasks (run_id, seq, attempt, ready_at, scheduled_at, started_at, owner, timeout_at, timeout_kind,
                                           start_to_close, namespace, workflow_id, task_queue, activity, input, options)
        SELECT id, 1, 1, CASE WHEN n % 100 = 0 THEN 'infinity' ELSE now() - n * interval '1 us' END, now(),
               now(), CASE WHEN n % 100 = 0 THEN 1000 + n % 7 END, now() + (n - 1000) * interval '1 s', 'StartToClose',
               interval '1 min', 'default', 'x', 'default', 'charge', '{}', '{}'
          FROM ids;
      TRUNCATE holdfast.limit_gates, holdfast.limit_lines;
      INSERT INTO holdfast.limits (scope, name, max_concurrent, rate, per, burst)
        VALUES ('key', 'endpoint/*', 1, NULL, NULL, NULL), ('key', 'fast/*', NULL, 100, '1 s', 5), ('queue', 'narrow', 50, NULL, NULL, NULL);
      INSERT INTO holdfast.limit_gates (scope, name) SELECT 'key', 'endpoint/' || n FROM generate_series(1, 10000) n;
      INSERT INTO holdfast.limit_lines (task_queue, limit_key, look_at)
        SELECT 'limited', 'endpoint/' || n, now() + (n - 5000) * interval '1 s' FROM generate_series(1, 10000) n;
      INSERT INTO holdfast.activity_tasks (run_id, seq, attempt, ready_at, scheduled_at, owner, namespace, workflow_id, task_queue,
                                           activity, input, options, limit_key, in_line)
        SELECT id, 7, 1, CASE WHEN n <= 9990 THEN 'infinity' ELSE now() - n * interval '1 us' END, now(),
               CASE WHEN n <= 9990 THEN 1000 + n % 7 END, 'default', 'x', 'limited', 'charge', '{}', '{}',
               'endpoint/' || 1 + n % 10000, n > 9990 AND n % 100 > 0 FROM ids;
      INSERT INTO holdfast.activity_tasks (run_id, seq, ready_at, scheduled_at, namespace, workflow_id, task_queue, activity,
                                           input, options, limit_key)
        SELECT id, 8, now() - n * interval '1 us', now(), 'default', 'x', 'narrow', 'charge', '{}', '{}',
               CASE WHEN n % 2 = 0 THEN 'fast/' || n % 100 END FROM ids WHERE n <= 20000;
      TRUNCATE holdfast.updates;
      INSERT INTO holdfast.updates (run_id, chain_id, update_id, name, stage, ended_at)
        SELECT id, id, 'u' || n, 'deposit', CASE WHEN n > 500000 THEN 'accepted' ELSE 'completed' END,
               CASE WHEN n <= 500000 THEN now() END
          FROM ids;
      TRUNCATE holdfast.schedules;
      INSERT INTO holdfast.schedules (namespace, schedule_id, next_at, definition, watched, waiting)
        SELECT 'default', 'schedule-' || n, CASE WHEN n % 2 = 0 THEN now() - n * interval '1 us' ELSE now() + interval '1 day' END,
               '{}', json_build_array('open-' || n), true
          FROM generate_series(1, 1000000) n;
      ANALYZE)sql");
  }

  std::string explain(const Statement& statement) {
    const std::string sql = statement.sql;
    int parameters = 0;
    for (std::size_t i = 0; i + 1 < sql.size(); ++i) {
      if (sql[i] == '$' && std::isdigit(sql[i + 1]) != 0)
        parameters = std::max(parameters, std::stoi(sql.substr(i + 1)));
    }
    std::string arguments;
    for (int i = 0; i < parameters; ++i) arguments += i == 0 ? "NULL" : ", NULL";
    pqxx::connection session(server_->connection_string() + " options='" + postgres::kSessionSettings + "'");
    pqxx::nontransaction transaction(session);
    transaction.exec("PREPARE s AS " + sql);
    std::string plan;
    for (const auto& row : transaction.exec("EXPLAIN EXECUTE s" + (parameters > 0 ? "(" + arguments + ")" : ""))) {
      plan += std::string(row[0].c_str()) + "\n";
    }
    return plan;
  }

  /// Every hot statement reads its tables through keys that the caller named.
  void expect_plans_by_key(const std::string& when) {
    for (const Statement& statement : postgres::hot_statements()) {
      const std::string plan = explain(statement);
      for (const PlanNode& node : read_plan(plan)) {
        if (node.table.empty() || kSmallTables.contains(node.table)) continue;
        EXPECT_FALSE(node.sequential) << statement.name << ", " << when << ":\n" << plan;
        if (kWalks.contains(statement.name)) continue;
        EXPECT_NE(node.condition, "(shard = 0)") << statement.name << ", " << when << ":\n" << plan;
      }
    }
  }

  /// Runs `verbs` and reads from the log what each of their statements touched.
  template <class Verbs>
  void expect_small_work(const std::string& what, Verbs verbs) {
    const auto before = std::filesystem::file_size(server_->log_file());
    verbs();
    std::ifstream log(server_->log_file());
    log.seekg(static_cast<std::streamoff>(before));
    std::stringstream text;
    text << log.rdbuf();
    int scans = 0;
    for (const PlanNode& node : read_plan(text.str())) {
      if (kSmallTables.contains(node.table)) continue;
      ++scans;
      EXPECT_FALSE(node.sequential) << what << ": " << node.text;
      EXPECT_LE(node.rows, kRowsOfABatch) << what << ": " << node.text << "\n" << node.condition;
    }
    EXPECT_GT(scans, 0) << what << " left no plans in the log: " << text.str().substr(0, 2000);
  }

  Uuid id(int n) {
    pqxx::nontransaction transaction(connection_);
    return Uuid::parse(transaction.exec1("SELECT id FROM ids WHERE n = " + std::to_string(n))[0].c_str());
  }
  void exercise_every_verb(Store& store);

  static inline devpg::PrivatePostgres* server_ = nullptr;
  pqxx::connection connection_{server_->connection_string()};
};

Uuid fresh_id() {
  static std::mt19937_64 random{std::random_device{}()};
  std::array<std::uint8_t, 10> bytes;
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return make_uuid_v7(std::chrono::milliseconds(1'780'000'000'000), bytes);
}

std::vector<NewChild> children_of(const Uuid& parent) {
  std::vector<NewChild> children(100);
  for (std::size_t i = 0; i < children.size(); ++i) {
    children[i].run.run_id = fresh_id();
    children[i].run.workflow_id = i % 10 == 0 ? "open-600001" : children[i].run.run_id.to_string();  // some conflict
    children[i].run.workflow_type = "Order";
    children[i].parent_run_id = parent;
    children[i].parent_seq = static_cast<CommandSeq>(i + 1);
    if (i % 2 == 0) children[i].parent_close_policy = ParentClosePolicy::request_cancel;
  }
  return children;
}

/// The first run closes with its children; others tell a parent, cancel a child, or continue as new.
void add_family(RunCommit& commit, std::size_t i, const std::vector<Uuid>& ids, const std::vector<NewChild>& children) {
  if (i == 0) {
    commit.has_children = true;
  } else if (i % 4 == 0) {
    commit.notice = ParentNotice{ids[i + 1], 1, MessageKind::child_completed, "1"};
  } else if (i % 4 == 3) {
    commit.cancel_runs = {children[i].run.run_id};
  } else if (i % 4 == 2) {
    commit.next = NextState::closed;
    commit.status = RunStatus::continued_as_new;
    commit.new_tasks.clear();
    commit.successor.emplace(NextRun{fresh_id(), "Order", "default", "{}", {}});
    auto& carried = commit.successor->signals.emplace_back();
    carried.name = "go";
    carried.message_id = fresh_id();
  }
}

void exercise_lane(Store& store, WorkerId worker) {
  const std::vector<std::string> queues{"default"};
  const auto lane = store.open_lane(worker);
  auto step = lane->begin_step();
  const auto claims = step->claim_runs({.task_queues = queues, .limit = 100, .full_sweep = true});
  ASSERT_EQ(claims.size(), 100u);
  std::vector<Uuid> ids;
  for (const auto& claim : claims) ids.push_back(claim.run_id);
  step->collect_messages();
  const auto states = step->load_runs(ids);
  const auto messages = step->read_messages(ids);
  const auto children = children_of(ids[0]);
  step->start_children(children);
  CommitBatch batch;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    RunCommit commit;
    commit.run_id = ids[i];
    commit.first_event_id = 2;
    commit.at = step->now();
    if (i % 4 != 3) commit.events = R"([{"type":"WorkflowCanceled"}])";
    for (const auto& message : states[i].messages) commit.consumed.push_back(message.inbox_id);
    commit.next = i % 4 == 0 ? NextState::closed : i % 4 == 1 ? NextState::parked : NextState::owned;
    commit.status = RunStatus::canceled;
    NewActivityTask task;
    task.seq = 2;
    task.activity = "charge";
    task.task_queue = "default";
    task.input = "{}";
    task.scheduled_at = step->now();
    commit.new_tasks.push_back(task);
    commit.ended_tasks = {1};
    commit.cancel_tasks = {2};
    commit.updates.push_back({"u1", UpdateStage::accepted, {}, {}});
    commit.end_updates = commit.next == NextState::closed;
    add_family(commit, i, ids, children);
    batch.runs.push_back(std::move(commit));
  }
  step->commit(batch);
}

void exercise_schedules(ScheduleStore& schedules) {
  const auto report = schedules.fire_schedules(100, [](Timestamp now, std::span<const DueSchedule> due) {
    std::vector<ScheduleDecision> out;
    for (const auto& schedule : due) {
      ScheduledStart start;
      start.run_id = fresh_id();
      start.workflow_id = schedule.row.key.schedule_id + "-now";
      start.workflow_type = "Order";
      start.task_queue = "default";
      start.scheduled_at = now;
      start.last_completed = start.last_failed = schedule.watched.at(0).run_id;
      out.push_back(
          {.key = schedule.row.key, .starts = {start}, .state = "{}", .next_at = now + std::chrono::hours(1)});
    }
    return out;
  });
  EXPECT_EQ(report.starts, 100);
  std::vector<ScheduleKey> keys;
  for (int n = 1; n < 200; n += 2) keys.push_back({"default", "schedule-" + std::to_string(n)});
  EXPECT_EQ(schedules.request_schedule(keys[0], R"({"trigger":"2026-11-30T00:00:00Z"})"), ScheduleChange::done);
  schedules.hurry_schedules(keys);
  EXPECT_TRUE(schedules.describe_schedule(keys[0]));
  EXPECT_EQ(schedules.list_schedules({.after = "schedule-5"}).size(), 100u);
}

/// A million tasks wait for ten thousand keys, nearly all of which have no place; others wait for their queue.
void exercise_limits(Store& store, WorkerId worker) {
  const std::vector<std::string> queues{"limited", "narrow"};
  std::size_t started = 0;
  for (int turn = 0; turn < 4; ++turn) {
    const auto seen = store.peek({}, queues);
    EXPECT_EQ(seen.limited_queues, std::vector<std::string>{"narrow"});
    const auto tasks = store.claim_activities(worker, queues, 100);
    started += tasks.size();
    std::vector<ActivityOutcome> outcomes;
    for (const auto& task : tasks) {
      ActivityOutcome outcome;
      outcome.key = task.key;
      outcome.worker = worker;
      outcome.result = "1";
      outcome.limit_key = task.options.limit_key;
      outcome.limited_queue = task.queue_limited ? task.task_queue : "";
      outcomes.push_back(outcome);
    }
    if (!tasks.empty()) store.pending_activities(tasks[0].key.run_id);
    store.finish_activities(outcomes);
  }
  EXPECT_GT(started, 0u);
}

void exercise_updates_and_queries(Store& store) {
  const std::vector<std::string> queues{"default"}, types{"Order"};
  std::vector<UpdateKey> keys;
  for (int n = 0; n < 20; ++n) {
    NewUpdate update;
    update.to.workflow_id = "open-" + std::to_string(810001 + 2 * n);
    update.update_id = "mine";
    update.name = "deposit";
    const auto sent = store.updates().send_update(update);
    EXPECT_EQ(sent.status, SendStatus::sent);
    EXPECT_EQ(store.updates().open_updates(sent.update.run_id).size(), 2u);
    keys.push_back(sent.update.key);
    NewQuery query;
    query.query_id = fresh_id();
    query.to.workflow_id = "open-" + std::to_string(820001 + 2 * n);
    query.name = "balance";
    EXPECT_EQ(store.queries().ask(query), SendStatus::sent);
    store.queries().claim_queries(queues, types, 10);
    const QueryAnswer answer{query.query_id, "1", {}};
    store.queries().answer_queries({&answer, 1});
    EXPECT_EQ(store.queries().read_answers({&query.query_id, 1}).size(), 1u);
    EXPECT_TRUE(store.queries().withdraw(query.query_id));
  }
  EXPECT_EQ(store.updates().read_updates(keys).size(), keys.size());
}

void HotStatements::exercise_every_verb(Store& store) {
  const std::vector<std::string> queues{"default"};
  const WorkerId worker =
      store.register_worker({.identity = "w", .task_queues = queues, .version = "1", .lease = std::chrono::hours(1)});
  std::vector<NewRun> runs(100);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].run_id = fresh_id();
    runs[i].workflow_id = i % 10 == 0 ? "open-600001" : "new-" + runs[i].run_id.to_string();  // some conflict
    runs[i].workflow_type = "Order";
    runs[i].reuse = i % 2 == 0 ? IdReusePolicy::allow_duplicate : IdReusePolicy::reject_duplicate;
  }
  store.start_runs(runs);
  std::vector<NewMessage> messages(100);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    messages[i].to.workflow_id = "open-" + std::to_string(700001 + 2 * i);
    messages[i].name = "go";
    messages[i].message_id = fresh_id();
  }
  store.send_messages(messages);
  store.terminate_run({.workflow_id = "open-800001"}, "why", "me");
  exercise_lane(store, worker);
  exercise_updates_and_queries(store);

  store.owned_activities(worker);
  auto tasks = store.claim_activities(worker, queues, 100);
  ASSERT_EQ(tasks.size(), 100u);
  std::vector<Heartbeat> beats;
  std::vector<ActivityOutcome> outcomes;
  for (const auto& task : tasks) {
    beats.push_back({.key = task.key, .details = "1"});
    ActivityOutcome outcome;
    outcome.key = task.key;
    outcome.worker = worker;
    outcome.kind = beats.size() % 2 == 0 ? ActivityOutcome::Kind::retry : ActivityOutcome::Kind::completed;
    outcome.result = "1";
    outcomes.push_back(outcome);
  }
  store.heartbeat_activities(worker, beats);
  store.finish_activities(outcomes);
  EXPECT_FALSE(store.claim_expired_activities(worker, 100).empty());

  exercise_limits(store, worker);
  exercise_schedules(store.schedules());
  const std::vector<WorkerId> me{worker};
  store.peek(me, queues);
  std::vector<Uuid> ids;
  for (const auto& run : runs) ids.push_back(run.run_id);
  store.closed_runs(ids);
  store.describe_run({.workflow_id = "open-900001"});
  store.list_runs({.limit = 100});
  store.list_runs({.status = RunStatus::running, .limit = 100});
  store.list_runs({.parent_run_id = ids[0], .limit = 100});
  store.read_history(ids[0], 1, 100);
  store.pending_activities(ids[0]);
  store.renew_leases({&worker, 1}, std::chrono::hours(1));
  store.release_worker(worker);
}

TEST_F(HotStatements, ArePlannedByKeyWhateverTheTablesSize) {
  expect_plans_by_key("never analysed");
  execute(R"sql(
    SELECT holdfast.start_workflow('Order', 'order-' || n), holdfast.signal_workflow('order-' || n, 'go') FROM generate_series(1, 10) n;
    INSERT INTO holdfast.activity_tasks (run_id, seq, ready_at, scheduled_at, namespace, workflow_id, activity, input, options)
      SELECT run_id, 1, now(), now(), 'default', 'x', 'charge', '{}', '{}' FROM holdfast.runs;
    INSERT INTO holdfast.history (run_id, event_id, at, events) SELECT run_id, 1, now(), '[]' FROM holdfast.runs;
    SELECT holdfast.update_workflow('order-' || n, 'go') FROM generate_series(1, 10) n;
    SELECT holdfast.create_schedule('s-' || n, 'Order', '{"cron":["@daily"]}') FROM generate_series(1, 10) n;
    INSERT INTO holdfast.limit_gates (scope, name) SELECT 'key', 'k/' || n FROM generate_series(1, 10) n;
    INSERT INTO holdfast.limit_lines (task_queue, limit_key, look_at) SELECT 'default', 'k/' || n, now() FROM generate_series(1, 10) n;
    ANALYZE)sql");
  expect_plans_by_key("ten rows");
  fill();
  expect_plans_by_key("a million rows");

  const std::string url = server_->connection_string() + " options='-c auto_explain.log_min_duration=0'";
  for (const bool prepared : {true, false}) {
    const auto store = open_postgres_store({.connection_string = url, .prepared = prepared});
    expect_small_work(prepared ? "prepared" : "unprepared", [&] { exercise_every_verb(*store); });
  }
}

}  // namespace
}  // namespace holdfast::test
