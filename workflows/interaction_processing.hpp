#pragma once

#include <string>
#include <vector>

#include <activities/interactions.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

struct InteractionProcessed {
  std::int64_t products = 0;              ///< that it is about
  bool counted = false;                   ///< false: it was counted by an earlier run
  std::vector<std::string> failed_steps;  ///< what was done with our own means, or left for PatternDiscovery
};
BOOST_DESCRIBE_STRUCT(InteractionProcessed, (), (products, counted, failed_steps))

/// Something was observed and platform.post_interaction has filed it. Describes it, stores and counts it exactly once,
/// and embeds it. Workflow id: interaction-{organization}-{interaction}.
inline const holdfast::WorkflowType<InteractionKey, InteractionProcessed> kInteractionProcessing{
    "InteractionProcessing", "interactions"};

holdfast::Workflow<InteractionProcessed> interaction_processing(holdfast::Context ctx, InteractionKey interaction);

}  // namespace platform
