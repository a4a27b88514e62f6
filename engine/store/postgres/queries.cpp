#include <holdfast/store/postgres/queries.hpp>

#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/store_impl.hpp>
#include <holdfast/store/validate.hpp>

namespace holdfast::store::postgres {

const Statement kAskQuery{"ask_query", R"sql(
INSERT INTO holdfast.queries (shard, query_id, run_id, follows, deadline, task_queue, workflow_type, name, input)
SELECT 0, $1::uuid, r.run_id, $2::uuid = '00000000-0000-0000-0000-000000000000',
       now() + $5::bigint * interval '1 microsecond', r.task_queue, r.workflow_type, $6, $7::json
  FROM holdfast.runs r
 WHERE r.shard = 0 AND r.run_id = coalesce(
   nullif($2::uuid, '00000000-0000-0000-0000-000000000000'),
   (SELECT run_id FROM holdfast.live_runs WHERE shard = 0 AND namespace = $3 AND workflow_id = $4),
   (SELECT run_id FROM holdfast.runs WHERE shard = 0 AND namespace = $3 AND workflow_id = $4
     ORDER BY run_id DESC LIMIT 1))
ON CONFLICT (shard, query_id) DO UPDATE SET query_id = excluded.query_id)sql"};

const Statement kReadAnswers{"read_answers", R"sql(
SELECT q.query_id, q.result, q.failure
  FROM unnest($1::uuid[]) AS u (query_id)
 CROSS JOIN LATERAL (SELECT * FROM holdfast.queries q WHERE q.shard = 0 AND q.query_id = u.query_id LIMIT 1) q
 WHERE q.answered_at IS NOT NULL)sql"};

const Statement kWithdrawQuery{"withdraw_query", R"sql(
DELETE FROM holdfast.queries WHERE shard = 0 AND query_id = $1::uuid
RETURNING task_queue, workflow_type, look_at > asked_at, note)sql"};

// The oldest due ones of each queue. Those that have to wait are looked at again soon, the others are the caller's for
// two seconds. A run that was closed by continue-as-new has handed its messages on, and the question goes with them.
const Statement kClaimQueries{"claim_queries", R"sql(
WITH due AS MATERIALIZED (
  SELECT q.query_id, q.run_id, q.asked_at, q.follows
    FROM unnest($1::text[]) AS t (queue)
   CROSS JOIN LATERAL (SELECT query_id, run_id, asked_at, follows FROM holdfast.queries q
                        WHERE q.shard = 0 AND q.task_queue = t.queue AND q.answered_at IS NULL AND q.look_at <= now()
                          AND q.workflow_type = ANY ($2::text[]) AND q.deadline > now()
                        ORDER BY q.look_at LIMIT $3::bigint FOR NO KEY UPDATE SKIP LOCKED) q),
seen AS MATERIALIZED (
  SELECT due.query_id, next.run_id AS next_run_id, next.task_queue, next.workflow_type,
         CASE WHEN next.run_id IS NOT NULL THEN 'the run continued as new'
              WHEN EXISTS (SELECT FROM holdfast.inbox i
                            WHERE i.shard = 0 AND i.run_id = due.run_id AND i.at <= due.asked_at)
                THEN 'the run has not taken up a message that was sent before the query'
              WHEN (SELECT true FROM holdfast.history h WHERE h.shard = 0 AND h.run_id = due.run_id
                     ORDER BY h.event_id LIMIT 1) IS NULL
                THEN 'the run has not begun' END AS note
    FROM due
    LEFT JOIN LATERAL (SELECT n.run_id, n.task_queue, n.workflow_type
                         FROM holdfast.runs r
                        CROSS JOIN LATERAL (SELECT * FROM holdfast.runs n
                                             WHERE n.shard = 0 AND n.run_id = r.next_run_id LIMIT 1) n
                        WHERE r.shard = 0 AND r.run_id = due.run_id AND due.follows LIMIT 1) next ON true)
UPDATE holdfast.queries q
   SET note = seen.note, run_id = coalesce(seen.next_run_id, q.run_id), task_queue = coalesce(seen.task_queue, q.task_queue),
       workflow_type = coalesce(seen.workflow_type, q.workflow_type),
       look_at = now() + CASE WHEN seen.note IS NULL THEN interval '2 seconds' ELSE interval '10 milliseconds' END
  FROM seen WHERE q.shard = 0 AND q.query_id = seen.query_id
RETURNING q.query_id, q.run_id, q.name, q.input, q.note IS NOT NULL)sql"};

const Statement kAnswerQueries{"answer_queries", R"sql(
UPDATE holdfast.queries q SET result = a.result, failure = a.failure, answered_at = now()
  FROM (SELECT * FROM unnest($1::uuid[], $2::json[], $3::json[]) AS a (query_id, result, failure) LIMIT cardinality($1)) a
 WHERE q.shard = 0 AND q.query_id = a.query_id AND q.answered_at IS NULL)sql"};

const Statement kForgetQueries{
    "forget_queries", "DELETE FROM holdfast.queries WHERE shard = 0 AND deadline < now() - interval '1 minute'"};

SendStatus PostgresStore::ask(const NewQuery& query) {
  validate(query);
  return with_session_until_known([&](Connection& session) {
    const auto asked = session.run(
        kAskQuery, {uuid_parameter(query.query_id), uuid_parameter(query.to.run_id),
                    text_parameter(query.to.namespace_), text_parameter(query.to.workflow_id),
                    bigint_parameter(query.timeout.count()), text_parameter(query.name), text_parameter(query.input)});
    return asked.affected_rows() > 0 ? SendStatus::sent : SendStatus::not_found;
  });
}

std::vector<QueryAnswer> PostgresStore::read_answers(std::span<const Uuid> query_ids) {
  if (query_ids.empty()) return {};
  return with_session(Access::read, [&](Connection& session) {
    std::vector<QueryAnswer> answers;
    for (const auto& row : session.run(kReadAnswers, {uuid_array(query_ids)}))
      answers.push_back({uuid(row[0]), text(row[1]), optional_failure(row[2])});
    return answers;
  });
}

std::optional<OpenQuery> PostgresStore::withdraw(const Uuid& query_id) {
  return with_session_until_known([&](Connection& session) -> std::optional<OpenQuery> {
    const auto rows = session.run(kWithdrawQuery, {uuid_parameter(query_id)});
    if (rows.empty()) return std::nullopt;
    return OpenQuery{text(rows[0][0]), text(rows[0][1]), boolean(rows[0][2]), text(rows[0][3])};
  });
}

QueryClaim PostgresStore::claim_queries(std::span<const std::string> task_queues,
                                        std::span<const std::string> workflow_types, int limit) {
  return with_session(Access::write, [&](Connection& session) {
    QueryClaim claim;
    for (const auto& row :
         session.run(kClaimQueries, {text_array(task_queues), text_array(workflow_types), bigint_parameter(limit)})) {
      if (boolean(row[4]))
        claim.waiting = true;
      else
        claim.ready.push_back({uuid(row[0]), uuid(row[1]), text(row[2]), text(row[3])});
    }
    return claim;
  });
}

void PostgresStore::answer_queries(std::span<const QueryAnswer> answers) {
  if (answers.empty()) return;
  with_session(Access::write, [&](Connection& session) {
    session.run(kAnswerQueries,
                {array_of(oid::kUuid, answers, [](const QueryAnswer& a) { return a.query_id; }),
                 array_of(oid::kJson, answers, [](const QueryAnswer& a) { return unless_empty(a.result); }),
                 array_of(oid::kJson, answers, [](const QueryAnswer& a) {
                   return a.failure ? std::optional(encode_failure(*a.failure)) : std::nullopt;
                 })});
  });
}

}  // namespace holdfast::store::postgres
