#pragma once

#include <activities/call_key.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

/// A call began: insert it, tell the dashboards. Workflow id: call_started_workflow_id().
inline const holdfast::WorkflowType<CallKey, holdfast::Nothing> kCallStarted{"CallStarted", "calls"};

holdfast::Workflow<holdfast::Nothing> call_started(holdfast::Context ctx, CallKey call);

}  // namespace platform
