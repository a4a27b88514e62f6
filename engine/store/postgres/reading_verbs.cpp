#include <holdfast/store/postgres/reading_verbs.hpp>

#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/store_impl.hpp>
#include <holdfast/store/validate.hpp>

namespace holdfast::store::postgres {

const Statement kClosedRuns{"closed_runs", R"sql(
SELECT r.run_id, r.status, r.result, r.failure, r.next_run_id
  FROM unnest($1::uuid[]) AS u (run_id)
  CROSS JOIN LATERAL (SELECT * FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = u.run_id LIMIT 1) r
 WHERE r.status <> 'running')sql"};

#define HOLDFAST_SUMMARY_COLUMNS                                                                     \
  "r.run_id, r.namespace, r.workflow_id, r.workflow_type, r.task_queue, r.status, " HOLDFAST_MICROS( \
      "r.started_at") ", " HOLDFAST_MICROS("r.closed_at") ", r.parent_run_id"

const Statement kDescribeRun{"describe_run", R"sql(
SELECT )sql" HOLDFAST_SUMMARY_COLUMNS R"sql(, r.input, r.result, r.failure, r.memo, r.search_attributes,
       l.owner, CASE WHEN l.owner IS NULL AND isfinite(l.ready_at) THEN )sql" HOLDFAST_MICROS("l.ready_at") R"sql( END,
       l.waiting_for, l.task_failures, l.task_failure, l.quarantined,
       (SELECT count(*) FROM holdfast.inbox i WHERE i.shard = 0 AND i.run_id = r.run_id),
       (SELECT p.workflow_id FROM holdfast.runs p WHERE p.shard = 0 AND p.run_id = r.parent_run_id LIMIT 1), r.parent_seq,
       r.first_run_id, r.previous_run_id, r.next_run_id, r.scheduled
  FROM holdfast.runs r
  LEFT JOIN LATERAL (SELECT * FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = r.run_id LIMIT 1) l ON true
 WHERE r.shard = 0 AND r.run_id = coalesce(
   nullif($1::uuid, '00000000-0000-0000-0000-000000000000'),
   (SELECT run_id FROM holdfast.live_runs WHERE shard = 0 AND namespace = $2 AND workflow_id = $3),
   (SELECT run_id FROM holdfast.runs WHERE shard = 0 AND namespace = $2 AND workflow_id = $3
     ORDER BY run_id DESC LIMIT 1)))sql"};

const Statement kReadHistory{"read_history", R"sql(
SELECT event_id, )sql" HOLDFAST_MICROS("at") R"sql(, events FROM holdfast.history
 WHERE shard = 0 AND run_id = $1::uuid AND event_id >= $2::bigint ORDER BY event_id LIMIT $3::bigint)sql"};

const Statement kPendingActivities{"pending_activities", R"sql(
SELECT seq, activity, task_queue, attempt, max_attempts, )sql" HOLDFAST_MICROS("scheduled_at") R"sql(,
       CASE WHEN owner IS NULL AND isfinite(ready_at) THEN )sql" HOLDFAST_MICROS(
                                                             "ready_at") R"sql( END, owner, last_failure, limit_key
  FROM holdfast.activity_tasks WHERE shard = 0 AND run_id = $1::uuid ORDER BY seq)sql"};

const char* const kSummaryColumns = HOLDFAST_SUMMARY_COLUMNS;

RunSummary read_summary(const pqxx::row& row) {
  RunSummary run;
  run.run_id = uuid(row[0]);
  run.namespace_ = text(row[1]);
  run.workflow_id = text(row[2]);
  run.workflow_type = text(row[3]);
  run.task_queue = text(row[4]);
  run.status = parse_run_status(view(row[5]));
  run.started_at = time_of(row[6]);
  run.closed_at = optional_time(row[7]);
  run.parent_run_id = optional_uuid(row[8]);
  return run;
}

std::vector<ClosedRun> PostgresStore::closed_runs(std::span<const Uuid> run_ids) {
  if (run_ids.empty()) return {};
  return with_session(Access::read, [&](Connection& session) {
    std::vector<ClosedRun> out;
    for (const auto& row : session.run(kClosedRuns, {uuid_array(run_ids)})) {
      out.push_back({.run_id = uuid(row[0]),
                     .status = parse_run_status(view(row[1])),
                     .result = text(row[2]),
                     .failure = optional_failure(row[3]),
                     .next_run_id = optional_uuid(row[4])});
    }
    return out;
  });
}

std::optional<RunDescription> PostgresStore::describe_run(const RunKey& run) {
  validate(run);
  return with_session(Access::read, [&](Connection& session) -> std::optional<RunDescription> {
    const auto rows = session.run(
        kDescribeRun, {uuid_parameter(run.run_id), text_parameter(run.namespace_), text_parameter(run.workflow_id)});
    if (rows.empty()) return std::nullopt;
    const auto row = rows[0];
    RunDescription out;
    out.summary = read_summary(row);
    out.input = text(row[9]);
    out.result = text(row[10]);
    out.failure = optional_failure(row[11]);
    out.memo = text(row[12]);
    out.search_attributes = text(row[13]);
    out.owner = integer(row[14]);
    out.ready_at = optional_time(row[15]);
    out.waiting_for = text(row[16]);
    out.task_failures = small(row[17]);
    out.task_failure = text(row[18]);
    out.quarantined = boolean(row[19]);
    out.unread_messages = small(row[20]);
    out.parent_workflow_id = text(row[21]);
    out.parent_seq = static_cast<CommandSeq>(integer(row[22]));
    out.first_run_id = optional_uuid(row[23]);
    out.previous_run_id = optional_uuid(row[24]);
    out.next_run_id = optional_uuid(row[25]);
    out.scheduled = text(row[26]);
    return out;
  });
}

std::vector<HistoryRow> PostgresStore::read_history(const Uuid& run_id, EventId first, int limit) {
  const Parameters parameters{uuid_parameter(run_id), bigint_parameter(first), bigint_parameter(std::max(limit, 0))};
  return with_session(Access::read, [&](Connection& session) {
    std::vector<HistoryRow> out;
    for (const auto& row : session.run(kReadHistory, parameters)) {
      out.push_back({.first_event_id = integer(row[0]), .at = time_of(row[1]), .events = text(row[2])});
    }
    return out;
  });
}

std::vector<PendingActivity> PostgresStore::pending_activities(const Uuid& run_id) {
  return with_session(Access::read, [&](Connection& session) {
    std::vector<PendingActivity> out;
    for (const auto& row : session.run(kPendingActivities, {uuid_parameter(run_id)})) {
      out.push_back({.seq = static_cast<CommandSeq>(integer(row[0])),
                     .activity = text(row[1]),
                     .task_queue = text(row[2]),
                     .attempt = small(row[3]),
                     .max_attempts = small(row[4]),
                     .scheduled_at = time_of(row[5]),
                     .next_attempt_at = optional_time(row[6]),
                     .owner = integer(row[7]),
                     .last_failure = optional_failure(row[8]),
                     .limit_key = text(row[9])});
    }
    explain_waiting(session, out);
    return out;
  });
}

}  // namespace holdfast::store::postgres
