#include "run_json.hpp"

namespace wfctl {

using holdfast::store::RunStatus;

JsonObject run_members(const holdfast::store::RunSummary& run) {
  JsonObject json;
  json.text("run_id", run.run_id.to_string())
      .text("namespace", run.namespace_)
      .text("workflow_id", run.workflow_id)
      .text("workflow_type", run.workflow_type)
      .text("task_queue", run.task_queue)
      .text("status", to_string(run.status))
      .time("started_at", run.started_at)
      .time("closed_at", run.closed_at)
      .uuid("parent_run_id", run.parent_run_id);
  return json;
}

std::string closed_run_json(const holdfast::store::RunKey& run, const holdfast::store::ClosedRun& closed) {
  return JsonObject()
      .text("run_id", closed.run_id.to_string())
      .text("workflow_id", run.workflow_id)
      .text("status", to_string(closed.status))
      .json("result", closed.result)
      .failure("failure", closed.failure)
      .str();
}

std::string update_json(const holdfast::store::UpdateState& update) {
  return JsonObject()
      .text("update_id", update.key.update_id)
      .text("name", update.name)
      .uuid("run_id", update.run_id)
      .text("stage", to_string(update.stage))
      .json("result", update.result)
      .failure("failure", update.failure)
      .time("admitted_at", update.admitted_at)
      .time("accepted_at", update.accepted_at)
      .time("ended_at", update.ended_at)
      .str();
}

std::string pending_activity_json(const holdfast::store::PendingActivity& task) {
  return JsonObject()
      .number("seq", task.seq)
      .text("activity", task.activity)
      .text("task_queue", task.task_queue)
      .number("attempt", task.attempt)
      .number("max_attempts", task.max_attempts)
      .time("scheduled_at", task.scheduled_at)
      .time("next_attempt_at", task.next_attempt_at)
      .number("owner", task.owner)
      .failure("last_failure", task.last_failure)
      .text("limit_key", task.limit_key)
      .texts("waits_for_limit", task.waits_for_limit)
      .str();
}

Cell status_cell(RunStatus status) {
  Colour colour = Colour::plain;
  if (status == RunStatus::completed) colour = Colour::green;
  if (status == RunStatus::failed || status == RunStatus::timed_out || status == RunStatus::terminated)
    colour = Colour::red;
  if (status == RunStatus::canceled) colour = Colour::yellow;
  return {std::string(to_string(status)), colour};
}

}  // namespace wfctl
