#include <holdfast/store/postgres/starts.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <numeric>
#include <unordered_map>

#include <holdfast/store/postgres/lane_session.hpp>
#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/store_impl.hpp>
#include <holdfast/store/validate.hpp>

namespace holdfast::store::postgres {

namespace {

// Both rows of every run whose workflow id is free, in one statement; returns the runs that were started. The two
// policies that need more than "is it free" (and every run that this one leaves out) go through holdfast.start_run.
// `IN ... IS TRUE` keeps the subquery a hashed one: the planner would make it a join.
std::string start_runs_sql(const char* if_taken) {
  return std::string(R"sql(
WITH n AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::json[], $7::text[], $8::text[],
                       $9::smallint[], $10::bigint[], $11::bigint[], $12::bool[])
           AS n (run_id, namespace, workflow_id, workflow_type, task_queue, input, memo, attributes, priority, delay,
                 timeout, exclusive)),
live AS (
  INSERT INTO holdfast.live_runs (shard, run_id, namespace, workflow_id, task_queue, priority, ready_at)
  SELECT 0, n.run_id, n.namespace, n.workflow_id, n.task_queue, n.priority,
         now() + coalesce(n.delay, 0) * interval '1 microsecond'
    FROM n
   WHERE (n.exclusive AND (SELECT true FROM holdfast.runs r WHERE r.shard = 0 AND r.namespace = n.namespace
                              AND r.workflow_id = n.workflow_id LIMIT 1)) IS NOT TRUE
  )sql") +
         if_taken +
         R"sql( RETURNING run_id),
run AS (
  INSERT INTO holdfast.runs (shard, run_id, namespace, workflow_id, workflow_type, task_queue, input, memo,
                             search_attributes, exclusive, started_at, deadline)
  SELECT 0, n.run_id, n.namespace, n.workflow_id, n.workflow_type, n.task_queue, n.input, n.memo::jsonb,
         n.attributes::jsonb, n.exclusive, now(), now() + (coalesce(n.delay, 0) + n.timeout) * interval '1 microsecond'
    FROM n WHERE (n.run_id IN (SELECT run_id FROM live)) IS TRUE)
SELECT run_id FROM live)sql";
}

const std::string kStartFreeSql = start_runs_sql(""), kStartRunsSql = start_runs_sql("ON CONFLICT DO NOTHING");

}  // namespace

// ON CONFLICT inserts speculatively, which costs 5 of 19 us a run: while ids are free (nearly always) it is not needed,
// and a unique violation says that it is.
const Statement kStartFreeRuns{"start_free_runs", kStartFreeSql.c_str()};
const Statement kStartRuns{"start_runs", kStartRunsSql.c_str()};

const Statement kStartRunsByPolicy{"start_runs_by_policy", R"sql(
SELECT s.outcome, s.run_id
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::json[], $7::text[], $8::text[],
              $9::smallint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[])
         AS n (run_id, namespace, workflow_id, workflow_type, task_queue, input, memo, attributes, priority, delay,
               timeout, reuse, conflict)
  CROSS JOIN LATERAL holdfast.start_run(
    n.run_id, n.namespace, n.workflow_id, n.workflow_type, n.task_queue, n.input, n.memo::jsonb, n.attributes::jsonb,
    n.priority, n.delay * interval '1 microsecond', n.timeout * interval '1 microsecond', n.reuse, n.conflict) s)sql"};

// The same for children, in their parent's commit. A start that is repeated finds its row in runs, also when the child
// has long ended.
const Statement kStartChildren{"start_children", R"sql(
WITH n AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::json[], $7::text[], $8::text[],
                       $9::smallint[], $10::bigint[], $11::bigint[], $12::bool[], $13::uuid[], $14::integer[], $15::text[])
           AS n (run_id, namespace, workflow_id, workflow_type, task_queue, input, memo, attributes, priority, delay,
                 timeout, exclusive, parent_run_id, parent_seq, parent_close_policy)),
live AS (
  INSERT INTO holdfast.live_runs (shard, run_id, namespace, workflow_id, task_queue, priority, ready_at)
  SELECT 0, n.run_id, n.namespace, n.workflow_id, n.task_queue, n.priority,
         now() + coalesce(n.delay, 0) * interval '1 microsecond'
    FROM n
   WHERE (n.exclusive AND (SELECT true FROM holdfast.runs r WHERE r.shard = 0 AND r.namespace = n.namespace
                              AND r.workflow_id = n.workflow_id LIMIT 1)) IS NOT TRUE
     AND (SELECT true FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = n.run_id LIMIT 1) IS NOT TRUE
  ON CONFLICT DO NOTHING RETURNING run_id),
run AS (
  INSERT INTO holdfast.runs (shard, run_id, namespace, workflow_id, workflow_type, task_queue, input, memo,
                             search_attributes, exclusive, started_at, deadline, parent_run_id, parent_seq,
                             parent_close_policy)
  SELECT 0, n.run_id, n.namespace, n.workflow_id, n.workflow_type, n.task_queue, n.input, n.memo::jsonb,
         n.attributes::jsonb, n.exclusive, now(), now() + (coalesce(n.delay, 0) + n.timeout) * interval '1 microsecond',
         n.parent_run_id, n.parent_seq, n.parent_close_policy
    FROM n WHERE (n.run_id IN (SELECT run_id FROM live)) IS TRUE)
SELECT run_id FROM live)sql"};

// What holdfast.start_run, which knows no parents, has started just now.
const Statement kAdoptChildren{"adopt_children", R"sql(
UPDATE holdfast.runs r
   SET parent_run_id = n.parent_run_id, parent_seq = n.parent_seq, parent_close_policy = n.parent_close_policy
  FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[])
                 AS n (run_id, parent_run_id, parent_seq, parent_close_policy) LIMIT cardinality($1)) n
 WHERE r.shard = 0 AND r.run_id = n.run_id AND r.parent_run_id IS NULL)sql"};

namespace {

using Order = std::vector<const NewRun*>;

Parameters common_parameters(const Order& runs) {
  const auto texts = [&](auto member) {
    return array_of(oid::kText, runs, [=](const NewRun* run) { return std::string_view(run->*member); });
  };
  const auto optional_texts = [&](auto member) {
    return array_of(oid::kText, runs, [=](const NewRun* run) { return unless_empty(run->*member); });
  };
  Parameters out;
  out.push_back(array_of(oid::kUuid, runs, [](const NewRun* run) { return run->run_id; }));
  out.push_back(texts(&NewRun::namespace_));
  out.push_back(texts(&NewRun::workflow_id));
  out.push_back(texts(&NewRun::workflow_type));
  out.push_back(texts(&NewRun::task_queue));
  out.push_back(array_of(oid::kJson, runs, [](const NewRun* run) { return std::string_view(run->input); }));
  out.push_back(optional_texts(&NewRun::memo));
  out.push_back(optional_texts(&NewRun::search_attributes));
  out.push_back(
      array_of(oid::kSmallint, runs, [](const NewRun* run) { return static_cast<std::int16_t>(run->priority); }));
  out.push_back(array_of(oid::kBigint, runs, [](const NewRun* run) { return run->start_delay; }));
  out.push_back(array_of(oid::kBigint, runs, [](const NewRun* run) { return run->execution_timeout; }));
  return out;
}

std::string_view name(IdReusePolicy policy) {
  switch (policy) {
    case IdReusePolicy::allow_duplicate: return "allow_duplicate";
    case IdReusePolicy::allow_duplicate_failed_only: return "allow_duplicate_failed_only";
    case IdReusePolicy::reject_duplicate: return "reject_duplicate";
  }
  return "";
}

std::string_view name(IdConflictPolicy policy) {
  switch (policy) {
    case IdConflictPolicy::fail: return "fail";
    case IdConflictPolicy::use_existing: return "use_existing";
    case IdConflictPolicy::terminate_existing: return "terminate_existing";
  }
  return "";
}

StartStatus parse_outcome(std::string_view text) {
  if (text == "started") return StartStatus::started;
  if (text == "already_running") return StartStatus::already_running;
  if (text == "used_existing") return StartStatus::used_existing;
  return StartStatus::rejected;
}

/// One statement must be able to decide it.
bool is_plain(const NewRun& run) {
  return run.reuse != IdReusePolicy::allow_duplicate_failed_only &&
         run.conflict != IdConflictPolicy::terminate_existing;
}

/// Two batches that share ids lock them in the same order, whoever made them.
Order in_lock_order(std::span<const NewRun> runs) {
  Order order;
  for (const NewRun& run : runs) order.push_back(&run);
  if (order.size() > 1) {
    // Pointers into one array: the last part keeps the order of equal ones.
    std::ranges::sort(order, [](const NewRun* a, const NewRun* b) {
      return std::tie(a->namespace_, a->workflow_id, a) < std::tie(b->namespace_, b->workflow_id, b);
    });
  }
  return order;
}

using Run = std::function<pqxx::result(const Statement&, const Parameters&)>;

/// The answer of each run; runs of one id twice in a batch are one start.
class Starter {
 public:
  explicit Starter(std::span<const NewRun> runs) : runs_(runs) {}
  /// `children` are parallel to `runs`.
  Starter(std::span<const NewRun> runs, std::span<const NewChild> children) : runs_(runs), children_(children) {}

  /// Throws pqxx::unique_violation if `statement` is kStartFreeRuns and a workflow id is taken; repeat it then.
  void plainly(const Run& run, const Statement& statement) {
    seen_.clear();
    Order plain;
    for (const NewRun* r : in_lock_order(runs_)) {
      if (is_plain(*r) && seen_.insert({r->run_id, {}}).second) plain.push_back(r);
    }
    if (plain.empty()) return;
    auto parameters = common_parameters(plain);
    parameters.push_back(
        array_of(oid::kBool, plain, [](const NewRun* r) { return r->reuse == IdReusePolicy::reject_duplicate; }));
    if (!children_.empty()) std::ranges::move(parents_of(plain), std::back_inserter(parameters));
    const auto rows = run(statement, parameters);
    if (static_cast<std::size_t>(rows.size()) == runs_.size()) return complete_ = true, void();
    for (const auto& row : rows) started_.emplace(uuid(row[0]), StartResult{StartStatus::started, uuid(row[0])});
  }

  void by_policy(const Run& run) {
    if (complete_) return;
    Order rest;
    for (const NewRun* r : in_lock_order(runs_)) {
      if (!started_.contains(r->run_id)) rest.push_back(r);
    }
    if (rest.empty()) return;
    auto parameters = common_parameters(rest);
    parameters.push_back(array_of(oid::kText, rest, [](const NewRun* r) { return name(r->reuse); }));
    parameters.push_back(array_of(oid::kText, rest, [](const NewRun* r) { return name(r->conflict); }));
    const auto rows = run(kStartRunsByPolicy, parameters);
    for (std::size_t i = 0; i < rest.size(); ++i) {
      const auto& row = rows[static_cast<pqxx::result::size_type>(i)];
      started_.emplace(rest[i]->run_id, StartResult{parse_outcome(view(row[0])), uuid(row[1])});
    }
    if (!children_.empty()) adopt(rest, run);
  }

  std::vector<StartResult> results() const {
    std::vector<StartResult> out;
    out.reserve(runs_.size());
    for (const NewRun& run : runs_) {
      out.push_back(complete_ ? StartResult{StartStatus::started, run.run_id} : started_.at(run.run_id));
    }
    return out;
  }

 private:
  const NewChild& child(const NewRun* run) const { return children_[static_cast<std::size_t>(run - runs_.data())]; }

  Parameters parents_of(const Order& runs) const {
    return {array_of(oid::kUuid, runs, [&](const NewRun* r) { return child(r).parent_run_id; }),
            array_of(oid::kInteger, runs, [&](const NewRun* r) { return child(r).parent_seq; }),
            array_of(oid::kText, runs, [&](const NewRun* r) { return to_string(child(r).parent_close_policy); })};
  }

  void adopt(Order runs, const Run& run) {
    std::erase_if(runs, [&](const NewRun* r) { return started_.at(r->run_id).status != StartStatus::started; });
    if (runs.empty()) return;
    Parameters parameters{array_of(oid::kUuid, runs, [](const NewRun* r) { return r->run_id; })};
    std::ranges::move(parents_of(runs), std::back_inserter(parameters));
    run(kAdoptChildren, parameters);
  }

  std::span<const NewRun> runs_;
  std::span<const NewChild> children_;
  std::unordered_map<Uuid, StartResult> seen_, started_;
  bool complete_ = false;
};

void start_plainly(Starter& starter, const Run& run, std::atomic<int>& expect_taken_ids) {
  // Where an id was taken others will be: such a load keeps to the statement that expects it for a while.
  constexpr int kBatches = 50;
  if (expect_taken_ids.load(std::memory_order_relaxed) > 0) {
    expect_taken_ids.fetch_sub(1, std::memory_order_relaxed);
    return starter.plainly(run, kStartRuns);
  }
  try {
    starter.plainly(run, kStartFreeRuns);
  } catch (const pqxx::unique_violation&) {
    expect_taken_ids.store(kBatches, std::memory_order_relaxed);
    starter.plainly(run, kStartRuns);
  }
}

}  // namespace

std::vector<StartResult> PostgresStep::start_children(std::span<const NewChild> children) {
  validate(children);
  if (children.empty()) return {};
  std::vector<NewRun> runs;
  runs.reserve(children.size());
  for (const auto& child : children) runs.push_back(child.run);
  return guarded([&] {
    Starter starter(runs, children);
    const Run execute = [&](const Statement& statement, const Parameters& p) { return run(statement, p); };
    try {
      starter.plainly(execute, kStartChildren);
      starter.by_policy(execute);
    } catch (const pqxx::unique_violation& error) {
      throw Conflict(error.what(), {});
    }
    return starter.results();
  });
}

std::vector<StartResult> PostgresStore::start_runs(std::span<const NewRun> runs) {
  validate(runs);
  if (runs.empty()) return {};
  bool first = true;
  return with_session_until_known([&](Connection& session) {
    Starter starter(runs);
    const Run run = [&](const Statement& statement, const Parameters& p) { return session.run(statement, p); };
    // Anything but the first attempt may be a repetition of a start that took place.
    if (std::exchange(first, false)) start_plainly(starter, run, expect_taken_ids_);
    starter.by_policy(run);
    session.note_work(runs.size());
    return starter.results();
  });
}

}  // namespace holdfast::store::postgres

namespace holdfast::store {

std::vector<StartResult> start_runs_in(pqxx::transaction_base& transaction, std::span<const NewRun> runs) {
  validate(runs);
  if (runs.empty()) return {};
  postgres::Starter starter(runs);
  // Not the fast statement: a lost race would abort the caller's transaction.
  starter.by_policy([&](const postgres::Statement& statement, const postgres::Parameters& parameters) {
    return postgres::run_unprepared(transaction, statement, parameters);
  });
  return starter.results();
}

}  // namespace holdfast::store
