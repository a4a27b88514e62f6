#include <holdfast/store/postgres/lane_session.hpp>
#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/schedule_rows.hpp>
#include <holdfast/store/postgres/schedules.hpp>
#include <holdfast/store/postgres/store_impl.hpp>
#include <holdfast/store/validate.hpp>

// One transaction: lock what is due, let the caller decide, start the runs, advance the schedules. Whoever dies in it
// leaves everything as it was; whoever comes at the same time takes other schedules.
namespace holdfast::store::postgres {

const Statement kClaimSchedules{"claim_schedules", "SELECT " HOLDFAST_SCHEDULE_COLUMNS R"sql(
  FROM holdfast.schedules s
 WHERE s.shard = 0 AND s.next_at <= now() ORDER BY s.next_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)sql"};

const Statement kWatchedRuns{"watched_runs", R"sql(
SELECT r.run_id, r.status
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (namespace, workflow_id, n)
  LEFT JOIN LATERAL (SELECT r.run_id, r.status FROM holdfast.runs r
                      WHERE r.shard = 0 AND r.namespace = w.namespace AND r.workflow_id = w.workflow_id
                      ORDER BY r.run_id DESC LIMIT 1) r ON true
 ORDER BY w.n)sql"};

// The rows of each run as a start makes them; input, memo and search attributes come from the schedule's row, results
// and failures from those of earlier runs, without going through the worker.
const Statement kStartScheduled{"start_scheduled", R"sql(
WITH n AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::smallint[],
                       $8::bigint[], $9::text[], $10::uuid[], $11::uuid[])
           AS n (namespace, schedule_id, run_id, workflow_id, workflow_type, task_queue, priority, timeout, scheduled_at,
                 last_completed, last_failed)),
live AS (
  INSERT INTO holdfast.live_runs (shard, run_id, namespace, workflow_id, task_queue, priority, ready_at)
  SELECT 0, n.run_id, n.namespace, n.workflow_id, n.task_queue, n.priority, now() FROM n
  ON CONFLICT DO NOTHING RETURNING run_id),
run AS (
  INSERT INTO holdfast.runs (shard, run_id, namespace, workflow_id, workflow_type, task_queue, input, memo,
                             search_attributes, started_at, deadline, scheduled)
  SELECT 0, n.run_id, n.namespace, n.workflow_id, n.workflow_type, n.task_queue, s.input, s.memo,
         coalesce(s.search_attributes, '{}') || jsonb_build_object('ScheduledById', n.schedule_id,
                                                                   'ScheduledStartTime', n.scheduled_at),
         now(), now() + n.timeout * interval '1 microsecond',
         json_build_object('schedule_id', n.schedule_id, 'scheduled_at', n.scheduled_at,
           'last_result', (SELECT r.result FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = n.last_completed),
           'last_failure', (SELECT r.failure FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = n.last_failed))
    FROM n
    CROSS JOIN LATERAL (SELECT s.input, s.memo, s.search_attributes FROM holdfast.schedules s
                         WHERE s.shard = 0 AND s.namespace = n.namespace AND s.schedule_id = n.schedule_id LIMIT 1) s
   WHERE (n.run_id IN (SELECT run_id FROM live)) IS TRUE)
SELECT count(*) FROM live)sql"};

const Statement kAdvanceSchedules{"advance_schedules", R"sql(
WITH u AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::text[], $3::json[], $4::json[], $5::timestamptz[], $6::bool[], $7::bigint[],
                       $8::text[], $9::text[], $10::bool[])
           AS u (namespace, schedule_id, state, watched, next_at, paused, remaining, error, note, waiting)
   LIMIT cardinality($1))
UPDATE holdfast.schedules s
   SET state = u.state, watched = u.watched, next_at = u.next_at, paused = u.paused, requests = '[]',
       remaining_actions = u.remaining, error = u.error, note = coalesce(u.note, s.note), waiting = u.waiting
  FROM u WHERE s.shard = 0 AND s.namespace = u.namespace AND s.schedule_id = u.schedule_id)sql"};

const Statement kNextSchedule{"next_schedule", R"sql(
SELECT greatest(0, (extract(epoch FROM s.next_at - clock_timestamp()) * 1000000)::bigint)
  FROM (SELECT next_at FROM holdfast.schedules WHERE shard = 0 ORDER BY next_at LIMIT 1) s WHERE isfinite(s.next_at))sql"};

namespace {

const Statement kEndOthers{"end_other_runs", R"sql(
SELECT holdfast.terminate_workflow(w.workflow_id, 'replaced by the next run of its schedule', w.namespace)
  FROM unnest($1::text[], $2::text[]) AS w (namespace, workflow_id))sql"};

const Statement kCancelOthers{"cancel_other_runs", R"sql(
SELECT holdfast.deliver_message(w.namespace, w.workflow_id, NULL, 'cancel', 'replaced by the next run of its schedule',
                                '{}', holdfast.uuid_v7())
  FROM unnest($1::text[], $2::text[]) AS w (namespace, workflow_id))sql"};

/// Namespaces and workflow ids, one pair per element that `of` lists.
template <class Items, class Of>
Parameters workflow_ids(const Items& items, Of of) {
  std::vector<std::string_view> namespaces, ids;
  for (const auto& item : items) {
    const auto& [key, list] = of(item);
    for (const std::string& id : list) {
      namespaces.push_back(key.namespace_);
      ids.push_back(id);
    }
  }
  if (ids.empty()) return {};
  return {text_array(namespaces), text_array(ids)};
}

using KeyAndIds = std::pair<const ScheduleKey&, const std::vector<std::string>&>;

class Firing {
 public:
  Firing(Connection& connection, StepWork& work) : connection_(connection), work_(work) {}

  std::vector<DueSchedule> claim(int limit) {
    std::vector<DueSchedule> due;
    for (const auto& row : run(kClaimSchedules, {bigint_parameter(limit)})) due.push_back({read_schedule(row), {}});
    const auto watched = workflow_ids(due, [](const DueSchedule& d) { return KeyAndIds(d.row.key, d.row.watched); });
    if (watched.empty()) return due;
    const auto rows = run(kWatchedRuns, watched);
    pqxx::result::size_type at = 0;
    for (auto& schedule : due) {
      for (const auto& workflow_id : schedule.row.watched) {
        const auto& row = rows[at++];
        schedule.watched.push_back({.workflow_id = workflow_id});
        if (row[0].is_null()) continue;
        schedule.watched.back().run_id = uuid(row[0]);
        schedule.watched.back().status = parse_run_status(view(row[1]));
      }
    }
    return due;
  }

  int write(const std::vector<ScheduleDecision>& decisions) {
    const auto end = workflow_ids(decisions, [](const auto& d) { return KeyAndIds(d.key, d.terminate); });
    if (!end.empty()) run(kEndOthers, end);
    const auto cancel = workflow_ids(decisions, [](const auto& d) { return KeyAndIds(d.key, d.cancel); });
    if (!cancel.empty()) run(kCancelOthers, cancel);
    const int started = start(decisions);
    advance(decisions);
    return started;
  }

  std::optional<Duration> next_in() {
    const auto rows = run(kNextSchedule, {});
    return rows.empty() ? std::nullopt : std::optional(Duration(integer(rows[0][0])));
  }

 private:
  pqxx::result run(const Statement& statement, const Parameters& parameters) {
    return connection_.run(work_, statement, parameters);
  }

  int start(const std::vector<ScheduleDecision>& decisions) {
    struct Start {
      const ScheduleKey* key;
      const ScheduledStart* start;
      std::string scheduled_at;
    };
    std::vector<Start> starts;
    for (const auto& decision : decisions)
      for (const auto& start : decision.starts)
        starts.push_back({&decision.key, &start, to_rfc3339(start.scheduled_at)});
    if (starts.empty()) return 0;
    const auto of = [&](std::uint32_t type, auto get) {
      return array_of(type, starts, [&](const Start& s) { return get(*s.start); });
    };
    Parameters p;
    p.push_back(array_of(oid::kText, starts, [](const Start& s) { return std::string_view(s.key->namespace_); }));
    p.push_back(array_of(oid::kText, starts, [](const Start& s) { return std::string_view(s.key->schedule_id); }));
    p.push_back(of(oid::kUuid, [](const ScheduledStart& s) { return s.run_id; }));
    p.push_back(of(oid::kText, [](const ScheduledStart& s) { return std::string_view(s.workflow_id); }));
    p.push_back(of(oid::kText, [](const ScheduledStart& s) { return std::string_view(s.workflow_type); }));
    p.push_back(of(oid::kText, [](const ScheduledStart& s) { return std::string_view(s.task_queue); }));
    p.push_back(of(oid::kSmallint, [](const ScheduledStart& s) { return static_cast<std::int16_t>(s.priority); }));
    p.push_back(of(oid::kBigint, [](const ScheduledStart& s) { return s.execution_timeout; }));
    p.push_back(array_of(oid::kText, starts, [](const Start& s) { return std::string_view(s.scheduled_at); }));
    p.push_back(of(oid::kUuid, [](const ScheduledStart& s) { return s.last_completed; }));
    p.push_back(of(oid::kUuid, [](const ScheduledStart& s) { return s.last_failed; }));
    return small(run(kStartScheduled, p)[0][0]);
  }

  void advance(const std::vector<ScheduleDecision>& decisions) {
    const auto of = [&](std::uint32_t type, auto get) { return array_of(type, decisions, get); };
    std::vector<std::string> watched;
    for (const auto& decision : decisions) watched.push_back(to_json(decision.watched));
    using D = ScheduleDecision;
    run(kAdvanceSchedules, {of(oid::kText, [](const D& d) { return std::string_view(d.key.namespace_); }),
                            of(oid::kText, [](const D& d) { return std::string_view(d.key.schedule_id); }),
                            of(oid::kJson, [](const D& d) { return std::string_view(d.state); }),
                            array_of(oid::kJson, watched, [](const auto& text) { return std::string_view(text); }),
                            of(oid::kTimestamptz, [](const D& d) { return d.next_at.value_or(Timestamp::max()); }),
                            of(oid::kBool, [](const D& d) { return d.paused; }),
                            of(oid::kBigint, [](const D& d) { return d.remaining_actions; }),
                            of(oid::kText, [](const D& d) { return unless_empty(d.error); }),
                            of(oid::kText, [](const D& d) { return unless_empty(d.note); }),
                            of(oid::kBool, [](const D& d) { return d.waiting; })});
  }

  Connection& connection_;
  StepWork& work_;
};

}  // namespace

FireReport PostgresStore::fire_schedules(int limit, const DecideSchedules& decide) {
  if (limit < 1 || limit > 10'000) throw InvalidArgument("limit is " + std::to_string(limit) + "; allowed: 1 to 10000");
  const auto session = pool_.acquire();
  try {
    std::string begin = "BEGIN;";
    if (session->plans_are_old()) begin += "DISCARD PLANS;";
    StepWork work(session->pqxx(), begin + session->transaction_settings() + "SELECT " HOLDFAST_MICROS("now()"));
    Firing firing(*session, work);
    FireReport report;
    const auto due = firing.claim(limit);
    report.schedules = static_cast<int>(due.size());
    if (!due.empty()) report.starts = firing.write(decide(time_of(work.first_row()[0]), due));
    report.next_in = firing.next_in();
    work.commit();
    session->note_work(due.size());
    return report;
  } catch (const pqxx::pqxx_exception&) {
    rethrow(*session, true);
  }
}

}  // namespace holdfast::store::postgres
