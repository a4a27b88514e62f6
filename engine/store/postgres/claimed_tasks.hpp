#pragma once

#include <pqxx/result>

#include <holdfast/store/types.hpp>

namespace holdfast::store::postgres {

/// Of an activity_tasks row `t` that was claimed.
#define HOLDFAST_TASK_COLUMNS                                                                   \
  "t.run_id, t.seq, t.attempt, t.namespace, t.workflow_id, t.activity, t.task_queue, t.input, " \
  "t.options, " HOLDFAST_MICROS("t.scheduled_at") ", " HOLDFAST_MICROS(                         \
      "t.started_at") ", t.heartbeat_details, t.cancel_requested, t.queue_limited"

/// HOLDFAST_TASK_COLUMNS from column 1 on.
ClaimedActivity read_task(const pqxx::row& row);
/// The column behind them.
inline constexpr int kAfterTask = 15;

/// Throws LeaseLost unless the first column of the first row says that the lease holds.
void require_lease(const pqxx::result& rows, WorkerId worker);

}  // namespace holdfast::store::postgres
