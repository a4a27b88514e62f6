#include <holdfast/store/postgres/workers.hpp>

#include <holdfast/core/json_reader.hpp>
#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/store_impl.hpp>
#include <holdfast/store/validate.hpp>

namespace holdfast::store::postgres {

const Statement kRegisterWorker{"register_worker", R"sql(
INSERT INTO holdfast.workers (identity, version, task_queues, lease_until)
VALUES ($1, $2, $3::text[], now() + $4::bigint * interval '1 microsecond') RETURNING worker_id)sql"};

const Statement kRenewLease{"renew_lease", R"sql(
UPDATE holdfast.workers SET lease_until = clock_timestamp() + $2::bigint * interval '1 microsecond'
 WHERE worker_id = $1::bigint RETURNING )sql" HOLDFAST_MICROS("lease_until")};

const Statement kReleaseWorker{"release_worker", R"sql(
WITH gone AS (DELETE FROM holdfast.workers WHERE worker_id = $1::bigint),
run AS (
  UPDATE holdfast.live_runs SET owner = NULL, ready_at = now()
   WHERE shard = 0 AND owner = $1::bigint AND owner IS NOT NULL)
UPDATE holdfast.activity_tasks SET owner = NULL, ready_at = 'infinity', timeout_at = now(), timeout_kind = 'WorkerLost'
 WHERE shard = 0 AND owner = $1::bigint AND owner IS NOT NULL)sql"};

// Everything of one owner whose lease ended, or who is not even registered ($2: an orphan, see kFindOrphans). The row
// of the worker is locked, so that two helpers do not meet, and a lease that was renewed at the last moment is kept.
const Statement kTakeOverExpired{"take_over_expired", R"sql(
WITH expired AS MATERIALIZED (
  SELECT worker_id FROM holdfast.workers WHERE $2::bigint = 0 AND lease_until <= now()
   ORDER BY worker_id LIMIT 1 FOR UPDATE SKIP LOCKED),
dead AS MATERIALIZED (
  SELECT worker_id FROM expired UNION ALL SELECT $2::bigint WHERE $2::bigint <> 0),
held AS MATERIALIZED (
  SELECT l.run_id, l.owner, coalesce(h.event_id, 0) AS event_id
    FROM dead
    CROSS JOIN LATERAL (SELECT run_id, owner FROM holdfast.live_runs
                         WHERE shard = 0 AND owner = dead.worker_id AND owner IS NOT NULL OFFSET 0) l
    LEFT JOIN LATERAL (SELECT event_id FROM holdfast.history WHERE shard = 0 AND run_id = l.run_id
                        ORDER BY event_id DESC LIMIT 1) h ON true),
freed AS (
  UPDATE holdfast.live_runs l
     SET owner = NULL, takeover_event = v.event_id, takeovers = v.deaths, quarantined = v.deaths >= $1::integer,
         ready_at = CASE WHEN v.deaths >= $1::integer THEN 'infinity' ELSE now() END,
         waiting_for = CASE WHEN v.deaths >= $1::integer
                            THEN 'quarantined: ' || v.deaths || ' workers died while they ran it' ELSE l.waiting_for END
    FROM (SELECT held.*, CASE WHEN o.takeover_event = held.event_id THEN o.takeovers + 1 ELSE 1 END AS deaths
            FROM held CROSS JOIN LATERAL (SELECT takeover_event, takeovers FROM holdfast.live_runs
                                           WHERE shard = 0 AND run_id = held.run_id LIMIT 1) o) v
   WHERE l.shard = 0 AND l.run_id = v.run_id AND (l.owner = v.owner) IS TRUE RETURNING l.quarantined),
task AS (
  UPDATE holdfast.activity_tasks t
     SET owner = NULL, ready_at = 'infinity', timeout_at = now(), timeout_kind = 'WorkerLost'
    FROM dead WHERE t.shard = 0 AND t.owner = dead.worker_id AND t.owner IS NOT NULL RETURNING 1),
gone AS (DELETE FROM holdfast.workers w USING dead WHERE w.worker_id = dead.worker_id)
SELECT (SELECT count(*) FROM dead), (SELECT count(*) FROM freed), (SELECT count(*) FROM task),
       (SELECT count(*) FROM freed WHERE quarantined))sql"};

// Owners who are not registered: a worker that was stopped inside a step can commit claims after it was taken over.
// Steps from owner to owner through the index, whatever the number of runs.
#define HOLDFAST_ORPHANS \
  R"sql(
WITH RECURSIVE run_owner AS (
  (SELECT owner FROM holdfast.live_runs WHERE shard = 0 AND owner IS NOT NULL ORDER BY owner LIMIT 1)
  UNION ALL
  SELECT (SELECT l.owner FROM holdfast.live_runs l WHERE l.shard = 0 AND l.owner IS NOT NULL AND l.owner > o.owner
           ORDER BY l.owner LIMIT 1) FROM run_owner o WHERE o.owner IS NOT NULL),
task_owner AS (
  (SELECT owner FROM holdfast.activity_tasks WHERE shard = 0 AND owner IS NOT NULL ORDER BY owner LIMIT 1)
  UNION ALL
  SELECT (SELECT t.owner FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.owner IS NOT NULL AND t.owner > o.owner
           ORDER BY t.owner LIMIT 1) FROM task_owner o WHERE o.owner IS NOT NULL)
SELECT owner FROM (SELECT owner FROM run_owner UNION SELECT owner FROM task_owner) o
 WHERE owner IS NOT NULL AND (SELECT true FROM holdfast.workers w WHERE w.worker_id = o.owner LIMIT 1) IS NULL)sql"
const Statement kFindOrphans{"find_orphans", HOLDFAST_ORPHANS};

const Statement kPeek{"peek", R"sql(
SELECT EXISTS (SELECT FROM unnest('{1,2,3,4,5}'::smallint[]) p, unnest($2::text[]) q
                CROSS JOIN LATERAL (SELECT FROM holdfast.live_runs l
                                     WHERE l.shard = 0 AND l.task_queue = q AND l.priority = p AND l.owner IS NULL
                                       AND l.ready_at <= now() ORDER BY l.ready_at LIMIT 1) l),
       EXISTS (SELECT FROM unnest($2::text[]) q
                CROSS JOIN LATERAL (SELECT FROM holdfast.activity_tasks t
                                     WHERE t.shard = 0 AND t.task_queue = q AND t.owner IS NULL
                                       AND t.ready_at <= now() ORDER BY t.ready_at LIMIT 1) t),
       EXISTS (SELECT FROM (SELECT timeout_at FROM holdfast.activity_tasks
                             WHERE shard = 0 AND timeout_at IS NOT NULL ORDER BY timeout_at LIMIT 1) t
                WHERE timeout_at <= now()),
       EXISTS (SELECT FROM holdfast.workers WHERE lease_until <= now()) OR EXISTS ()sql" HOLDFAST_ORPHANS R"sql(),
       ARRAY(SELECT w FROM unnest($1::bigint[]) w
              CROSS JOIN LATERAL (SELECT FROM holdfast.live_runs l
                                   WHERE l.shard = 0 AND l.owner = w AND l.owner IS NOT NULL AND l.rung LIMIT 1) l))sql"};

namespace {

const Statement kListWorkers{"list_workers",
                             R"sql(
SELECT w.worker_id, w.identity, w.version, to_json(w.task_queues), )sql" HOLDFAST_MICROS(
                                 "w.started_at") ", " HOLDFAST_MICROS("w.lease_until") R"sql(, w.lease_until > now(),
       (SELECT count(*) FROM holdfast.live_runs l WHERE l.shard = 0 AND l.owner = w.worker_id AND l.owner IS NOT NULL),
       (SELECT count(*) FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.owner = w.worker_id AND t.owner IS NOT NULL)
  FROM holdfast.workers w ORDER BY w.worker_id)sql"};

// For people: reads every open run.
const Statement kListQueues{"list_queues", R"sql(
SELECT task_queue, sum(ready), sum(parked), sum(owned), sum(waiting), sum(running),
       (extract(epoch FROM now() - min(oldest)) * 1000000)::bigint, sum(serving)
  FROM (
    SELECT task_queue, count(*) FILTER (WHERE owner IS NULL AND ready_at <= now()) AS ready,
           count(*) FILTER (WHERE owner IS NULL AND ready_at > now()) AS parked,
           count(*) FILTER (WHERE owner IS NOT NULL) AS owned, 0 AS waiting, 0 AS running,
           min(ready_at) FILTER (WHERE owner IS NULL AND ready_at <= now()) AS oldest, 0 AS serving
      FROM holdfast.live_runs WHERE shard = 0 GROUP BY task_queue
    UNION ALL
    SELECT task_queue, 0, 0, 0, count(*) FILTER (WHERE owner IS NULL), count(*) FILTER (WHERE owner IS NOT NULL), NULL, 0
      FROM holdfast.activity_tasks WHERE shard = 0 AND task_queue IS NOT NULL GROUP BY task_queue
    UNION ALL
    SELECT q, 0, 0, 0, 0, 0, NULL, count(*) FILTER (WHERE lease_until > now())
      FROM holdfast.workers, unnest(task_queues) q GROUP BY q) all_queues
 GROUP BY task_queue ORDER BY task_queue)sql"};

/// A JSON array of strings, as PostgreSQL writes it.
std::vector<std::string> read_names(std::string_view json) {
  std::vector<std::string> names;
  JsonReader in(json);
  in.array([&] { names.push_back(in.string()); });
  return names;
}

}  // namespace

WorkerId PostgresStore::register_worker(const WorkerInfo& info) {
  validate(info);
  return with_session(Access::write, [&](Connection& session) {
    const auto rows =
        session.run(kRegisterWorker, {text_parameter(info.identity), text_parameter(info.version),
                                      text_array(info.task_queues), bigint_parameter(info.lease.count())});
    return integer(rows[0][0]);
  });
}

std::optional<Timestamp> PostgresStore::renew_lease(WorkerId worker, Duration lease) {
  return with_session(Access::write, [&](Connection& session) {
    const auto rows = session.run(kRenewLease, {bigint_parameter(worker), bigint_parameter(lease.count())});
    return rows.empty() ? std::nullopt : std::optional(time_of(rows[0][0]));
  });
}

void PostgresStore::release_worker(WorkerId worker) {
  with_session(Access::write, [&](Connection& session) { session.run(kReleaseWorker, {bigint_parameter(worker)}); });
}

TakeoverReport PostgresStore::take_over_expired(int quarantine_after) {
  TakeoverReport report;
  const auto take_over = [&](WorkerId orphan) {
    return with_session(Access::write, [&](Connection& session) {
      const auto rows = session.run(kTakeOverExpired, {integer_parameter(quarantine_after), bigint_parameter(orphan)});
      const int found = small(rows[0][0]);
      const int runs = small(rows[0][1]), activities = small(rows[0][2]);
      report.workers += orphan == 0 || runs + activities > 0 ? found : 0;
      report.runs += runs;
      report.activities += activities;
      report.quarantined += small(rows[0][3]);
      return found;
    });
  };
  while (take_over(0) > 0) {}
  const auto orphans = with_session(Access::read, [&](Connection& session) { return session.run(kFindOrphans); });
  for (const auto& row : orphans) take_over(integer(row[0]));
  return report;
}

std::vector<WorkerDescription> PostgresStore::list_workers() {
  return with_session(Access::read, [&](Connection& session) {
    std::vector<WorkerDescription> out;
    for (const auto& row : session.run(kListWorkers)) {
      out.push_back({.id = integer(row[0]),
                     .identity = text(row[1]),
                     .version = text(row[2]),
                     .task_queues = read_names(view(row[3])),
                     .started_at = time_of(row[4]),
                     .lease_until = time_of(row[5]),
                     .alive = boolean(row[6]),
                     .owned_runs = integer(row[7]),
                     .owned_activities = integer(row[8])});
    }
    return out;
  });
}

std::vector<QueueDescription> PostgresStore::list_queues() {
  return with_session(Access::read, [&](Connection& session) {
    std::vector<QueueDescription> out;
    for (const auto& row : session.run(kListQueues)) {
      QueueDescription queue;
      queue.task_queue = text(row[0]);
      queue.ready_runs = integer(row[1]);
      queue.parked_runs = integer(row[2]);
      queue.owned_runs = integer(row[3]);
      queue.waiting_activities = integer(row[4]);
      queue.running_activities = integer(row[5]);
      if (!row[6].is_null()) queue.oldest_ready_age = Duration(integer(row[6]));
      queue.workers = small(row[7]);
      out.push_back(std::move(queue));
    }
    return out;
  });
}

Readiness PostgresStore::peek(std::span<const WorkerId> workers, std::span<const std::string> task_queues) {
  const Parameters parameters{array_of(oid::kBigint, workers, [](WorkerId id) { return id; }), text_array(task_queues)};
  return with_session(Access::read, [&](Connection& session) {
    const auto row = session.run(kPeek, parameters)[0];
    Readiness out;
    out.runs = boolean(row[0]);
    out.activities = boolean(row[1]);
    out.expired_activities = boolean(row[2]);
    out.expired_workers = boolean(row[3]);
    const std::string_view rung = view(row[4]);  // {1,2}
    for (std::size_t at = 1; at + 1 < rung.size();) {
      const std::size_t end = rung.find_first_of(",}", at);
      out.rung.push_back(std::stoll(std::string(rung.substr(at, end - at))));
      at = end + 1;
    }
    return out;
  });
}

}  // namespace holdfast::store::postgres
