// The questions of `wfctl doctor`. Every statement is true or false on a single snapshot of a database in use.
#include <holdfast/store/postgres/doctor.hpp>

namespace holdfast::store::postgres {
namespace {

using enum DoctorCheck::Kind;
using enum DoctorCheck::Scope;

DoctorCheck about_runs(std::string name, std::string sql) { return {std::move(name), promise, runs, std::move(sql)}; }
DoctorCheck about_database(std::string name, DoctorCheck::Kind kind, std::string sql) {
  return {std::move(name), kind, database, std::move(sql)};
}

// --- directory and control rows
// ---------------------------------------------------------------------------------------

constexpr const char* kRunningHasLiveRow = R"sql(
  SELECT format('run %s (%s) is running but has no row in live_runs', r.run_id, r.workflow_id)
    FROM holdfast.runs r
   WHERE r.shard = 0 AND r.run_id > $1 AND r.run_id <= $2 AND r.status = 'running'
     AND NOT EXISTS (SELECT FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = r.run_id)
   LIMIT $3)sql";

constexpr const char* kLiveRowIsRunning = R"sql(
  SELECT format('run %s (%s) has a row in live_runs, but %s', l.run_id, l.workflow_id,
                coalesce('its status is ' || r.status, 'none in runs'))
    FROM holdfast.live_runs l LEFT JOIN holdfast.runs r ON r.shard = 0 AND r.run_id = l.run_id
   WHERE l.shard = 0 AND l.run_id > $1 AND l.run_id <= $2
     AND (r.run_id IS NULL OR r.status <> 'running' OR r.closed_at IS NOT NULL
          OR (r.namespace, r.workflow_id, r.task_queue) IS DISTINCT FROM (l.namespace, l.workflow_id, l.task_queue))
   LIMIT $3)sql";

constexpr const char* kClosedIsComplete = R"sql(
  SELECT format('run %s (%s) is %s, but %s', r.run_id, r.workflow_id, r.status,
                CASE WHEN r.closed_at IS NULL THEN 'has no closing time' WHEN r.status = 'completed' THEN 'has no result'
                     ELSE 'has no failure' END)
    FROM holdfast.runs r
   WHERE r.shard = 0 AND r.run_id > $1 AND r.run_id <= $2 AND r.status <> 'running'
     AND (r.closed_at IS NULL OR (r.status = 'completed' AND r.result IS NULL)
          OR (r.status = 'failed' AND r.failure IS NULL))
   LIMIT $3)sql";

// --- histories
// --------------------------------------------------------------------------------------------------------

constexpr const char* kContiguous = R"sql(
  WITH rows AS MATERIALIZED (
    SELECT h.run_id, h.event_id, json_array_length(h.events) AS events
      FROM holdfast.history h WHERE h.shard = 0 AND h.run_id > $1 AND h.run_id <= $2),
  ordered AS (
    SELECT run_id, event_id, events,
           coalesce(lag(event_id + events) OVER (PARTITION BY run_id ORDER BY event_id), 1) AS expected FROM rows)
  SELECT CASE WHEN events = 0 THEN format('run %s: the history row at event %s is empty', run_id, event_id)
              ELSE format('run %s: a history row begins at event %s, expected %s', run_id, event_id, expected) END
    FROM ordered WHERE event_id <> expected OR events = 0 LIMIT $3)sql";

// Run by run: of rows that were written just now the planner knows nothing, and joins of whole pages go wrong.
constexpr const char* kOneEnd = R"sql(
  SELECT CASE
           WHEN r.status = 'running' THEN format('run %s (%s) is open, but its history has an end', r.run_id, r.workflow_id)
           WHEN e.ends = 0 THEN format('run %s (%s) is %s, but its history has no end', r.run_id, r.workflow_id, r.status)
           WHEN e.ends > 1 THEN format('run %s (%s) has %s ends in its history', r.run_id, r.workflow_id, e.ends)
           WHEN e.last_end <> l.last_event THEN format('run %s (%s): events follow its end', r.run_id, r.workflow_id)
           ELSE format('run %s (%s) is %s, but its history ends with %s', r.run_id, r.workflow_id, r.status, l.last_type)
         END
    FROM holdfast.runs r
   CROSS JOIN LATERAL (
     SELECT count(*) AS ends, max(h.event_id + e.n - 1) AS last_end
       FROM holdfast.history h CROSS JOIN LATERAL json_array_elements(h.events) WITH ORDINALITY AS e (event, n)
      WHERE h.shard = 0 AND h.run_id = r.run_id
        AND strpos(h.events::text, '"Workflow') > 0   -- only rows that may hold an end are taken apart
        AND e.event ->> 'type' IN ('WorkflowCompleted', 'WorkflowFailed', 'WorkflowCanceled', 'WorkflowTimedOut',
                                   'WorkflowTerminated', 'WorkflowContinuedAsNew')) e
    LEFT JOIN LATERAL (
     SELECT h.event_id + json_array_length(h.events) - 1 AS last_event, h.events -> -1 ->> 'type' AS last_type
       FROM holdfast.history h WHERE h.shard = 0 AND h.run_id = r.run_id ORDER BY h.event_id DESC LIMIT 1) l ON true
   WHERE r.shard = 0 AND r.run_id > $1 AND r.run_id <= $2
     AND ((r.status = 'running') <> (e.ends = 0) OR e.ends > 1 OR e.last_end <> l.last_event
          OR (r.status <> 'running' AND l.last_type <> CASE r.status
                WHEN 'completed' THEN 'WorkflowCompleted' WHEN 'failed' THEN 'WorkflowFailed'
                WHEN 'canceled' THEN 'WorkflowCanceled' WHEN 'timed_out' THEN 'WorkflowTimedOut'
                WHEN 'terminated' THEN 'WorkflowTerminated' WHEN 'continued_as_new' THEN 'WorkflowContinuedAsNew' ELSE l.last_type END))
   LIMIT $3)sql";

constexpr const char* kHistoryHasRun = R"sql(
  SELECT format('history of run %s, of which runs has no row', h.run_id)
    FROM holdfast.history h
   WHERE h.shard = 0 AND h.run_id > $1 AND h.run_id <= $2 AND h.event_id = 1
     AND NOT EXISTS (SELECT FROM holdfast.runs r WHERE r.shard = 0 AND r.run_id = h.run_id)
   LIMIT $3)sql";

// --- reasons to wake
// --------------------------------------------------------------------------------------------------

// An owner whose lease ended is replaced by any live worker within seconds; without one nobody can.
constexpr const char* kOwnerLives = R"sql(
  SELECT format('run %s (%s) is owned by worker %s, %s', l.run_id, l.workflow_id, l.owner,
                coalesce('whose lease ended at ' || w.lease_until, 'which does not exist'))
    FROM holdfast.live_runs l LEFT JOIN holdfast.workers w ON w.worker_id = l.owner
   WHERE l.shard = 0 AND l.run_id > $1 AND l.run_id <= $2 AND l.owner IS NOT NULL
     AND (w.worker_id IS NULL
          OR (w.lease_until < now() - interval '30 seconds'
              AND EXISTS (SELECT FROM holdfast.workers v WHERE v.lease_until > now()
                             AND v.started_at < now() - interval '30 seconds')))
   LIMIT $3)sql";

constexpr const char* kParkedHasReason = R"sql(
  SELECT format('run %s (%s) is parked for ever: no due time, no task, and nothing that it waits for', l.run_id, l.workflow_id)
    FROM holdfast.live_runs l
   WHERE l.shard = 0 AND l.run_id > $1 AND l.run_id <= $2 AND l.owner IS NULL AND l.ready_at = 'infinity'
     AND NOT l.quarantined AND coalesce(l.waiting_for, '') = ''
     AND NOT EXISTS (SELECT FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.run_id = l.run_id)
   LIMIT $3)sql";

// An owner resets the doorbell when it reads the message, and may take it into a later commit of the same second.
constexpr const char* kMessagesRing = R"sql(
  SELECT format('run %s (%s) has %s unread message(s), but its doorbell is not rung and no time is due',
                l.run_id, l.workflow_id, i.messages)
    FROM holdfast.live_runs l
    JOIN (SELECT run_id, count(*) AS messages, min(at) AS oldest FROM holdfast.inbox
           WHERE shard = 0 AND run_id > $1 AND run_id <= $2 GROUP BY run_id) i USING (run_id)
   WHERE l.shard = 0 AND NOT l.rung AND NOT l.quarantined
     AND ((l.owner IS NULL AND l.ready_at = 'infinity')
          OR (l.owner IS NOT NULL AND i.oldest < now() - interval '30 seconds'))
     AND NOT EXISTS (SELECT FROM holdfast.errands e WHERE e.shard = 0 AND e.run_id = l.run_id)
   LIMIT $3)sql";

// What a parked run asked for must be somewhere outside the memory of its former owner. A run that will be rebuilt
// anyway (its owner died, its code failed) asks again.
constexpr const char* kActivitiesExist = R"sql(
  SELECT format('run %s (%s) is parked and waits for activity %s (#%s), which is neither a task nor an unread result',
                l.run_id, l.workflow_id, n.activity, n.seq)
    FROM holdfast.live_runs l
   CROSS JOIN LATERAL (
     SELECT (e.event ->> 'seq')::int AS seq, max(e.event ->> 'activity') AS activity
       FROM holdfast.history h CROSS JOIN LATERAL json_array_elements(h.events) AS e (event)
      WHERE h.shard = 0 AND h.run_id = l.run_id
        AND e.event ->> 'type' IN ('ActivityScheduled', 'ActivityCompleted', 'ActivityFailed')
      GROUP BY 1 HAVING bool_and(e.event ->> 'type' = 'ActivityScheduled')) n
   WHERE l.shard = 0 AND l.run_id > $1 AND l.run_id <= $2 AND l.owner IS NULL AND l.ready_at > now()
     AND NOT l.quarantined AND NOT l.fresh AND l.task_failures = 0
     AND NOT EXISTS (SELECT FROM holdfast.activity_tasks t WHERE t.shard = 0 AND t.run_id = l.run_id AND t.seq = n.seq)
     AND NOT EXISTS (SELECT FROM holdfast.inbox i WHERE i.shard = 0 AND i.run_id = l.run_id AND i.seq = n.seq)
   LIMIT $3)sql";

constexpr const char* kTimersAreDue = R"sql(
  SELECT format('run %s (%s) has timer #%s for %s, but is looked at only at %s', l.run_id, l.workflow_id, n.seq,
                n.fire_at, l.ready_at)
    FROM holdfast.live_runs l
   CROSS JOIN LATERAL (
     SELECT (e.event ->> 'seq')::int AS seq, max(e.event ->> 'fire_at')::timestamptz AS fire_at
       FROM holdfast.history h CROSS JOIN LATERAL json_array_elements(h.events) AS e (event)
      WHERE h.shard = 0 AND h.run_id = l.run_id
        AND e.event ->> 'type' IN ('TimerStarted', 'TimerFired', 'TimerCanceled')
      GROUP BY 1 HAVING bool_and(e.event ->> 'type' = 'TimerStarted')) n
   WHERE l.shard = 0 AND l.run_id > $1 AND l.run_id <= $2 AND l.owner IS NULL AND l.ready_at > now()
     AND NOT l.quarantined AND NOT l.fresh AND l.task_failures = 0 AND l.ready_at > n.fire_at
   LIMIT $3)sql";

// --- messages and tasks
// -----------------------------------------------------------------------------------------------

constexpr const char* kInboxIsOfOpenRuns = R"sql(
  SELECT format('run %s has an unread message (%s %s), but is not open', i.run_id, i.kind, i.name)
    FROM holdfast.inbox i
   WHERE i.shard = 0 AND i.run_id > $1 AND i.run_id <= $2
     AND NOT EXISTS (SELECT FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = i.run_id)
     AND NOT EXISTS (SELECT FROM holdfast.errands e WHERE e.shard = 0 AND e.run_id = i.run_id)
   LIMIT $3)sql";

// Its sender would wait for ever.
constexpr const char* kUpdatesEnd = R"sql(
  SELECT format('update %s (%s) of run %s is %s, but the run is not open', u.update_id, u.name, u.run_id, u.stage)
    FROM holdfast.updates u
   WHERE u.shard = 0 AND u.run_id > $1 AND u.run_id <= $2 AND u.ended_at IS NULL
     AND NOT EXISTS (SELECT FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = u.run_id)
   LIMIT $3)sql";

constexpr const char* kAdmittedUpdatesAreRead = R"sql(
  SELECT format('update %s (%s) of run %s is admitted, but no message says so', u.update_id, u.name, u.run_id)
    FROM holdfast.updates u
   WHERE u.shard = 0 AND u.run_id > $1 AND u.run_id <= $2 AND u.ended_at IS NULL AND u.stage = 'admitted'
     AND NOT EXISTS (SELECT FROM holdfast.inbox i WHERE i.shard = 0 AND i.run_id = u.run_id AND i.kind = 'update'
                        AND i.payload ->> 'update_id' = u.update_id)
   LIMIT $3)sql";

// --- parents, children, chains
// ----------------------------------------------------------------------------------------

// An errand may still have to do it; so may a worker, for a child that it was about to start.
constexpr const char* kChildrenMindTheirParents = R"sql(
  SELECT format('run %s (%s) should have ended with its parent, run %s, which is %s', r.run_id, r.workflow_id, p.run_id,
                p.status)
    FROM holdfast.live_runs l
    JOIN holdfast.runs r ON r.shard = 0 AND r.run_id = l.run_id
    JOIN holdfast.runs p ON p.shard = 0 AND p.run_id = r.parent_run_id
   WHERE l.shard = 0 AND l.run_id > $1 AND l.run_id <= $2 AND r.parent_close_policy = 'terminate'
     AND p.status <> 'running'
     AND NOT EXISTS (SELECT FROM holdfast.errands e WHERE e.shard = 0 AND e.run_id = r.run_id)
   LIMIT $3)sql";

// A parked parent that waits for a child: the child is open (or a later run of its chain is), or its outcome waits in
// the inbox. For children that were canceled or are abandoned it may have ceased to wait.
constexpr const char* kChildrenAnswer = R"sql(
  SELECT format('run %s (%s) is parked and waits for child workflow %s (#%s), which neither is open nor has answered',
                l.run_id, l.workflow_id, n.workflow_id, n.seq)
    FROM holdfast.live_runs l
   CROSS JOIN LATERAL (
     SELECT (e.event ->> 'seq')::int AS seq, max(e.event ->> 'workflow_id') AS workflow_id
       FROM holdfast.history h CROSS JOIN LATERAL json_array_elements(h.events) AS e (event)
      WHERE h.shard = 0 AND h.run_id = l.run_id
        AND e.event ->> 'type' IN ('ChildWorkflowInitiated', 'ChildWorkflowStarted', 'ChildWorkflowStartFailed',
                                   'ChildWorkflowCompleted', 'ChildWorkflowFailed', 'ChildWorkflowCancelRequested')
      GROUP BY 1
     HAVING bool_and(e.event ->> 'type' IN ('ChildWorkflowInitiated', 'ChildWorkflowStarted')) AND count(*) > 1
        AND max(e.event ->> 'parent_close_policy') <> 'abandon') n
   WHERE l.shard = 0 AND l.run_id > $1 AND l.run_id <= $2 AND l.owner IS NULL AND l.ready_at > now()
     AND NOT l.quarantined AND NOT l.fresh AND l.task_failures = 0
     AND NOT EXISTS (SELECT FROM holdfast.runs c WHERE c.shard = 0 AND c.parent_run_id = l.run_id
                        AND c.parent_seq = n.seq AND c.status = 'running')
     AND NOT EXISTS (SELECT FROM holdfast.inbox i WHERE i.shard = 0 AND i.run_id = l.run_id AND i.seq = n.seq)
   LIMIT $3)sql";

constexpr const char* kChainsAreWhole = R"sql(
  SELECT format('run %s (%s) continued as new, but its next run %s', r.run_id, r.workflow_id,
                CASE WHEN r.next_run_id IS NULL THEN 'is not recorded'
                     ELSE format('%s does not exist or does not name it as the one before', r.next_run_id) END)
    FROM holdfast.runs r
   WHERE r.shard = 0 AND r.run_id > $1 AND r.run_id <= $2 AND r.status = 'continued_as_new'
     AND NOT EXISTS (SELECT FROM holdfast.runs n WHERE n.shard = 0 AND n.run_id = r.next_run_id
                        AND n.previous_run_id = r.run_id AND n.workflow_id = r.workflow_id)
   LIMIT $3)sql";

constexpr const char* kErrandsAreRun = R"sql(
  SELECT format('%s of run %s is to be done since %s: somebody holds its row, or no worker looks', kind, run_id, at)
    FROM holdfast.errands WHERE shard = 0 AND at < now() - interval '30 seconds' LIMIT $1)sql";

constexpr const char* kTasksAreOfOpenRuns = R"sql(
  SELECT format('run %s has a task of activity %s (#%s), but is not open', t.run_id, t.activity, t.seq)
    FROM holdfast.activity_tasks t
   WHERE t.shard = 0 AND t.run_id > $1 AND t.run_id <= $2
     AND NOT EXISTS (SELECT FROM holdfast.live_runs l WHERE l.shard = 0 AND l.run_id = t.run_id)
   LIMIT $3)sql";

constexpr const char* kTasksGoOn = R"sql(
  SELECT format('run %s: task of activity %s (#%s) %s', t.run_id, t.activity, t.seq,
                CASE WHEN t.owner IS NULL THEN 'is due never'
                     ELSE format('runs at worker %s, %s', t.owner,
                                 coalesce('whose lease ended at ' || w.lease_until, 'which does not exist')) END)
    FROM holdfast.activity_tasks t LEFT JOIN holdfast.workers w ON w.worker_id = t.owner
   WHERE t.shard = 0 AND t.run_id > $1 AND t.run_id <= $2
     AND ((t.owner IS NULL AND t.task_queue IS NOT NULL AND t.ready_at = 'infinity' AND t.timeout_at IS NULL)
          OR (t.owner IS NOT NULL AND w.worker_id IS NULL)
          OR (w.lease_until < now() - interval '30 seconds'
              AND EXISTS (SELECT FROM holdfast.workers v WHERE v.lease_until > now()
                             AND v.started_at < now() - interval '30 seconds')))
   LIMIT $3)sql";

// A task in line is found by nobody but its line.
constexpr const char* kLinesAreLookedAt = R"sql(
  SELECT format('run %s: task of activity %s (#%s) stands in line for limit key %s, and nobody looks at that line',
                t.run_id, t.activity, t.seq, t.limit_key)
    FROM holdfast.activity_tasks t
   WHERE t.shard = 0 AND t.run_id > $1 AND t.run_id <= $2 AND t.in_line AND t.owner IS NULL AND isfinite(t.ready_at)
     AND NOT EXISTS (SELECT FROM holdfast.limit_lines n
                      WHERE n.shard = 0 AND n.limit_key = t.limit_key AND n.task_queue = t.task_queue
                        AND n.look_at < now() + interval '31 days')
   LIMIT $3)sql";

// --- the server
// -------------------------------------------------------------------------------------------------------

constexpr const char* kStarvedQueues = R"sql(
  SELECT format('queue %s has %s ready run(s), and no live worker serves it', l.task_queue, count(*))
    FROM holdfast.live_runs l
   WHERE l.shard = 0 AND l.owner IS NULL AND l.ready_at < now() - interval '10 seconds'
     AND NOT EXISTS (SELECT FROM holdfast.workers w WHERE w.lease_until > now() AND l.task_queue = ANY (w.task_queues))
   GROUP BY l.task_queue LIMIT $1)sql";

constexpr const char* kQuarantined = R"sql(
  SELECT format('run %s (%s): %s', run_id, workflow_id, coalesce(waiting_for, 'quarantined'))
    FROM holdfast.live_runs WHERE shard = 0 AND quarantined LIMIT $1)sql";

constexpr const char* kFailingTasks = R"sql(
  SELECT format('run %s (%s): %s failed tasks in a row; last error: %s', run_id, workflow_id, task_failures, task_failure)
    FROM holdfast.live_runs WHERE shard = 0 AND task_failures > 0 LIMIT $1)sql";

constexpr const char* kInvalidSchedules = R"sql(
  SELECT format('schedule %s: %s', schedule_id, error) FROM holdfast.schedules
   WHERE shard = 0 AND error IS NOT NULL ORDER BY schedule_id LIMIT $1)sql";

constexpr const char* kOverdueSchedules = R"sql(
  SELECT format('schedule %s is overdue since %s', schedule_id, next_at) FROM holdfast.schedules
   WHERE shard = 0 AND next_at < now() - interval '1 minute' ORDER BY next_at LIMIT $1)sql";

constexpr const char* kMissedTicks = R"sql(
  SELECT format('schedule %s missed %s times that were older than its catch-up window', schedule_id,
                state ->> 'missed_catch_up')
    FROM holdfast.schedules WHERE shard = 0 AND (state ->> 'missed_catch_up')::bigint > 0
   ORDER BY schedule_id LIMIT $1)sql";

constexpr const char* kStoppingLimits = R"sql(
  SELECT format('limit of %s %s is 0, and %s tasks wait%s', scope, name, waiting, CASE WHEN reason <> '' THEN ': ' || reason ELSE '' END)
    FROM holdfast.limit_status WHERE max_concurrent = 0 AND waiting > 0 ORDER BY scope, name LIMIT $1)sql";

constexpr const char* kExpiredWorkers = R"sql(
  SELECT format('worker %s (%s): lease ended at %s', worker_id, identity, lease_until)
    FROM holdfast.workers WHERE lease_until < now() LIMIT $1)sql";

constexpr const char* kStrayHistory = R"sql(
  SELECT format('%s rows (the clock of whoever made these run ids is wrong, or no partition was made ahead)', count(*))
    FROM holdfast.history_default HAVING count(*) > 0 LIMIT $1)sql";

constexpr const char* kPartitionsAhead = R"sql(
  SELECT format('history has no partition for %s', to_char(now() + interval '1 month', 'YYYY-MM'))
   WHERE to_regclass('holdfast.history_' || to_char((now() + interval '1 month') AT TIME ZONE 'UTC', 'YYYY_MM')) IS NULL
   LIMIT $1)sql";

constexpr const char* kLongTransactions = R"sql(
  SELECT format('pid %s (%s, %s), open for %s: it keeps vacuum from removing dead rows', pid,
                coalesce(nullif(application_name, ''), 'no name'), state, date_trunc('second', now() - xact_start))
    FROM pg_stat_activity
   WHERE datname = current_database() AND xact_start < now() - interval '5 minutes' AND backend_type = 'client backend'
   ORDER BY xact_start LIMIT $1)sql";

constexpr const char* kDeadTuples = R"sql(
  SELECT format('%s: %s dead rows beside %s live ones', relname, n_dead_tup, n_live_tup)
    FROM pg_stat_user_tables
   WHERE schemaname = 'holdfast' AND n_dead_tup > 50000 AND n_dead_tup > 0.5 * n_live_tup
   ORDER BY n_dead_tup DESC LIMIT $1)sql";

constexpr const char* kReplicationSlots = R"sql(
  SELECT format('slot %s (%s): %s of WAL kept%s', slot_name, CASE WHEN active THEN 'active' ELSE 'inactive' END,
                pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)),
                CASE WHEN xmin IS NOT NULL OR catalog_xmin IS NOT NULL THEN ', holds back vacuum' ELSE '' END)
    FROM pg_replication_slots
   WHERE NOT active OR pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) > 1024 * 1024 * 1024 LIMIT $1)sql";

constexpr const char* kPreparedTransactions = R"sql(
  SELECT format('%s, prepared at %s: it keeps locks and holds back vacuum', gid, prepared)
    FROM pg_prepared_xacts WHERE database = current_database() AND prepared < now() - interval '1 minute'
   ORDER BY prepared LIMIT $1)sql";

constexpr const char* kDurableCommits = R"sql(
  SELECT format('%s is %s', name, setting) FROM pg_settings
   WHERE (name = 'fsync' AND setting = 'off') OR (name = 'full_page_writes' AND setting = 'off')
      OR (name = 'synchronous_commit' AND setting = 'off') OR (name = 'autovacuum' AND setting = 'off') LIMIT $1)sql";

}  // namespace

std::vector<DoctorCheck> engine_doctor_checks() {
  return {
      about_runs("every running run has a live row", kRunningHasLiveRow),
      about_runs("every live row is of a running run", kLiveRowIsRunning),
      about_runs("every closed run has its time and outcome", kClosedIsComplete),
      about_runs("histories are contiguous", kContiguous),
      about_runs("closed runs end once, as the last event; open runs have no end", kOneEnd),
      about_runs("every history belongs to a run", kHistoryHasRun),
      about_runs("owners exist and their leases live", kOwnerLives),
      about_runs("every parked run has a reason to wake", kParkedHasReason),
      about_runs("every unread message rang the doorbell", kMessagesRing),
      about_runs("parked runs: every pending activity is a task", kActivitiesExist),
      about_runs("parked runs: every timer is due in time", kTimersAreDue),
      about_runs("no message of a closed run is left", kInboxIsOfOpenRuns),
      about_runs("no task of a closed run is left", kTasksAreOfOpenRuns),
      about_runs("every update ends with its run", kUpdatesEnd),
      about_runs("every admitted update is in its run's inbox", kAdmittedUpdatesAreRead),
      about_runs("children end with their parents, as agreed", kChildrenMindTheirParents),
      about_runs("parked runs: every child is open or has answered", kChildrenAnswer),
      about_runs("chains of continue-as-new are whole", kChainsAreWhole),
      about_runs("every task goes on", kTasksGoOn),
      about_runs("every task in line is looked at", kLinesAreLookedAt),
      about_database("every queue with work has a worker", warning, kStarvedQueues),
      about_database("no run is quarantined", warning, kQuarantined),
      about_database("no run's code fails", warning, kFailingTasks),
      about_database("nothing is left undone between parents and children", warning, kErrandsAreRun),
      about_database("every schedule can fire", warning, kInvalidSchedules),
      about_database("no schedule is overdue", warning, kOverdueSchedules),
      about_database("no schedule missed a time", warning, kMissedTicks),
      about_database("no limit of 0 stops what waits", warning, kStoppingLimits),
      about_database("no worker's lease has ended", warning, kExpiredWorkers),
      about_database("no history outside the months", warning, kStrayHistory),
      about_database("history partitions are made ahead", warning, kPartitionsAhead),
      about_database("no transaction is older than 5 minutes", warning, kLongTransactions),
      about_database("vacuum keeps up", warning, kDeadTuples),
      about_database("replication slots are active and near", warning, kReplicationSlots),
      about_database("no prepared transaction is left behind", warning, kPreparedTransactions),
      about_database("commits are durable and autovacuum runs", warning, kDurableCommits),
  };
}

}  // namespace holdfast::store::postgres
