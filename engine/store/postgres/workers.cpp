#include <holdfast/store/postgres/workers.hpp>

#include <holdfast/core/json_reader.hpp>
#include <holdfast/store/postgres/families.hpp>
#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/store_impl.hpp>
#include <holdfast/store/validate.hpp>

namespace holdfast::store::postgres {

const Statement kRegisterWorker{"register_worker", R"sql(
INSERT INTO holdfast.workers (identity, version, task_queues, lease_until)
VALUES ($1, $2, $3::text[], now() + $4::bigint * interval '1 microsecond') RETURNING worker_id)sql"};

const Statement kRenewLeases{"renew_leases", R"sql(
WITH renewed AS (
  UPDATE holdfast.workers SET lease_until = clock_timestamp() + $2::bigint * interval '1 microsecond'
   WHERE worker_id = ANY ($1::bigint[]) AND ended_at IS NULL RETURNING worker_id)
SELECT id FROM unnest($1::bigint[]) AS id WHERE id NOT IN (SELECT worker_id FROM renewed))sql"};

// What somebody holds at this moment stays owned by a worker that has ended, until take_over_expired looks again.
const Statement kReleaseWorker{"release_worker", R"sql(
WITH ended AS (
  UPDATE holdfast.workers SET lease_until = now(), ended_at = now(), look_at = now() + interval '1 second'
   WHERE worker_id = $1::bigint AND ended_at IS NULL),
held AS MATERIALIZED (
  SELECT run_id FROM holdfast.live_runs WHERE shard = 0 AND owner = $1::bigint AND owner IS NOT NULL
     FOR NO KEY UPDATE SKIP LOCKED),
run AS (
  UPDATE holdfast.live_runs l SET owner = NULL, ready_at = now() FROM held WHERE l.shard = 0 AND l.run_id = held.run_id),
doing AS MATERIALIZED (
  SELECT run_id, seq FROM holdfast.activity_tasks WHERE shard = 0 AND owner = $1::bigint AND owner IS NOT NULL
     FOR NO KEY UPDATE SKIP LOCKED)
UPDATE holdfast.activity_tasks t SET owner = NULL, ready_at = 'infinity', timeout_at = now(), timeout_kind = 'WorkerLost'
  FROM doing WHERE t.shard = 0 AND t.run_id = doing.run_id AND t.seq = doing.seq)sql"};

// Everything of one owner whose lease ended. Its row is locked, so that two helpers do not meet, and a lease that was
// renewed at the last moment is kept. Rows that somebody holds are skipped: his open transaction must not keep the rest
// from going on. A worker that was stopped inside a step can still commit what it claimed there, until
// idle_in_transaction_timeout ends its transaction. Therefore the row stays for ten seconds (of one that died, for a
// minute: that is what peek counts), and longer while something is left, and is looked at again. Counts rows of workers
// that are taken over for the first time.
const Statement kTakeOverExpired{"take_over_expired", R"sql(
WITH dead AS MATERIALIZED (
  SELECT worker_id, ended_at, died FROM holdfast.workers
   WHERE lease_until <= now() AND (ended_at IS NULL OR coalesce(look_at, ended_at + interval '10 seconds') <= now())
   ORDER BY worker_id LIMIT 1 FOR UPDATE SKIP LOCKED),
had AS MATERIALIZED (
  SELECT l.run_id, l.owner
    FROM dead CROSS JOIN LATERAL (SELECT run_id, owner FROM holdfast.live_runs
                                   WHERE shard = 0 AND owner = dead.worker_id AND owner IS NOT NULL OFFSET 0) l),
bell AS MATERIALIZED (
  SELECT l.run_id FROM had
   CROSS JOIN LATERAL (SELECT run_id FROM holdfast.live_runs WHERE shard = 0 AND run_id = had.run_id
                          FOR NO KEY UPDATE SKIP LOCKED) l),
held AS MATERIALIZED (
  SELECT had.run_id, had.owner, coalesce(h.event_id, 0) AS event_id
    FROM had
    LEFT JOIN LATERAL (SELECT event_id FROM holdfast.history WHERE shard = 0 AND run_id = had.run_id
                        ORDER BY event_id DESC LIMIT 1) h ON true
   WHERE (had.run_id IN (SELECT run_id FROM bell)) IS TRUE),
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
did AS MATERIALIZED (
  SELECT t.run_id, t.seq
    FROM dead CROSS JOIN LATERAL (SELECT run_id, seq FROM holdfast.activity_tasks
                                   WHERE shard = 0 AND owner = dead.worker_id AND owner IS NOT NULL OFFSET 0) t),
doing AS MATERIALIZED (
  SELECT t.run_id, t.seq FROM did
   CROSS JOIN LATERAL (SELECT run_id, seq FROM holdfast.activity_tasks
                        WHERE shard = 0 AND run_id = did.run_id AND seq = did.seq FOR NO KEY UPDATE SKIP LOCKED) t),
task AS (
  UPDATE holdfast.activity_tasks t
     SET owner = NULL, ready_at = 'infinity', timeout_at = now(), timeout_kind = 'WorkerLost'
    FROM doing CROSS JOIN dead
   WHERE t.shard = 0 AND t.run_id = doing.run_id AND t.seq = doing.seq AND (t.owner = dead.worker_id) IS TRUE RETURNING 1),
now_left AS MATERIALIZED (
  SELECT (SELECT count(*) FROM had) > (SELECT count(*) FROM bell)
         OR (SELECT count(*) FROM did) > (SELECT count(*) FROM doing) AS something),
over AS MATERIALIZED (
  SELECT dead.worker_id, dead.ended_at IS NULL AS newly,
         dead.ended_at IS NOT NULL AND NOT something
         AND dead.ended_at <= now() - CASE WHEN dead.died THEN interval '1 minute' ELSE interval '10 seconds' END AS gone,
         CASE WHEN something THEN now() + interval '1 second'
              WHEN dead.ended_at IS NULL OR dead.ended_at > now() - interval '10 seconds'
                THEN coalesce(dead.ended_at, now()) + interval '10 seconds'
              ELSE now() + interval '1 minute' END AS look_at
    FROM dead CROSS JOIN now_left),
ended AS (
  UPDATE holdfast.workers w
     SET ended_at = coalesce(w.ended_at, now()), died = w.died OR over.newly, look_at = over.look_at
    FROM over WHERE w.worker_id = over.worker_id AND NOT over.gone),
gone AS (DELETE FROM holdfast.workers w USING over WHERE w.worker_id = over.worker_id AND over.gone)
SELECT (SELECT count(*) FROM dead), (SELECT count(*) FROM freed), (SELECT count(*) FROM task),
       (SELECT count(*) FROM freed WHERE quarantined), (SELECT count(*) FROM over WHERE newly))sql"};

// The limit and the gate of each queue `q`.
#define HOLDFAST_QUEUE_LIMITS                                                       \
  "LEFT JOIN LATERAL (SELECT true AS limited FROM holdfast.limits l "               \
  "WHERE l.shard = 0 AND l.scope = 'queue' AND l.name = q.name LIMIT 1) l ON true " \
  "LEFT JOIN LATERAL (SELECT g.look_at FROM holdfast.limit_gates g "                \
  "WHERE g.shard = 0 AND g.scope = 'queue' AND g.name = q.name LIMIT 1) g ON true"

// The first due entry of each range; ranges start at their bounds, as those of claims do.
const Statement kPeek{"peek", R"sql(
SELECT EXISTS (SELECT FROM unnest($2::smallint[], $3::text[], $4::timestamptz[]) AS range (priority, queue, bound)
                CROSS JOIN LATERAL (SELECT FROM holdfast.live_runs l
                                     WHERE l.shard = 0 AND l.task_queue = range.queue AND l.priority = range.priority
                                       AND l.owner IS NULL AND l.ready_at > range.bound AND l.ready_at <= now()
                                     ORDER BY l.ready_at LIMIT 1) l),
       EXISTS (SELECT FROM unnest($5::text[], $6::timestamptz[]) AS range (queue, bound)
                CROSS JOIN LATERAL (SELECT FROM holdfast.activity_tasks t
                                     WHERE t.shard = 0 AND t.task_queue = range.queue AND t.owner IS NULL
                                       AND t.limit_key IS NULL AND NOT EXISTS (
                                         SELECT FROM holdfast.limits l
                                          WHERE l.shard = 0 AND l.scope = 'queue' AND l.name = range.queue) AND t.ready_at > range.bound AND t.ready_at <= now()
                                     ORDER BY t.ready_at LIMIT 1) t),
       EXISTS (SELECT FROM (SELECT timeout_at FROM holdfast.activity_tasks
                             WHERE shard = 0 AND timeout_at IS NOT NULL ORDER BY timeout_at LIMIT 1) t
                WHERE timeout_at <= now()),
       EXISTS (SELECT FROM holdfast.workers
                WHERE lease_until <= now() AND (ended_at IS NULL OR coalesce(look_at, ended_at + interval '10 seconds') <= now()))
       OR EXISTS (SELECT FROM holdfast.errands WHERE shard = 0 AND at < now() - interval '1 second'),
       ARRAY(SELECT w FROM unnest($1::bigint[]) w
              CROSS JOIN LATERAL (SELECT FROM holdfast.live_runs l
                                   WHERE l.shard = 0 AND l.owner = w AND l.owner IS NOT NULL AND l.rung LIMIT 1) l),
       (SELECT greatest(0, (extract(epoch FROM s.next_at - now()) * 1000000)::bigint)
          FROM (SELECT next_at FROM holdfast.schedules WHERE shard = 0 ORDER BY next_at LIMIT 1) s
         WHERE isfinite(s.next_at)),
       -- The lanes of a process that crashed have leases that ended together; of one that hangs, each ends in its time.
       (SELECT count(DISTINCT (regexp_replace(identity, '/[^/]*$', ''), floor(extract(epoch FROM lease_until))))
          FROM holdfast.workers
         WHERE lease_until <= now() AND (ended_at IS NULL OR died AND ended_at > now() - interval '1 minute')
           AND task_queues && $5::text[]),
       to_json(ARRAY(SELECT l.name FROM holdfast.limits l
                      WHERE l.shard = 0 AND l.scope = 'queue' AND l.name = ANY ($5::text[]))),
       -- Under limits: something arrived or is due, and its queue's gate is open.
       EXISTS (SELECT FROM unnest($5::text[], $7::timestamptz[]) AS q (name, bound)
                )sql" HOLDFAST_QUEUE_LIMITS R"sql(
                WHERE (l.limited IS NULL OR coalesce(g.look_at, '-infinity') <= now())
                  AND (EXISTS (SELECT FROM (SELECT FROM holdfast.activity_tasks t
                                             WHERE t.shard = 0 AND t.task_queue = q.name AND t.owner IS NULL
                                               AND t.limit_key IS NOT NULL AND NOT t.in_line
                                               AND t.ready_at > q.bound AND t.ready_at <= now()
                                             ORDER BY t.ready_at LIMIT 1) t)
                       OR EXISTS (SELECT FROM (SELECT FROM holdfast.limit_lines n
                                                WHERE n.shard = 0 AND n.task_queue = q.name AND n.look_at <= now()
                                                ORDER BY n.look_at LIMIT 1) n)
                       OR l.limited AND EXISTS (SELECT FROM (SELECT FROM holdfast.activity_tasks t
                                                              WHERE t.shard = 0 AND t.task_queue = q.name AND t.owner IS NULL
                                                                AND t.limit_key IS NULL AND t.ready_at <= now()
                                                              ORDER BY t.ready_at LIMIT 1) t))),
       (SELECT (extract(epoch FROM min(v.at) - now()) * 1000000)::bigint
          FROM unnest($5::text[]) AS q (name)
          )sql" HOLDFAST_QUEUE_LIMITS R"sql(
         CROSS JOIN LATERAL (
           SELECT CASE WHEN l.limited AND g.look_at > now() THEN g.look_at
                       ELSE (SELECT n.look_at FROM holdfast.limit_lines n
                              WHERE n.shard = 0 AND n.task_queue = q.name AND n.look_at > now() AND n.look_at < 'infinity'
                              ORDER BY n.look_at LIMIT 1) END AS at) v),
       EXISTS (SELECT FROM unnest($5::text[]) AS t (queue)
                CROSS JOIN LATERAL (SELECT FROM holdfast.queries q
                                     WHERE q.shard = 0 AND q.task_queue = t.queue AND q.answered_at IS NULL
                                       AND q.look_at <= now() AND q.deadline > now()
                                     ORDER BY q.look_at LIMIT 1) q))sql"};

namespace {

const Statement kListWorkers{"list_workers",
                             R"sql(
SELECT w.worker_id, w.identity, w.version, to_json(w.task_queues), )sql" HOLDFAST_MICROS(
                                 "w.started_at") ", " HOLDFAST_MICROS("w.lease_until") R"sql(, w.lease_until > now(),
       (SELECT count(*) FROM holdfast.live_runs l WHERE l.shard = 0 AND l.owner = w.worker_id AND l.owner IS NOT NULL),
       (SELECT count(*) FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.owner = w.worker_id AND t.owner IS NOT NULL)
  FROM holdfast.workers w WHERE w.ended_at IS NULL ORDER BY w.worker_id)sql"};

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

std::vector<WorkerId> PostgresStore::renew_leases(std::span<const WorkerId> workers, Duration lease) {
  return with_session(Access::write, [&](Connection& session) {
    std::vector<WorkerId> lost;
    for (const auto& row : session.run(kRenewLeases, {array_of(oid::kBigint, workers, [](WorkerId id) { return id; }),
                                                      bigint_parameter(lease.count())}))
      lost.push_back(integer(row[0]));
    return lost;
  });
}

void PostgresStore::release_worker(WorkerId worker) {
  with_session(Access::write, [&](Connection& session) { session.run(kReleaseWorker, {bigint_parameter(worker)}); });
}

TakeoverReport PostgresStore::take_over_expired(int quarantine_after) {
  TakeoverReport report;
  const auto take_over_one = [&](Connection& session) {
    const auto row = session.run(kTakeOverExpired, {integer_parameter(quarantine_after)})[0];
    report.runs += small(row[1]);
    report.activities += small(row[2]);
    report.quarantined += small(row[3]);
    report.workers += small(row[4]);
    return small(row[0]) > 0;
  };
  while (with_session(Access::write, take_over_one)) {}
  run_due_errands();
  return report;
}

/// What commits left to be done for parents and children, each run in a transaction of its own.
void PostgresStore::run_due_errands() {
  std::vector<Uuid> due;
  with_session(Access::read, [&](Connection& session) {
    due.clear();
    for (const auto& row : session.run(kDueErrands)) due.push_back(uuid(row[0]));
  });
  for (const Uuid& run_id : due) {
    with_session(Access::write, [&](Connection& session) {
      try {
        session.run(kRunErrands, {uuid_parameter(run_id)});
      } catch (const pqxx::sql_error& error) {
        // Somebody holds its row: at the next look, and the others' errands now.
        if (!is_transient(error.sqlstate())) throw;
      }
    });
  }
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
  const RunRanges ranges = bounds_.ranges_to_look_at(task_queues);
  const Parameters parameters{array_of(oid::kBigint, workers, [](WorkerId id) { return id; }),
                              ranges.priorities,
                              ranges.queues,
                              ranges.bounds,
                              text_array(task_queues),
                              bounds_.activities_to_look_at(task_queues),
                              bounds_.arrivals_to_look_at(task_queues)};
  return with_session(Access::read, [&](Connection& session) {
    const auto row = session.run(kPeek, parameters)[0];
    Readiness out;
    out.runs = boolean(row[0]);
    out.activities = boolean(row[1]);
    out.expired_activities = boolean(row[2]);
    out.expired_workers = boolean(row[3]);
    out.rung = read_integers(view(row[4]));
    out.deaths = small(row[6]);
    if (!row[5].is_null()) out.schedule_due_in = Duration(integer(row[5]));
    out.limited_queues = read_names(view(row[7]));
    const bool limited_work = boolean(row[8]);
    if (!row[9].is_null()) out.limits_due_in = Duration(integer(row[9]));
    known_limits_.saw(task_queues, out.limited_queues, limited_work);
    out.activities = out.activities || limited_work;
    out.queries = boolean(row[10]);
    return out;
  });
}

}  // namespace holdfast::store::postgres
