#include <holdfast/store/postgres/lane_session.hpp>

#include <algorithm>

#include <holdfast/store/postgres/messages.hpp>
#include <holdfast/store/postgres/store_impl.hpp>

namespace holdfast::store::postgres {

const Statement kBeginStep{"begin_step", "SELECT " HOLDFAST_MICROS("now()") R"sql(,
       EXISTS (SELECT FROM holdfast.workers WHERE worker_id = $1::bigint AND lease_until > now()))sql"};

// The doorbells of this owner, reset before their messages are read. A sender who has rung and not committed yet holds
// the row: such runs are left for the next step instead of waiting for him.
const Statement kResetDoorbells{"reset_doorbells", R"sql(
WITH bell AS MATERIALIZED (
  SELECT run_id FROM holdfast.live_runs WHERE shard = 0 AND owner = $1::bigint AND owner IS NOT NULL AND rung
     FOR NO KEY UPDATE SKIP LOCKED)
UPDATE holdfast.live_runs l SET rung = false FROM bell
 WHERE l.shard = 0 AND l.run_id = bell.run_id RETURNING l.run_id)sql"};

const Statement kReadMessages{"read_messages", R"sql(
SELECT i.run_id, )sql" HOLDFAST_MESSAGE_COLUMNS R"sql(
  FROM unnest($1::uuid[]) WITH ORDINALITY AS u (run_id, n)
  CROSS JOIN LATERAL (SELECT * FROM holdfast.inbox i WHERE i.shard = 0 AND i.run_id = u.run_id ORDER BY i.inbox_id) i
 ORDER BY u.n, i.inbox_id)sql"};

const Statement kReadOwnedMessages{"read_owned_messages", R"sql(
SELECT i.run_id, )sql" HOLDFAST_MESSAGE_COLUMNS R"sql(
  FROM unnest($1::uuid[]) WITH ORDINALITY AS u (run_id, n)
  CROSS JOIN LATERAL (SELECT run_id FROM holdfast.live_runs WHERE shard = 0 AND run_id = u.run_id AND (owner = $2::bigint) IS TRUE LIMIT 1) l
  CROSS JOIN LATERAL (SELECT * FROM holdfast.inbox i WHERE i.shard = 0 AND i.run_id = l.run_id ORDER BY i.inbox_id) i
 ORDER BY u.n, i.inbox_id)sql"};

// Every owned run at least once: one without a history has a row of nulls.
const Statement kLoadHistories{"load_histories", R"sql(
SELECT l.run_id, h.event_id, )sql" HOLDFAST_MICROS("h.at") R"sql(, h.events
  FROM unnest($1::uuid[]) WITH ORDINALITY AS u (run_id, n)
  CROSS JOIN LATERAL (SELECT run_id FROM holdfast.live_runs WHERE shard = 0 AND run_id = u.run_id AND (owner = $2::bigint) IS TRUE LIMIT 1) l
  LEFT JOIN LATERAL (SELECT event_id, at, events FROM holdfast.history
                      WHERE shard = 0 AND run_id = l.run_id ORDER BY event_id) h ON true
 ORDER BY u.n, h.event_id)sql"};

const Statement kLoadTasks{"load_tasks", R"sql(
SELECT t.run_id, t.seq, t.attempt, t.task_queue IS NULL, t.owner,
       CASE WHEN isfinite(t.ready_at) THEN )sql" HOLDFAST_MICROS("t.ready_at") R"sql( END,
       )sql" HOLDFAST_MICROS("t.scheduled_at") R"sql(, t.last_failure
  FROM unnest($1::uuid[]) AS u (run_id)
  CROSS JOIN LATERAL (SELECT * FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.run_id = u.run_id ORDER BY t.seq) t
 ORDER BY t.run_id, t.seq)sql"};

// Whoever the owner is: a row whose new owner is not committed yet still shows the old one.
const Statement kAwaitRuns{"await_runs", R"sql(
SELECT FROM unnest($1::uuid[]) AS u (run_id)
 CROSS JOIN LATERAL (SELECT FROM holdfast.live_runs WHERE shard = 0 AND run_id = u.run_id FOR NO KEY UPDATE) l)sql"};

namespace {

std::vector<RunMessages> group_by_run(const pqxx::result& rows) {
  std::vector<RunMessages> out;
  for (const auto& row : rows) {
    const Uuid run_id = uuid(row[0]);
    if (out.empty() || out.back().run_id != run_id) out.push_back({run_id, {}});
    out.back().messages.push_back(read_message(row, 1));
  }
  return out;
}

class PostgresLane final : public LaneSession {
 public:
  PostgresLane(const PostgresOptions& options, WorkerId worker, SharedBounds& shared) {
    lane_.shared = &shared;
    lane_.options = options;
    lane_.worker = worker;
  }

  std::unique_ptr<StepTransaction> begin_step(std::optional<std::chrono::milliseconds> patience) override {
    if (lane_.connection && lane_.connection->broken()) lane_.connection.reset();
    if (!lane_.connection) connect();
    return std::make_unique<PostgresStep>(lane_, patience);
  }

 private:
  void connect() {
    lane_.backoff.wait();
    try {
      lane_.connection = std::make_unique<Connection>(lane_.options);
      lane_.backoff.succeeded();
    } catch (const Unavailable&) {
      lane_.backoff.failed();
      throw;
    }
  }

  LaneState lane_;
};

std::string begin_text(LaneState& lane, std::optional<std::chrono::milliseconds> patience) {
  std::string text = "BEGIN;";
  if (lane.connection->plans_are_old()) text += "DISCARD PLANS;";
  text += lane.connection->transaction_settings();
  if (patience) text += "SET LOCAL lock_timeout=" + std::to_string(patience->count()) + ";";
  const std::string worker = std::to_string(lane.worker);
  if (lane.connection->prepare(kBeginStep)) return text + "EXECUTE begin_step(" + worker + ")";
  std::string question = kBeginStep.sql;
  return text + question.replace(question.find("$1"), 2, worker);
}

}  // namespace

void StepWork::do_commit() {
  try {
    direct_exec("COMMIT");
  } catch (const pqxx::sql_error& error) {
    // A refusal has a state; what has none, or announces the end of the session, may have come after the fact.
    const std::string& state = error.sqlstate();
    if (state.empty() || state.starts_with("57P") || state.starts_with("08")) throw pqxx::in_doubt_error(error.what());
    throw;
  } catch (const pqxx::broken_connection& error) {
    throw pqxx::in_doubt_error(error.what());
  } catch (const pqxx::statement_completion_unknown& error) {
    throw pqxx::in_doubt_error(error.what());
  }
}

PostgresStep::PostgresStep(LaneState& lane, std::optional<std::chrono::milliseconds> patience) : lane_(lane) {
  guarded([&] { work_ = std::make_unique<StepWork>(lane_.connection->pqxx(), begin_text(lane_, patience)); });
  now_ = time_of(work_->first_row()[0]);
  if (!boolean(work_->first_row()[1])) {
    throw LeaseLost("worker " + std::to_string(lane_.worker) + " has no lease any more");
  }
}

PostgresStep::~PostgresStep() {
  if (!work_) return;
  const bool lost = lane_.connection->broken();
  work_.reset();  // rolls back, unless committed; never throws
  if (!lost && !lane_.connection->pqxx().is_open()) lane_.connection->mark_broken();
}

bool PostgresStep::broken() const {
  if (!lane_.connection->pqxx().is_open()) return true;
  try {
    throw;
  } catch (const pqxx::broken_connection&) {
    return true;
  } catch (const pqxx::sql_error& error) {
    return is_unavailable(error.sqlstate());
  } catch (...) {
    return false;
  }
}

bool PostgresStep::obstructed() const {
  try {
    throw;
  } catch (const pqxx::transaction_rollback&) {
    return true;
  } catch (const pqxx::sql_error& error) {
    const std::string& state = error.sqlstate();
    return state == "40001" || state == "40P01" || state == "55P03";
  } catch (...) {
    return false;
  }
}

pqxx::result PostgresStep::run(const Statement& statement, const Parameters& parameters) {
  return lane_.connection->run(*work_, statement, parameters);
}

std::vector<RunMessages> PostgresStep::collect_messages() {
  return guarded([&] {
    std::vector<Uuid> rung;
    for (const auto& row : run(kResetDoorbells, {bigint_parameter(lane_.worker)})) rung.push_back(uuid(row[0]));
    if (rung.empty()) return std::vector<RunMessages>{};
    auto out = group_by_run(run(kReadMessages, {uuid_array(rung)}));
    // A bell may ring for nothing new (a repeated message); the owner still learns that it rang.
    for (const Uuid& run_id : rung) {
      if (std::ranges::none_of(out, [&](const auto& of_run) { return of_run.run_id == run_id; }))
        out.push_back({run_id, {}});
    }
    return out;
  });
}

void PostgresStep::await_runs(std::span<const Uuid> run_ids) {
  if (run_ids.empty()) return;
  guarded([&] { run(kAwaitRuns, {uuid_array(run_ids)}); });
}

std::vector<RunMessages> PostgresStep::read_messages(std::span<const Uuid> run_ids) {
  if (run_ids.empty()) return {};
  return guarded(
      [&] { return group_by_run(run(kReadOwnedMessages, {uuid_array(run_ids), bigint_parameter(lane_.worker)})); });
}

std::vector<RunState> PostgresStep::load_runs(std::span<const Uuid> run_ids) {
  if (run_ids.empty()) return {};
  return guarded([&] {
    std::vector<RunState> out;
    std::unordered_map<Uuid, std::size_t> positions;
    for (const auto& row : run(kLoadHistories, {uuid_array(run_ids), bigint_parameter(lane_.worker)})) {
      const Uuid run_id = uuid(row[0]);
      if (positions.try_emplace(run_id, out.size()).second) out.push_back({.run_id = run_id});
      if (row[1].is_null()) continue;
      out[positions[run_id]].history.push_back(
          {.first_event_id = integer(row[1]), .at = time_of(row[2]), .events = text(row[3])});
    }
    std::vector<Uuid> owned;
    for (const auto& state : out) owned.push_back(state.run_id);
    if (owned.empty()) return out;
    for (const auto& row : run(kLoadTasks, {uuid_array(owned)})) {
      out[positions.at(uuid(row[0]))].tasks.push_back({.seq = static_cast<CommandSeq>(integer(row[1])),
                                                       .attempt = small(row[2]),
                                                       .transactional = boolean(row[3]),
                                                       .owner = integer(row[4]),
                                                       .ready_at = optional_time(row[5]).value_or(Timestamp::max()),
                                                       .scheduled_at = time_of(row[6]),
                                                       .last_failure = optional_failure(row[7])});
    }
    for (auto& of_run : group_by_run(run(kReadMessages, {uuid_array(owned)}))) {
      out[positions.at(of_run.run_id)].messages = std::move(of_run.messages);
    }
    return out;
  });
}

std::unique_ptr<LaneSession> PostgresStore::open_lane(WorkerId worker) {
  return std::make_unique<PostgresLane>(options_, worker, bounds_);
}

}  // namespace holdfast::store::postgres
