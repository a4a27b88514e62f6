#pragma once

#include <cstdint>
#include <vector>

#include <holdfast/core/signal.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/worker/registry.hpp>

namespace chaos {

struct TransferInput {
  std::int64_t pause_ms = 0;
};
BOOST_DESCRIBE_STRUCT(TransferInput, (), (pause_ms))

struct Effect {
  std::string workflow_id;
  std::int64_t step = 0;
};
BOOST_DESCRIBE_STRUCT(Effect, (), (workflow_id, step))

struct Approval {
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(Approval, (), (number))

/// Number of approvals that a transfer waits for, and of the effects that it has: 1 to 5, then 100 + each approval.
constexpr std::int64_t kApprovals = 2;
constexpr std::int64_t kEffects = 5 + kApprovals;

inline const holdfast::Signal<Approval> approved{"approved"};
inline const holdfast::WorkflowType<TransferInput, Effect> kTransfer{"Transfer", "calls"};

/// Effects that nothing but the engine keeps from happening twice: each is a row without any key. Between them stand
/// everything else that a run can wait for: activities, a timer, signals.
void register_transfer(holdfast::worker::Registry& registry);
holdfast::WorkflowDefinition transfer_definition();

}  // namespace chaos
