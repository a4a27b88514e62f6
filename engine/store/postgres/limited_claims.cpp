#include <holdfast/store/postgres/limited_claims.hpp>

#include <algorithm>
#include <set>
#include <thread>

#include <holdfast/store/postgres/activities.hpp>
#include <holdfast/store/postgres/claimed_tasks.hpp>
#include <holdfast/store/postgres/lane_session.hpp>
#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/store_impl.hpp>

// Claims of tasks that are under a limit (docs/adr/0028-limits-from-rows.md). Two statements: what is locked in the
// first one is counted in the second, whose snapshot therefore has everything that former holders of the locks did.
namespace holdfast::store::postgres {

// Keys that may have something to start: of tasks that arrived and of lines that are due; at most $3 of either per
// queue, so the cost does not depend on how many wait. Locks their gates and those of limited queues; gates that
// somebody holds are skipped. A queue whose gate is closed is left alone.
const Statement kFindLimited{"find_limited", R"sql(
WITH me AS MATERIALIZED (SELECT worker_id FROM holdfast.workers WHERE worker_id = $4::bigint AND lease_until > now()),
queue AS MATERIALIZED (
  SELECT q.name, q.bound, l.limited IS TRUE AS limited, l.limited IS NULL OR coalesce(g.look_at, '-infinity') <= now() AS is_open
    FROM me CROSS JOIN unnest($1::text[], $2::timestamptz[]) AS q (name, bound)
    LEFT JOIN LATERAL (SELECT true AS limited FROM holdfast.limits l
                        WHERE l.shard = 0 AND l.scope = 'queue' AND l.name = q.name LIMIT 1) l ON true
    LEFT JOIN LATERAL (SELECT g.look_at FROM holdfast.limit_gates g
                        WHERE g.shard = 0 AND g.scope = 'queue' AND g.name = q.name LIMIT 1) g ON true),
arrived AS MATERIALIZED (
  SELECT t.run_id, t.seq, t.task_queue, t.limit_key, t.ready_at
    FROM queue CROSS JOIN LATERAL (
      SELECT t.run_id, t.seq, t.task_queue, t.limit_key, t.ready_at FROM holdfast.activity_tasks t
       WHERE t.shard = 0 AND t.task_queue = queue.name AND t.owner IS NULL AND t.limit_key IS NOT NULL AND NOT t.in_line
         AND t.ready_at > queue.bound AND t.ready_at <= now()
       ORDER BY t.ready_at LIMIT $3::bigint FOR UPDATE SKIP LOCKED) t
   WHERE queue.is_open),
due AS MATERIALIZED (
  SELECT n.task_queue, n.limit_key, n.look_at
    FROM queue CROSS JOIN LATERAL (
      SELECT n.task_queue, n.limit_key, n.look_at FROM holdfast.limit_lines n
       WHERE n.shard = 0 AND n.task_queue = queue.name AND n.look_at <= now()
       ORDER BY n.look_at LIMIT $3::bigint) n
   WHERE queue.is_open),
wanted AS MATERIALIZED (
  SELECT 'queue' AS scope, name FROM queue WHERE limited AND is_open
  UNION SELECT 'key', limit_key FROM arrived UNION SELECT 'key', limit_key FROM due
  ORDER BY scope, name),
made AS (
  INSERT INTO holdfast.limit_gates (scope, name)
  SELECT w.scope, w.name FROM wanted w
    LEFT JOIN LATERAL (SELECT true AS known FROM holdfast.limit_gates g
                        WHERE g.shard = 0 AND g.scope = w.scope AND g.name = w.name LIMIT 1) g ON true
   WHERE g.known IS NULL
  ON CONFLICT DO NOTHING RETURNING scope, name),
locked AS MATERIALIZED (
  SELECT g.scope, g.name FROM wanted w
   CROSS JOIN LATERAL (SELECT g.scope, g.name FROM holdfast.limit_gates g
                        WHERE g.shard = 0 AND g.scope = w.scope AND g.name = w.name FOR UPDATE SKIP LOCKED) g)
SELECT 'me' AS kind, NULL AS queue, NULL AS key, NULL::uuid AS run_id, NULL::integer AS seq, NULL::bigint AS ready_at FROM me
UNION ALL SELECT 'limited', name, NULL, NULL, NULL, NULL FROM queue WHERE limited
UNION ALL SELECT 'wanted', scope, name, NULL, NULL, NULL FROM wanted
UNION ALL SELECT 'gate', scope, name, NULL, NULL, NULL FROM (SELECT * FROM made UNION ALL SELECT * FROM locked) g
UNION ALL SELECT 'line', task_queue, limit_key, NULL, NULL, NULL FROM (SELECT * FROM due ORDER BY look_at) n
UNION ALL SELECT 'task', task_queue, limit_key, run_id, seq, )sql" HOLDFAST_MICROS(
                                                 "ready_at") R"sql( FROM arrived)sql"};

// Starts what the limits allow, now that their gates are locked; writes the rates' times, puts what arrived and did not
// start in line, and says when each line and queue is to be looked at again. A line that a concurrency limit holds up
// is looked at when an attempt of its key ends (ring_limits), and else every ten seconds; a new line soon, for it was
// not there yet when an attempt that ended in this moment looked for it.
const Statement kClaimLimited{"claim_limited", R"sql(
WITH queue AS MATERIALIZED (
  SELECT q.name, q.bound, u.max_concurrent, u.running, u.tokens, u.free, u.base, u.step, u.burst, u.rule IS NOT NULL AS limited
    FROM unnest($3::text[], $4::timestamptz[]) AS q (name, bound)
   CROSS JOIN LATERAL holdfast.limit_use('queue', q.name, statement_timestamp()) u),
line AS MATERIALIZED (
  SELECT n.task_queue, n.limit_key, n.place, u.max_concurrent, u.running, u.tokens, u.free, u.base, u.step, u.burst,
         q.free AS queue_free, q.limited AS queue_limited, o.look_at AS was_look_at
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS n (task_queue, limit_key, place)
   CROSS JOIN LATERAL holdfast.limit_use('key', n.limit_key, statement_timestamp()) u
    LEFT JOIN queue q ON q.name = n.task_queue
    LEFT JOIN LATERAL (SELECT o.look_at FROM holdfast.limit_lines o
                        WHERE o.shard = 0 AND o.limit_key = n.limit_key AND o.task_queue = n.task_queue LIMIT 1) o ON true),
keyed AS MATERIALIZED (
  SELECT t.run_id, t.seq, t.task_queue, t.limit_key, t.ready_at, line.free AS key_free, line.queue_free,
         line.queue_limited
    FROM (SELECT * FROM line WHERE least(free, queue_free) > 0 OR free IS NULL AND queue_free IS NULL ORDER BY place) line
   CROSS JOIN LATERAL (
     SELECT t.run_id, t.seq, t.task_queue, t.limit_key, t.ready_at FROM holdfast.activity_tasks t
      WHERE t.shard = 0 AND t.task_queue = line.task_queue AND t.limit_key = line.limit_key AND t.owner IS NULL
        AND t.ready_at <= now()
      ORDER BY t.ready_at LIMIT least(line.free, line.queue_free, $5::bigint) FOR UPDATE SKIP LOCKED) t
   LIMIT $5::bigint),
plain AS MATERIALIZED (
  SELECT t.run_id, t.seq, t.task_queue, NULL::text AS limit_key, t.ready_at, NULL::bigint AS key_free,
         q.free AS queue_free, true AS queue_limited
    FROM queue q
   CROSS JOIN LATERAL (
     SELECT t.run_id, t.seq, t.task_queue, t.ready_at FROM holdfast.activity_tasks t
      WHERE t.shard = 0 AND t.task_queue = q.name AND t.owner IS NULL AND t.limit_key IS NULL
        AND t.ready_at > q.bound AND t.ready_at <= now()
      ORDER BY t.ready_at LIMIT least(q.free, $5::bigint) FOR UPDATE SKIP LOCKED) t
   WHERE q.limited),
chosen AS MATERIALIZED (
  SELECT c.run_id, c.seq, c.task_queue, c.limit_key, c.ready_at, c.queue_limited
    FROM (SELECT c.*, row_number() OVER (PARTITION BY c.limit_key ORDER BY c.ready_at, c.run_id, c.seq) AS of_key,
                 row_number() OVER (PARTITION BY c.task_queue ORDER BY c.ready_at, c.run_id, c.seq) AS of_queue
            FROM (SELECT * FROM keyed UNION ALL SELECT * FROM plain) c) c
   WHERE (c.limit_key IS NULL OR c.key_free IS NULL OR c.of_key <= c.key_free)
     AND (c.queue_free IS NULL OR c.of_queue <= c.queue_free)
   ORDER BY c.ready_at LIMIT $5::bigint),
t AS (
  UPDATE holdfast.activity_tasks t
     SET owner = $6::bigint, ready_at = 'infinity', started_at = statement_timestamp(), attempt = t.attempt + 1,
         in_line = false, queue_limited = c.queue_limited IS TRUE,
         timeout_at = )sql" HOLDFAST_RUNNING_TIMEOUT("statement_timestamp()", "statement_timestamp()") R"sql(,
         timeout_kind = )sql" HOLDFAST_RUNNING_TIMEOUT_KIND("statement_timestamp()", "statement_timestamp()") R"sql(
    FROM chosen c WHERE t.shard = 0 AND t.run_id = c.run_id AND t.seq = c.seq
  RETURNING t.*, c.ready_at AS was_ready_at),
stood AS (
  UPDATE holdfast.activity_tasks t SET in_line = true
    FROM (SELECT a.* FROM unnest($7::uuid[], $8::integer[]) AS a (run_id, seq)
           WHERE ((a.run_id, a.seq) IN (SELECT run_id, seq FROM chosen)) IS NOT TRUE LIMIT cardinality($7)) a
   WHERE t.shard = 0 AND t.run_id = a.run_id AND t.seq = a.seq),
gate AS (
  UPDATE holdfast.limit_gates g SET full_at = v.full_at, look_at = v.look_at
    FROM (SELECT * FROM (
          SELECT 'key' AS scope, k.limit_key AS name, k.base + k.started * k.step AS full_at, '-infinity'::timestamptz AS look_at
            FROM (SELECT DISTINCT ON (line.limit_key) line.*,
                         (SELECT count(*) FROM chosen c WHERE c.limit_key = line.limit_key) AS started
                    FROM line WHERE line.step IS NOT NULL) k
          UNION ALL
          SELECT 'queue', q.name, coalesce(q.base + q.started * q.step, q.base),
                 CASE WHEN q.max_concurrent - q.running - q.started <= 0 THEN statement_timestamp() + interval '1 second'
                      WHEN q.tokens - q.started <= 0 THEN q.base + (q.started + 1 - q.burst) * q.step
                      ELSE '-infinity' END
            FROM (SELECT queue.*, (SELECT count(*) FROM chosen c WHERE c.task_queue = queue.name) AS started
                    FROM queue) q) v LIMIT cardinality($1) + cardinality($3)) v
   WHERE g.shard = 0 AND g.scope = v.scope AND g.name = v.name
     AND (g.look_at <> v.look_at OR v.full_at <> greatest(g.full_at, statement_timestamp()))),
lined AS (
  INSERT INTO holdfast.limit_lines AS n (task_queue, limit_key, look_at)
  SELECT l.task_queue, l.limit_key,
         CASE WHEN NOT l.more THEN 'infinity'
              WHEN l.max_concurrent - l.running - l.of_key <= 0
                THEN statement_timestamp() + CASE WHEN l.was_look_at IS NULL THEN interval '200 ms' ELSE interval '10 s' END
              WHEN l.tokens - l.of_key <= 0 THEN l.base + (l.of_key + 1 - l.burst) * l.step
              WHEN l.of_line = 0 AND l.was_look_at < 'infinity' THEN l.was_look_at
              ELSE statement_timestamp() END
    FROM (SELECT l.*, EXISTS (SELECT FROM (
                   SELECT FROM holdfast.activity_tasks t
                    WHERE t.shard = 0 AND t.task_queue = l.task_queue AND t.limit_key = l.limit_key AND t.owner IS NULL
                      AND t.ready_at <= now()
                    ORDER BY t.ready_at OFFSET l.of_line LIMIT 1) x) AS more
            FROM (SELECT line.*, (SELECT count(*) FROM chosen c WHERE c.limit_key = line.limit_key) AS of_key,
                         (SELECT count(*) FROM chosen c
                           WHERE c.limit_key = line.limit_key AND c.task_queue = line.task_queue) AS of_line
                    FROM line) l) l
   WHERE l.more OR l.was_look_at IS NOT NULL
   ORDER BY l.limit_key, l.task_queue
  ON CONFLICT (shard, limit_key, task_queue) DO UPDATE SET look_at = excluded.look_at WHERE n.look_at <> excluded.look_at)
SELECT true, )sql" HOLDFAST_TASK_COLUMNS ", " HOLDFAST_MICROS("t.was_ready_at") " FROM t ORDER BY t.was_ready_at"};

// Attempts of these keys and queues ended: what waits for them is due. The gates are locked, in their order, so that a
// claim that did not see the end has said before when it wants to look again.
const Statement kRingLimits{"ring_limits", R"sql(
WITH gate AS MATERIALIZED (
  SELECT g.scope, g.name
    FROM (SELECT 'key' AS scope, k AS name FROM unnest($1::text[]) k UNION SELECT 'queue', q FROM unnest($2::text[]) q
           ORDER BY scope, name) w
   CROSS JOIN LATERAL (SELECT g.scope, g.name FROM holdfast.limit_gates g
                        WHERE g.shard = 0 AND g.scope = w.scope AND g.name = w.name FOR UPDATE) g
   LIMIT cardinality($1) + cardinality($2)),
line AS (
  UPDATE holdfast.limit_lines n SET look_at = now()
    FROM (SELECT name FROM gate WHERE scope = 'key' LIMIT cardinality($1)) g
   WHERE n.shard = 0 AND n.limit_key = g.name AND n.look_at > now() AND n.look_at < 'infinity')
UPDATE holdfast.limit_gates s SET look_at = '-infinity'
  FROM (SELECT name FROM gate WHERE scope = 'queue' LIMIT cardinality($2)) g
 WHERE s.shard = 0 AND s.scope = 'queue' AND s.name = g.name AND s.look_at > now())sql"};

namespace {

constexpr int kLinesPerLook = 100;
constexpr int kMostRounds = 5;

/// What kFindLimited found, less what somebody else holds.
struct Found {
  bool lease = false;
  bool skipped = false;                                    ///< somebody else holds a gate
  bool much = false;                                       ///< there may be more lines than were looked at
  std::vector<std::string> limited;                        ///< queues, also closed ones
  std::vector<std::string> queues;                         ///< limited ones whose gate is ours
  std::vector<std::pair<std::string, std::string>> lines;  ///< whose gates are ours
  struct Arrival {
    std::string queue;
    Uuid run_id;
    CommandSeq seq;
    Timestamp ready_at;
  };
  std::vector<Arrival> arrivals;
};

using Name = std::pair<std::string, std::string>;

Found read_found(const pqxx::result& rows) {
  Found out;
  std::set<Name> wanted, gates, lines;
  std::map<std::string, int> due, arrived;
  for (const auto& row : rows) {
    const auto kind = view(row[0]);
    if (kind == "me") out.lease = true;
    if (kind == "limited") out.limited.push_back(text(row[1]));
    if (kind == "wanted") wanted.emplace(text(row[1]), text(row[2]));
    if (kind == "gate") gates.emplace(text(row[1]), text(row[2]));
  }
  out.skipped = gates.size() < wanted.size();
  const auto is_ours = [&](const std::string& queue, const std::string& key) {
    return gates.contains({"key", key}) && (!wanted.contains({"queue", queue}) || gates.contains({"queue", queue}));
  };
  for (const auto& row : rows) {
    const bool task = view(row[0]) == "task";
    if (!task && view(row[0]) != "line") continue;
    Name line{text(row[1]), text(row[2])};
    out.much = out.much || ++(task ? arrived : due)[line.first] == kLinesPerLook;
    if (!is_ours(line.first, line.second)) continue;
    if (task)
      out.arrivals.push_back({line.first, uuid(row[3]), static_cast<CommandSeq>(integer(row[4])), time_of(row[5])});
    if (lines.insert(line).second) out.lines.push_back(std::move(line));
  }
  for (const auto& [scope, name] : gates)
    if (scope == "queue") out.queues.push_back(name);
  return out;
}

}  // namespace

std::vector<ClaimedActivity> PostgresStore::claim_limited(WorkerId worker, const std::vector<std::string>& queues,
                                                          int limit) {
  std::vector<ClaimedActivity> tasks;
  auto next = NextLook::at_once;
  for (int round = 0; next != NextLook::none && round < kMostRounds; ++round) {
    // Whoever holds a gate gives it back with its commit.
    if (next == NextLook::soon) std::this_thread::sleep_for(std::chrono::milliseconds(round));
    try {
      next = with_session(Access::write, [&](Connection& session) {
        return claim_limited_once(session, worker, queues, limit, tasks);
      });
    } catch (const InDoubt&) {
      throw;  // the caller looks what is its own
    } catch (const Error&) {
      if (tasks.empty()) throw;  // else: what was taken is taken
      break;
    }
  }
  return tasks;
}

/// One transaction; adds to `tasks`, up to `limit`.
PostgresStore::NextLook PostgresStore::claim_limited_once(Connection& session, WorkerId worker,
                                                          const std::vector<std::string>& queues, int limit,
                                                          std::vector<ClaimedActivity>& tasks) {
  std::string begin = "BEGIN;";
  if (session.plans_are_old()) begin += "DISCARD PLANS;";
  StepWork work(session.pqxx(), begin + session.transaction_settings() + "SELECT 1");
  const auto found = read_found(session.run(work, kFindLimited,
                                            {text_array(queues), bounds_.arrivals_to_claim(queues),
                                             bigint_parameter(kLinesPerLook), bigint_parameter(worker)}));
  if (!found.lease) throw LeaseLost("worker " + std::to_string(worker) + " has no lease any more");
  known_limits_.saw(queues, found.limited, !found.lines.empty());
  const int left = limit - static_cast<int>(tasks.size());
  if (left <= 0) return NextLook::none;
  if (found.lines.empty() && found.queues.empty()) return found.skipped ? NextLook::soon : NextLook::none;
  const auto of_lines = [&](auto get) { return array_of(oid::kText, found.lines, get); };
  const auto& arrivals = found.arrivals;
  const auto rows =
      session.run(work, kClaimLimited,
                  {of_lines([](const Name& line) { return std::string_view(line.first); }),
                   of_lines([](const Name& line) { return std::string_view(line.second); }), text_array(found.queues),
                   bounds_.limited_to_claim(found.queues), bigint_parameter(left), bigint_parameter(worker),
                   array_of(oid::kUuid, arrivals, [](const auto& a) { return a.run_id; }),
                   array_of(oid::kInteger, arrivals, [](const auto& a) { return a.seq; })});
  work.commit();
  session.note_work(rows.size());
  for (const auto& arrival : arrivals) bounds_.arrival_handled(arrival.queue, arrival.ready_at);
  for (const auto& row : rows) {
    tasks.push_back(read_task(row));
    const auto& task = tasks.back();
    if (task.options.limit_key.empty()) bounds_.activity_claimed(task.task_queue, time_of(row[kAfterTask]));
  }
  if (std::ssize(tasks) >= limit) return NextLook::none;
  return found.much ? NextLook::at_once : found.skipped ? NextLook::soon : NextLook::none;
}

void PostgresStore::ring_limits(std::span<const ActivityOutcome> outcomes) {
  std::set<std::string> keys, queues;
  for (const auto& outcome : outcomes) {
    if (!outcome.limit_key.empty()) keys.insert(outcome.limit_key);
    if (!outcome.limited_queue.empty()) queues.insert(outcome.limited_queue);
  }
  if (keys.empty() && queues.empty()) return;
  try {
    with_session(Access::write,
                 [&](Connection& session) { session.run(kRingLimits, {text_array(keys), text_array(queues)}); });
  } catch (const Error&) {
    // The outcomes are written. What waits is looked at all the same, a little later.
  }
}

}  // namespace holdfast::store::postgres
