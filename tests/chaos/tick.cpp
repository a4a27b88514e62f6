#include "tick.hpp"

#include <holdfast/core/errors.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/schedule/definition.hpp>

namespace chaos {
namespace {

using namespace holdfast;

Workflow<Nothing> tick(Context ctx, Nothing) {
  const auto by = ctx.schedule();
  if (!by || ctx.workflow_id() != schedule::workflow_id_of(by->schedule_id, by->scheduled_at))
    throw ApplicationError("WrongTick", "run " + ctx.workflow_id() + " is not of the tick that its id names", true);
  co_return Nothing{};
}

}  // namespace

void register_tick(worker::Registry& registry) { registry.add(WorkflowType<Nothing, Nothing>{kTick, "default"}, tick); }

}  // namespace chaos
