#include <holdfast/store/postgres/families.hpp>

#include <holdfast/store/postgres/reading.hpp>

namespace holdfast::store::postgres {

// The functions are in schema/engine/0010_children.sql: terminate_workflow uses them as well.
const Statement kTellParents{"tell_parents",
                             "SELECT holdfast.tell_parents($1::uuid[], $2::integer[], $3::text[], $4::json[])"};
const Statement kPartFromChildren{"part_from_children",
                                  "SELECT holdfast.part_from_children($1::uuid[], $2::uuid[], $3::boolean)"};
const Statement kRequestCancels{"request_cancels", "SELECT holdfast.request_cancels($1::uuid[], $2::text)"};
const Statement kRunErrands{"run_errands", "SELECT holdfast.run_errands($1::uuid)"};
// Whoever committed one runs it at once; after a second he is gone.
const Statement kDueErrands{"due_errands", R"sql(
SELECT DISTINCT run_id FROM holdfast.errands WHERE shard = 0 AND at < now() - interval '1 second' LIMIT 100)sql"};

// The live row goes on as the next run's: the workflow id is never free, and whoever waits for the row finds the next
// run in it. Nothing that arrives can hold this up.
const Statement kContinueRuns{"continue_runs", R"sql(
WITH c AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::json[])
           AS c (run_id, next_run_id, workflow_type, task_queue, input) LIMIT cardinality($1)),
moved AS (
  UPDATE holdfast.live_runs l
     SET run_id = c.next_run_id, task_queue = c.task_queue, owner = NULL, ready_at = now(), rung = true, fresh = true,
         claims = 0, takeovers = 0, takeover_event = NULL, task_failures = 0, task_failure = NULL, waiting_for = NULL
    FROM c WHERE l.shard = 0 AND l.run_id = c.run_id AND (l.owner = $6::bigint) IS TRUE RETURNING c.run_id),
e AS MATERIALIZED (SELECT * FROM c WHERE (run_id IN (SELECT run_id FROM moved)) IS TRUE),
old AS (
  UPDATE holdfast.runs r SET status = 'continued_as_new', closed_at = now(), next_run_id = e.next_run_id
    FROM e WHERE r.shard = 0 AND r.run_id = e.run_id
  RETURNING r.run_id, r.namespace, r.workflow_id, r.memo, r.search_attributes, r.deadline, r.parent_run_id, r.parent_seq,
            r.parent_close_policy, r.first_run_id, r.scheduled),
new AS (
  INSERT INTO holdfast.runs (shard, run_id, namespace, workflow_id, workflow_type, task_queue, input, memo,
                             search_attributes, started_at, deadline, parent_run_id, parent_seq, parent_close_policy,
                             first_run_id, previous_run_id, scheduled)
  SELECT 0, e.next_run_id, old.namespace, old.workflow_id, e.workflow_type, e.task_queue, e.input, old.memo,
         old.search_attributes, now(), old.deadline, old.parent_run_id, old.parent_seq, old.parent_close_policy,
         coalesce(old.first_run_id, old.run_id), old.run_id, old.scheduled
    FROM old JOIN e ON e.run_id = old.run_id),
task AS (DELETE FROM holdfast.activity_tasks t USING e WHERE t.shard = 0 AND t.run_id = e.run_id)
SELECT run_id FROM c WHERE (run_id IN (SELECT run_id FROM moved)) IS NOT TRUE)sql"};

// First what the run had taken up and nobody received, then what it had not read: in the order of their arrival.
// Outcomes concern commands of the run before, and end with it.
const Statement kMoveMessages{"move_messages", R"sql(
WITH c AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS c (run_id, next_run_id) LIMIT cardinality($1)),
taken AS (
  DELETE FROM holdfast.inbox i USING c WHERE i.shard = 0 AND i.run_id = c.run_id RETURNING i.*, c.next_run_id),
moved AS (
  UPDATE holdfast.updates u SET run_id = c.next_run_id FROM c
   WHERE u.shard = 0 AND u.run_id = c.run_id AND (u.ended_at IS NULL) IS TRUE)
INSERT INTO holdfast.inbox (shard, run_id, attempt, seq, message_id, at, kind, name, payload)
SELECT 0, m.run_id, m.attempt, m.seq, m.message_id, m.at, m.kind, m.name, m.payload
  FROM (SELECT s.run_id, 0::smallint AS attempt, 0 AS seq, s.message_id, now() AS at, 'signal' AS kind, s.name, s.payload,
               0 AS part, s.n
          FROM unnest($3::uuid[], $4::text[], $5::json[], $6::uuid[]) WITH ORDINALITY
                 AS s (run_id, name, payload, message_id, n)
        UNION ALL
        SELECT next_run_id, attempt, seq, message_id, at, kind, name, payload, 1, inbox_id
          FROM taken
         WHERE kind NOT IN ('activity_completed', 'activity_failed', 'child_completed', 'child_failed')) m
 ORDER BY m.part, m.n)sql"};

namespace {

void note(std::vector<Uuid>& left, const pqxx::result& rows) {
  for (const auto& row : rows) left.push_back(uuid(row[0]));
}

std::vector<Uuid> closed_parents(const CommitBatch& batch) {
  std::vector<Uuid> parents;
  for (const auto& commit : batch.runs)
    if (commit.next == NextState::closed && commit.has_children) parents.push_back(commit.run_id);
  return parents;
}

std::vector<Uuid> open_runs(const CommitBatch& batch) {
  std::vector<Uuid> runs;
  for (const auto& commit : batch.runs)
    if (commit.next != NextState::closed) runs.push_back(commit.run_id);
  return runs;
}

}  // namespace

std::vector<Uuid> write_families(const CommitBatch& batch, const RunStatement& run) {
  std::vector<const ParentNotice*> notices;
  std::vector<Uuid> to_cancel, left;
  for (const auto& commit : batch.runs) {
    if (commit.next == NextState::closed && commit.notice) notices.push_back(&*commit.notice);
    to_cancel.insert(to_cancel.end(), commit.cancel_runs.begin(), commit.cancel_runs.end());
  }
  if (!to_cancel.empty())
    note(left, run(kRequestCancels, {uuid_array(to_cancel), text_parameter("its parent asked it to end")}));
  if (const auto parents = closed_parents(batch); !parents.empty())
    note(left, run(kPartFromChildren, {uuid_array(parents), uuid_array(open_runs(batch)), bool_parameter(false)}));
  if (!notices.empty()) {
    const auto of = [&](std::uint32_t type, auto get) { return array_of(type, notices, get); };
    using Notice = const ParentNotice*;
    note(left, run(kTellParents, {of(oid::kUuid, [](Notice n) { return n->run_id; }),
                                  of(oid::kInteger, [](Notice n) { return n->seq; }),
                                  of(oid::kText, [](Notice n) { return to_string(n->kind); }),
                                  of(oid::kJson, [](Notice n) { return std::string_view(n->payload); })}));
  }
  return left;
}

void part_from_batch(const CommitBatch& batch, const RunStatement& run, std::vector<Uuid>& left) {
  const auto parents = closed_parents(batch);
  const auto runs = open_runs(batch);
  if (parents.empty() || runs.empty()) return;
  note(left, run(kPartFromChildren, {uuid_array(parents), uuid_array(runs), bool_parameter(true)}));
}

pqxx::result continue_runs(const Commits& continued, WorkerId worker, const RunStatement& run) {
  const auto of = [&](std::uint32_t type, auto get) { return array_of(type, continued, get); };
  using Run = const RunCommit*;
  return run(
      kContinueRuns,
      {of(oid::kUuid, [](Run c) { return c->run_id; }), of(oid::kUuid, [](Run c) { return c->successor->run_id; }),
       of(oid::kText, [](Run c) { return std::string_view(c->successor->workflow_type); }),
       of(oid::kText, [](Run c) { return std::string_view(c->successor->task_queue); }),
       of(oid::kJson, [](Run c) { return std::string_view(c->successor->input); }), bigint_parameter(worker)});
}

void move_messages(const Commits& continued, const RunStatement& run) {
  std::vector<std::pair<Uuid, const NewMessage*>> signals;
  for (const auto* commit : continued)
    for (const auto& signal : commit->successor->signals) signals.emplace_back(commit->successor->run_id, &signal);
  using Signal = std::pair<Uuid, const NewMessage*>;
  const auto of = [&](std::uint32_t type, auto get) { return array_of(type, signals, get); };
  run(kMoveMessages, {array_of(oid::kUuid, continued, [](const RunCommit* c) { return c->run_id; }),
                      array_of(oid::kUuid, continued, [](const RunCommit* c) { return c->successor->run_id; }),
                      of(oid::kUuid, [](const Signal& s) { return s.first; }),
                      of(oid::kText, [](const Signal& s) { return std::string_view(s.second->name); }),
                      of(oid::kJson, [](const Signal& s) { return std::string_view(s.second->payload); }),
                      of(oid::kUuid, [](const Signal& s) { return s.second->message_id; })});
}

}  // namespace holdfast::store::postgres
