#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <activities/call_key.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

/// What the processing of a call amounted to.
struct CallProcessed {
  std::int64_t minutes = 0;
  std::int64_t action_items = 0;
  std::int64_t webhooks = 0;
  std::vector<std::string> failed_steps;  ///< optional steps that were given up
};
BOOST_DESCRIBE_STRUCT(CallProcessed, (), (minutes, action_items, webhooks, failed_steps))

/// A call ended and its report is stored. Workflow id: call_workflow_id().
inline const holdfast::WorkflowType<CallKey, CallProcessed> kCallProcessing{"CallProcessing", "calls"};

holdfast::Workflow<CallProcessed> call_processing(holdfast::Context ctx, CallKey call);

}  // namespace platform
