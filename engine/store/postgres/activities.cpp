#include <holdfast/store/postgres/activities.hpp>

#include <algorithm>

#include <holdfast/store/postgres/activity_options.hpp>
#include <holdfast/store/postgres/claimed_tasks.hpp>
#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/rotated.hpp>
#include <holdfast/store/postgres/store_impl.hpp>

namespace holdfast::store::postgres {

// Always one row at least: the first column tells whether the lease holds.
const Statement kClaimActivities{"claim_activities", R"sql(
WITH me AS MATERIALIZED (SELECT worker_id FROM holdfast.workers WHERE worker_id = $4::bigint AND lease_until > now()),
due AS MATERIALIZED (
  SELECT c.run_id, c.seq, c.ready_at
    FROM me CROSS JOIN unnest($1::text[], $2::timestamptz[]) AS range (queue, bound)
    CROSS JOIN LATERAL (
      SELECT t.run_id, t.seq, t.ready_at FROM holdfast.activity_tasks t
       WHERE t.shard = 0 AND t.task_queue = range.queue AND t.owner IS NULL AND t.limit_key IS NULL
         AND t.ready_at > range.bound AND t.ready_at <= now()
       ORDER BY t.ready_at LIMIT $3::bigint FOR UPDATE SKIP LOCKED) c
   LIMIT $3::bigint),
t AS (
  UPDATE holdfast.activity_tasks t
     SET owner = $4::bigint, ready_at = 'infinity', started_at = now(), attempt = t.attempt + 1,
         timeout_at = )sql" HOLDFAST_RUNNING_TIMEOUT("now()", "now()") R"sql(,
         timeout_kind = )sql" HOLDFAST_RUNNING_TIMEOUT_KIND("now()", "now()") R"sql(
    FROM due WHERE t.shard = 0 AND t.run_id = due.run_id AND t.seq = due.seq
  RETURNING t.*, due.ready_at AS was_ready_at)
SELECT EXISTS (SELECT FROM me), )sql" HOLDFAST_TASK_COLUMNS ", " HOLDFAST_MICROS("t.was_ready_at") R"sql(
  FROM (SELECT 1) one LEFT JOIN t ON true ORDER BY t.was_ready_at)sql"};

// An outcome counts if the task still is that attempt of that worker; worker 0 decided for a task that expired. The
// doorbell is rung before the task row is touched: the lock order of a closing run. Runs (of retries: tasks) that
// somebody holds are skipped, so that nobody's open transaction stops the outcomes of others. Returns how many counted,
// and the numbers of the outcomes that were skipped.
const Statement kFinishActivities{"finish_activities", R"sql(
WITH o AS MATERIALIZED (
  SELECT DISTINCT ON (o.run_id, o.seq) o.*
    FROM (SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::bigint[], $5::text[], $6::json[], $7::bigint[])
           WITH ORDINALITY AS o (run_id, seq, attempt, worker, kind, payload, delay, n) LIMIT cardinality($1)) o
    CROSS JOIN LATERAL (
      SELECT FROM holdfast.activity_tasks t
       WHERE t.shard = 0 AND t.run_id = o.run_id AND t.seq = o.seq AND t.attempt = o.attempt
         AND coalesce(t.owner, 0) = o.worker AND (o.worker <> 0 OR t.ready_at = 'infinity') LIMIT 1) t
   ORDER BY o.run_id, o.seq, o.n),
bell AS MATERIALIZED (
  SELECT l.run_id FROM (SELECT DISTINCT run_id FROM o WHERE kind <> 'retry') v
   CROSS JOIN LATERAL (SELECT l.run_id FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = v.run_id
                          FOR NO KEY UPDATE SKIP LOCKED) l),
rung AS (
  UPDATE holdfast.live_runs l
     SET rung = true,
         ready_at = CASE WHEN l.owner IS NULL AND NOT l.quarantined THEN least(l.ready_at, now()) ELSE l.ready_at END
    FROM bell WHERE l.shard = 0 AND l.run_id = bell.run_id RETURNING l.run_id),
again AS MATERIALIZED (
  SELECT o.n FROM o
   CROSS JOIN LATERAL (SELECT FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.run_id = o.run_id AND t.seq = o.seq
                          FOR NO KEY UPDATE SKIP LOCKED) t
   WHERE o.kind = 'retry'),
gone AS (
  DELETE FROM holdfast.activity_tasks t USING o
   WHERE t.shard = 0 AND t.run_id = o.run_id AND t.seq = o.seq AND t.attempt = o.attempt
     AND coalesce(t.owner, 0) = o.worker AND (o.worker <> 0 OR t.ready_at = 'infinity') AND o.kind <> 'retry'
     AND (o.run_id IN (SELECT run_id FROM rung)) IS TRUE
  RETURNING o.n),
sent AS (
  INSERT INTO holdfast.inbox (shard, run_id, message_id, kind, name, payload, seq, attempt)
  SELECT 0, o.run_id, gen_random_uuid(), o.kind, '', o.payload, o.seq, o.attempt
    FROM o WHERE (o.n IN (SELECT n FROM gone)) IS TRUE ORDER BY o.n RETURNING 1),
retried AS (
  UPDATE holdfast.activity_tasks t
     SET owner = NULL, started_at = NULL, ready_at = now() + o.delay * interval '1 microsecond', last_failure = o.payload,
         timeout_at = )sql" HOLDFAST_WAITING_TIMEOUT("(now() + o.delay * interval '1 microsecond')") R"sql(,
         timeout_kind = )sql" HOLDFAST_WAITING_TIMEOUT_KIND("(now() + o.delay * interval '1 microsecond')") R"sql(
    FROM o
   WHERE t.shard = 0 AND t.run_id = o.run_id AND t.seq = o.seq AND t.attempt = o.attempt
     AND coalesce(t.owner, 0) = o.worker AND (o.worker <> 0 OR t.ready_at = 'infinity')
     AND (o.n IN (SELECT n FROM again)) IS TRUE
  RETURNING 1)
SELECT (SELECT count(*) FROM sent) + (SELECT count(*) FROM retried),
       ARRAY(SELECT o.n FROM o
              WHERE CASE WHEN o.kind = 'retry' THEN (o.n IN (SELECT n FROM again)) IS NOT TRUE
                         ELSE (o.run_id IN (SELECT run_id FROM bell)) IS NOT TRUE
                              AND EXISTS (SELECT FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = o.run_id) END))sql"};

// Returns the attempts that shall stop: cancelled, or no longer this worker's. A task that somebody holds is beaten the
// next time.
const Statement kHeartbeatActivities{"heartbeat_activities", R"sql(
WITH b AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::json[]) WITH ORDINALITY
                  AS b (run_id, seq, attempt, details, n) LIMIT cardinality($1)),
free AS MATERIALIZED (
  SELECT b.n FROM b
   CROSS JOIN LATERAL (SELECT FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.run_id = b.run_id AND t.seq = b.seq
                          FOR NO KEY UPDATE SKIP LOCKED) t),
beaten AS (
  UPDATE holdfast.activity_tasks t
     SET heartbeat_details = b.details, timeout_at = )sql" HOLDFAST_RUNNING_TIMEOUT("t.started_at", "now()") R"sql(,
         timeout_kind = )sql" HOLDFAST_RUNNING_TIMEOUT_KIND("t.started_at", "now()") R"sql(
    FROM b WHERE t.shard = 0 AND t.run_id = b.run_id AND t.seq = b.seq AND t.attempt = b.attempt
     AND (t.owner = $5::bigint) IS TRUE AND (b.n IN (SELECT n FROM free)) IS TRUE
  RETURNING 1)
SELECT b.run_id, b.seq, b.attempt
  FROM b LEFT JOIN LATERAL (
         SELECT true AS going_on FROM holdfast.activity_tasks t
          WHERE t.shard = 0 AND t.run_id = b.run_id AND t.seq = b.seq AND t.attempt = b.attempt
            AND (t.owner = $5::bigint) IS TRUE AND NOT t.cancel_requested LIMIT 1) t ON true
 WHERE going_on IS NOT TRUE)sql"};

const Statement kOwnedActivities{"owned_activities", R"sql(
SELECT true, )sql" HOLDFAST_TASK_COLUMNS R"sql(
  FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.owner = $1::bigint AND t.owner IS NOT NULL)sql"};

// Whoever gets a task here has ten seconds to decide; then somebody else is asked. Meanwhile it belongs to nobody, so
// that the outcome of the attempt, should it come after all, is late.
const Statement kClaimExpiredActivities{"claim_expired_activities", R"sql(
WITH me AS MATERIALIZED (SELECT worker_id FROM holdfast.workers WHERE worker_id = $2::bigint AND lease_until > now()),
due AS MATERIALIZED (
  SELECT c.run_id, c.seq
    FROM me CROSS JOIN LATERAL (
      SELECT t.run_id, t.seq FROM holdfast.activity_tasks t
       WHERE t.shard = 0 AND t.timeout_at IS NOT NULL AND t.timeout_at <= now()
       ORDER BY t.timeout_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED) c),
t AS (
  UPDATE holdfast.activity_tasks t
     SET owner = NULL, ready_at = 'infinity', timeout_at = now() + interval '10 seconds'
    FROM due WHERE t.shard = 0 AND t.run_id = due.run_id AND t.seq = due.seq
  RETURNING t.*)
SELECT EXISTS (SELECT FROM me), )sql" HOLDFAST_TASK_COLUMNS ", t.timeout_kind, " HOLDFAST_MICROS("now()") R"sql(
  FROM (SELECT 1) one LEFT JOIN t ON true)sql"};

void require_lease(const pqxx::result& rows, WorkerId worker) {
  if (!boolean(rows[0][0])) throw LeaseLost("worker " + std::to_string(worker) + " has no lease any more");
}

ClaimedActivity read_task(const pqxx::row& row) {
  ClaimedActivity task;
  task.key = {.run_id = uuid(row[1]), .seq = static_cast<CommandSeq>(integer(row[2])), .attempt = small(row[3])};
  task.namespace_ = text(row[4]);
  task.workflow_id = text(row[5]);
  task.activity = text(row[6]);
  task.task_queue = text(row[7]);
  task.input = text(row[8]);
  task.options = decode_options(view(row[9]));
  task.scheduled_at = time_of(row[10]);
  task.started_at = time_of(row[11]);
  task.heartbeat_details = text(row[12]);
  task.cancel_requested = boolean(row[13]);
  task.queue_limited = boolean(row[14]);
  return task;
}

namespace {

std::string_view message_kind(const ActivityOutcome& outcome) {
  using Kind = ActivityOutcome::Kind;
  if (outcome.kind == Kind::retry) return "retry";
  return to_string(outcome.kind == Kind::completed ? MessageKind::activity_completed : MessageKind::activity_failed);
}

std::string payload(const ActivityOutcome& outcome) {
  using Kind = ActivityOutcome::Kind;
  if (outcome.kind == Kind::completed) return outcome.result;
  if (outcome.kind == Kind::retry) return encode_failure(outcome.failure);
  return encode_activity_failure({outcome.failure, outcome.retry_state});
}

}  // namespace

std::vector<ClaimedActivity> PostgresStore::claim_activities(WorkerId worker, std::span<const std::string> queues,
                                                             int limit) {
  const auto turn = claims_made_++;
  const auto order = rotated(queues, turn);
  if (!known_limits_.concern(queues)) return claim_unlimited(worker, order, limit);
  std::vector<ClaimedActivity> tasks;
  const auto add = [&](bool limited) {
    const int left = limit - static_cast<int>(tasks.size());
    const auto from = limited ? order : known_limits_.unlimited(order);
    if (from.empty() || (left <= 0 && !tasks.empty())) return;
    try {
      std::ranges::move(limited ? claim_limited(worker, from, left) : claim_unlimited(worker, from, left),
                        std::back_inserter(tasks));
    } catch (const InDoubt&) {
      throw;  // the caller looks what is its own
    } catch (const Error&) {
      if (tasks.empty()) throw;  // else: what was taken is taken
    }
  };
  // In turns, so that neither can take all places for ever.
  const bool limited_first = turn / std::max<std::size_t>(1, queues.size()) % 2 == 0 || !known_limits_.know(queues);
  add(limited_first);
  add(!limited_first);
  return tasks;
}

std::vector<ClaimedActivity> PostgresStore::claim_unlimited(WorkerId worker, const std::vector<std::string>& order,
                                                            int limit) {
  const Parameters parameters{text_array(order), bounds_.activities_to_claim(order),
                              bigint_parameter(std::max(limit, 0)), bigint_parameter(worker)};
  return with_session(Access::write, [&](Connection& session) {
    const auto rows = session.run(kClaimActivities, parameters);
    require_lease(rows, worker);
    std::vector<ClaimedActivity> tasks;
    for (const auto& row : rows) {
      if (row[1].is_null()) continue;
      tasks.push_back(read_task(row));
      bounds_.activity_claimed(tasks.back().task_queue, time_of(row[kAfterTask]));
    }
    return tasks;
  });
}

std::vector<ClaimedActivity> PostgresStore::owned_activities(WorkerId worker) {
  return with_session(Access::read, [&](Connection& session) {
    std::vector<ClaimedActivity> tasks;
    for (const auto& row : session.run(kOwnedActivities, {bigint_parameter(worker)})) tasks.push_back(read_task(row));
    return tasks;
  });
}

FinishReport PostgresStore::finish_activities(std::span<const ActivityOutcome> outcomes) {
  if (outcomes.empty()) return {};
  using Outcome = ActivityOutcome;
  const auto of = [&](std::uint32_t type, auto get) { return array_of(type, outcomes, get); };
  const Parameters parameters{of(oid::kUuid, [](const Outcome& o) { return o.key.run_id; }),
                              of(oid::kInteger, [](const Outcome& o) { return o.key.seq; }),
                              of(oid::kInteger, [](const Outcome& o) { return o.key.attempt; }),
                              of(oid::kBigint, [](const Outcome& o) { return o.worker; }),
                              of(oid::kText, [](const Outcome& o) { return message_kind(o); }),
                              of(oid::kJson, [](const Outcome& o) { return payload(o); }),
                              of(oid::kBigint, [](const Outcome& o) { return o.retry_delay; })};
  auto report = with_session(Access::write, [&](Connection& session) {
    const auto row = session.run(kFinishActivities, parameters)[0];
    FinishReport report;
    for (const auto n : read_integers(view(row[1])))
      report.busy.push_back(outcomes[static_cast<std::size_t>(n) - 1].key);
    report.dropped = static_cast<int>(outcomes.size() - report.busy.size()) - small(row[0]);
    return report;
  });
  ring_limits(outcomes);
  return report;
}

std::vector<ActivityKey> PostgresStore::heartbeat_activities(WorkerId worker, std::span<const Heartbeat> beats) {
  if (beats.empty()) return {};
  const auto of = [&](std::uint32_t type, auto get) { return array_of(type, beats, get); };
  const Parameters parameters{of(oid::kUuid, [](const Heartbeat& b) { return b.key.run_id; }),
                              of(oid::kInteger, [](const Heartbeat& b) { return b.key.seq; }),
                              of(oid::kInteger, [](const Heartbeat& b) { return b.key.attempt; }),
                              of(oid::kJson, [](const Heartbeat& b) { return unless_empty(b.details); }),
                              bigint_parameter(worker)};
  return with_session(Access::write, [&](Connection& session) {
    std::vector<ActivityKey> to_stop;
    for (const auto& row : session.run(kHeartbeatActivities, parameters)) {
      to_stop.push_back(
          {.run_id = uuid(row[0]), .seq = static_cast<CommandSeq>(integer(row[1])), .attempt = small(row[2])});
    }
    return to_stop;
  });
}

std::vector<ExpiredActivity> PostgresStore::claim_expired_activities(WorkerId worker, int limit) {
  return with_session(Access::write, [&](Connection& session) {
    const auto rows =
        session.run(kClaimExpiredActivities, {bigint_parameter(std::max(limit, 0)), bigint_parameter(worker)});
    require_lease(rows, worker);
    std::vector<ExpiredActivity> expired;
    for (const auto& row : rows) {
      if (!row[1].is_null())
        expired.push_back(
            {.task = read_task(row), .timeout = text(row[kAfterTask]), .now = time_of(row[kAfterTask + 1])});
    }
    return expired;
  });
}

}  // namespace holdfast::store::postgres
