#include <holdfast/store/postgres/lane_commit.hpp>

#include <algorithm>

#include <holdfast/store/postgres/activity_options.hpp>
#include <holdfast/store/postgres/families.hpp>
#include <holdfast/store/postgres/lane_session.hpp>
#include <holdfast/store/postgres/properties.hpp>
#include <holdfast/store/postgres/updates.hpp>

// What a step writes, in lock order (schema/README.md): live_runs, then histories, tasks and messages. Each statement
// serves the whole batch and returns the runs that it does not apply to; parts of the batch that are empty cost
// nothing. LIMIT cardinality(...) and (...) IS TRUE change no result: they keep the planner from scanning what an owner
// has, or all that there is, for a few keys (schema/README.md, plans).
namespace holdfast::store::postgres {

// Runs that get neither a history row nor a new state, whose tasks change: nothing else would stop a former owner. And
// those that change their row in `runs`, which is done under the lock of the live row only.
const Statement kCheckOwned{"check_owned", R"sql(
WITH held AS MATERIALIZED (
  SELECT l.run_id FROM unnest($1::uuid[]) AS u (run_id)
   CROSS JOIN LATERAL (SELECT l.run_id FROM holdfast.live_runs l
                        WHERE l.shard = 0 AND l.run_id = u.run_id AND (l.owner = $2::bigint) IS TRUE FOR NO KEY UPDATE) l)
SELECT u.run_id FROM unnest($1::uuid[]) AS u (run_id) WHERE (u.run_id IN (SELECT run_id FROM held)) IS NOT TRUE)sql"};

// The key is the fence: whoever appends an event first wins. A worker that was taken over is marked in `workers`, and
// appends nothing even if nobody else did yet: one look per batch instead of one per run.
const Statement kAppendHistory{"append_history", R"sql(
INSERT INTO holdfast.history (shard, run_id, event_id, at, events)
SELECT 0, u.run_id, u.event_id, u.at, u.events
  FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::json[]) AS u (run_id, event_id, at, events)
 WHERE (SELECT true FROM holdfast.workers WHERE worker_id = $5::bigint AND ended_at IS NULL))sql"};

const Statement kConsumeMessages{"consume_messages", R"sql(
DELETE FROM holdfast.inbox i
 USING (SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS u (run_id, inbox_id) LIMIT cardinality($1)) u
 WHERE i.shard = 0 AND i.run_id = u.run_id AND i.inbox_id = u.inbox_id)sql"};

const Statement kEndTasks{"end_tasks", R"sql(
DELETE FROM holdfast.activity_tasks t
 USING (SELECT * FROM unnest($1::uuid[], $2::integer[]) AS u (run_id, seq) LIMIT cardinality($1)) u
 WHERE t.shard = 0 AND t.run_id = u.run_id AND t.seq = u.seq)sql"};

const Statement kCancelTasks{"cancel_tasks", R"sql(
UPDATE holdfast.activity_tasks t SET cancel_requested = true
  FROM (SELECT * FROM unnest($1::uuid[], $2::integer[]) AS u (run_id, seq) LIMIT cardinality($1)) u
 WHERE t.shard = 0 AND t.run_id = u.run_id AND t.seq = u.seq)sql"};

// A bell that rang keeps the run open: its owner has not read the message. What is left of tasks and messages then
// goes.
const Statement kCloseRuns{"close_runs", R"sql(
WITH c AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::json[], $4::json[]) AS c (run_id, status, result, failure)
   LIMIT cardinality($1)),
gone AS (
  DELETE FROM holdfast.live_runs l USING c
   WHERE l.shard = 0 AND l.run_id = c.run_id AND (l.owner = $5::bigint AND NOT l.rung) IS TRUE RETURNING l.run_id),
e AS MATERIALIZED (SELECT * FROM c WHERE (run_id IN (SELECT run_id FROM gone)) IS TRUE),
run AS (
  UPDATE holdfast.runs r SET status = e.status, result = e.result, failure = e.failure, closed_at = now()
    FROM e WHERE r.shard = 0 AND r.run_id = e.run_id),
task AS (DELETE FROM holdfast.activity_tasks t USING e WHERE t.shard = 0 AND t.run_id = e.run_id),
message AS (DELETE FROM holdfast.inbox i USING e WHERE i.shard = 0 AND i.run_id = e.run_id)
SELECT run_id FROM c WHERE (run_id IN (SELECT run_id FROM gone)) IS NOT TRUE)sql"};

const Statement kParkRuns{"park_runs", R"sql(
WITH p AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[]) AS p (run_id, ready_at, waiting_for, failure)
   LIMIT cardinality($1)),
parked AS (
  UPDATE holdfast.live_runs l
     SET owner = NULL, ready_at = CASE WHEN l.rung THEN now() ELSE p.ready_at END, waiting_for = p.waiting_for,
         task_failure = p.failure, task_failures = CASE WHEN p.failure IS NULL THEN 0 ELSE l.task_failures + 1 END
    FROM p WHERE l.shard = 0 AND l.run_id = p.run_id AND (l.owner = $5::bigint) IS TRUE RETURNING l.run_id)
SELECT run_id FROM p WHERE (run_id IN (SELECT run_id FROM parked)) IS NOT TRUE)sql"};

namespace {

void require_none(const pqxx::result& culprits, const char* what) {
  if (culprits.empty()) return;
  std::vector<Uuid> runs;
  std::string message = what;
  for (const auto& row : culprits) {
    runs.push_back(uuid(row[0]));
    message += " " + text(row[0]);
  }
  throw Conflict(message, std::move(runs));
}

template <class Keep>
Commits select(const CommitBatch& batch, Keep keep) {
  Commits out;
  for (const auto& commit : batch.runs) {
    if (keep(commit)) out.push_back(&commit);
  }
  // Row locks in one order, whoever commits what.
  std::ranges::sort(out, {}, &RunCommit::run_id);
  return out;
}

Parameter ids(const Commits& commits) {
  return array_of(oid::kUuid, commits, [](const RunCommit* c) { return c->run_id; });
}

/// Two arrays: the run and the value of each element of a list member of every commit.
template <class List, class Append>
std::pair<Parameters, std::size_t> pairs(const CommitBatch& batch, List RunCommit::* list, std::uint32_t type,
                                         Append value) {
  std::size_t size = 0;
  for (const auto& commit : batch.runs) size += (commit.*list).size();
  ArrayBuilder runs(oid::kUuid, size), values(type, size);
  for (const auto& commit : batch.runs) {
    for (const auto& item : commit.*list) {
      runs.append(commit.run_id);
      values.append(value(item));
    }
  }
  return {{runs.finish(), values.finish()}, size};
}

/// The run in "Key (shard, run_id, event_id)=(0, <uuid>, 5) already exists", in whatever language.
std::vector<Uuid> run_in_message(std::string_view message) {
  for (std::size_t at = message.find('-'); at != std::string_view::npos; at = message.find('-', at + 1)) {
    if (at < 8 || at + 28 > message.size()) continue;
    try {
      return {Uuid::parse(message.substr(at - 8, 36))};
    } catch (const std::invalid_argument&) {}
  }
  return {};
}

/// Writes one batch in an open transaction; `run(statement, parameters)` executes.
template <class Run>
class BatchWriter {
 public:
  BatchWriter(const CommitBatch& batch, WorkerId worker, Run run) : batch_(batch), worker_(worker), run_(run) {}

  /// Returns the runs for which an errand was left.
  std::vector<Uuid> write() {
    check_owned();
    close();
    continue_as_new();
    auto left = write_families(batch_, run_);
    park();
    append_histories();
    end_tasks();
    write_tasks();
    cancel_tasks();
    write_updates(batch_, run_);
    consume();
    if (!continued_.empty()) move_messages(continued_, run_);
    modify_properties(batch_, run_);
    part_from_batch(batch_, run_, left);
    return left;
  }

 private:
  void check_owned() {
    const auto commits = select(batch_, [](const RunCommit& c) {
      const bool changes_row = !c.memo.empty() || !c.search_attributes.empty();
      return (c.events.empty() || changes_row) && c.next == NextState::owned;
    });
    if (commits.empty()) return;
    require_none(run_(kCheckOwned, {ids(commits), bigint_parameter(worker_)}), "no longer this worker's:");
  }

  void append_histories() {
    const auto commits = select(batch_, [](const RunCommit& c) { return !c.events.empty(); });
    if (commits.empty()) return;
    const auto appended =
        run_(kAppendHistory,
             {ids(commits), array_of(oid::kBigint, commits, [](const RunCommit* c) { return c->first_event_id; }),
              array_of(oid::kTimestamptz, commits, [](const RunCommit* c) { return c->at; }),
              array_of(oid::kJson, commits, [](const RunCommit* c) { return std::string_view(c->events); }),
              bigint_parameter(worker_)});
    if (appended.affected_rows() == 0) {
      throw LeaseLost("worker " + std::to_string(worker_) + " was taken over");
    }
  }

  void close() {
    const auto commits = select(batch_, [](const RunCommit& c) { return c.next == NextState::closed && !c.successor; });
    if (commits.empty()) return;
    require_none(
        run_(kCloseRuns,
             {ids(commits), array_of(oid::kText, commits, [](const RunCommit* c) { return to_string(c->status); }),
              array_of(oid::kJson, commits, [](const RunCommit* c) { return unless_empty(c->result); }),
              array_of(oid::kJson, commits,
                       [](const RunCommit* c) {
                         const auto failure = failure_of(*c);
                         return failure ? std::optional(encode_failure(*failure)) : std::nullopt;
                       }),
              bigint_parameter(worker_)}),
        "no longer this worker's, or with an unread message:");
  }

  void continue_as_new() {
    continued_ = select(batch_, [](const RunCommit& c) { return c.next == NextState::closed && c.successor; });
    if (!continued_.empty()) require_none(continue_runs(continued_, worker_, run_), "no longer this worker's:");
  }

  void park() {
    const auto commits = select(batch_, [](const RunCommit& c) { return c.next == NextState::parked; });
    if (commits.empty()) return;
    require_none(
        run_(kParkRuns,
             {ids(commits),
              array_of(oid::kTimestamptz, commits,
                       [](const RunCommit* c) { return c->ready_at.value_or(Timestamp::max()); }),
              array_of(oid::kText, commits, [](const RunCommit* c) { return std::string_view(c->waiting_for); }),
              array_of(oid::kText, commits, [](const RunCommit* c) { return unless_empty(c->task_failure); }),
              bigint_parameter(worker_)}),
        "no longer this worker's:");
  }

  void end_tasks() {
    auto [parameters, size] = pairs(batch_, &RunCommit::ended_tasks, oid::kInteger, [](CommandSeq seq) { return seq; });
    if (size > 0) run_(kEndTasks, parameters);
  }

  void write_tasks() {
    std::vector<std::pair<const RunCommit*, const NewActivityTask*>> tasks;
    for (const auto& commit : batch_.runs) {
      if (commit.next == NextState::closed) continue;
      for (const auto& task : commit.new_tasks) tasks.emplace_back(&commit, &task);
    }
    if (tasks.empty()) return;
    const auto of = [&](std::uint32_t type, auto get) {
      return array_of(type, tasks, [&](const auto& entry) { return get(*entry.second); });
    };
    using Task = NewActivityTask;
    Parameters p;
    p.push_back(array_of(oid::kUuid, tasks, [](const auto& entry) { return entry.first->run_id; }));
    p.push_back(of(oid::kInteger, [](const Task& t) { return t.seq; }));
    p.push_back(of(oid::kText, [](const Task& t) { return std::string_view(t.activity); }));
    p.push_back(of(oid::kText, [](const Task& t) {
      return t.transactional ? std::nullopt : std::optional<std::string_view>(t.task_queue);
    }));
    p.push_back(of(oid::kJson, [](const Task& t) { return std::string_view(t.input); }));
    p.push_back(of(oid::kJson, [](const Task& t) { return encode_options(t.options); }));
    p.push_back(of(oid::kInteger, [](const Task& t) { return t.options.retry.max_attempts; }));
    p.push_back(of(oid::kInteger, [](const Task& t) { return t.attempt; }));
    p.push_back(of(oid::kBool, [](const Task& t) { return t.started_here; }));
    p.push_back(of(oid::kBigint, [](const Task& t) { return t.delay; }));
    p.push_back(of(oid::kTimestamptz, [](const Task& t) { return t.scheduled_at; }));
    p.push_back(of(oid::kJson, [](const Task& t) {
      return t.last_failure ? std::optional(encode_failure(*t.last_failure)) : std::nullopt;
    }));
    p.push_back(of(oid::kBigint, [](const Task& t) { return t.options.start_to_close; }));
    p.push_back(of(oid::kBigint, [](const Task& t) { return t.options.schedule_to_close; }));
    p.push_back(of(oid::kBigint, [](const Task& t) { return t.options.schedule_to_start; }));
    p.push_back(of(oid::kBigint, [](const Task& t) { return t.options.heartbeat; }));
    p.push_back(bigint_parameter(worker_));
    p.push_back(of(oid::kText, [](const Task& t) { return unless_empty(t.options.limit_key); }));
    run_(kWriteTasks, p);
  }

  void cancel_tasks() {
    auto [parameters, size] =
        pairs(batch_, &RunCommit::cancel_tasks, oid::kInteger, [](CommandSeq seq) { return seq; });
    if (size > 0) run_(kCancelTasks, parameters);
  }

  void consume() {
    auto [parameters, size] = pairs(batch_, &RunCommit::consumed, oid::kBigint, [](std::int64_t id) { return id; });
    if (size > 0) run_(kConsumeMessages, parameters);
  }

  const CommitBatch& batch_;
  WorkerId worker_;
  Run run_;
  Commits continued_;
};

}  // namespace

void PostgresStep::commit(const CommitBatch& batch) {
  const auto execute = [this](const Statement& statement, const Parameters& parameters) {
    return run(statement, parameters);
  };
  std::vector<Uuid> left;
  guarded([&] {
    try {
      left = BatchWriter(batch, lane_.worker, execute).write();
    } catch (const pqxx::unique_violation& error) {
      throw Conflict(error.what(), run_in_message(error.what()));
    }
    lane_.connection->note_work(batch.runs.size());
    work_->commit();
  });
  run_errands(std::move(left));
}

void PostgresStep::run_errands(std::vector<Uuid> left) {
  left.insert(left.end(), lane_.errands.begin(), lane_.errands.end());
  lane_.errands.clear();
  std::ranges::sort(left);
  left.erase(std::unique(left.begin(), left.end()), left.end());
  for (const Uuid& run_id : left) {
    try {
      lane_.connection->run(kRunErrands, {uuid_parameter(run_id)});
    } catch (const pqxx::pqxx_exception&) {
      // The batch is committed. Its errands are run after the next one, or by the next take_over_expired.
      if (!lane_.connection->pqxx().is_open()) return lane_.connection->mark_broken();
      lane_.errands.push_back(run_id);
    }
  }
}

}  // namespace holdfast::store::postgres
