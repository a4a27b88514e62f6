#pragma once

#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

extern const Statement kClaimActivities;
extern const Statement kFinishActivities;
extern const Statement kHeartbeatActivities;
extern const Statement kClaimExpiredActivities;
extern const Statement kOwnedActivities;

}  // namespace holdfast::store::postgres

// The next timeout of a task and its name, from the row `t`; in the order in which equal ones are told.
#define HOLDFAST_WAITING_TIMEOUT(ready_at) "least(" ready_at " + t.schedule_to_start, t.close_by)"
#define HOLDFAST_WAITING_TIMEOUT_KIND(ready_at)                                        \
  "CASE WHEN " ready_at                                                                \
  " + t.schedule_to_start <= coalesce(t.close_by, 'infinity') THEN 'ScheduleToStart' " \
  "WHEN t.close_by IS NOT NULL THEN 'ScheduleToClose' END"
#define HOLDFAST_RUNNING_TIMEOUT(started_at, beat_at) \
  "least(" started_at " + t.start_to_close, " beat_at " + t.heartbeat, t.close_by)"
#define HOLDFAST_RUNNING_TIMEOUT_KIND(started_at, beat_at)            \
  "CASE " HOLDFAST_RUNNING_TIMEOUT(                                   \
      started_at, beat_at) " WHEN " started_at                        \
                           " + t.start_to_close THEN 'StartToClose' " \
                           "WHEN " beat_at                            \
                           " + t.heartbeat THEN 'Heartbeat' WHEN t.close_by THEN 'ScheduleToClose' END"
