#pragma once

#include <vector>

#include <holdfast/core/definition.hpp>

namespace platform {

/// Every workflow of the platform, as the engine runs it.
std::vector<holdfast::WorkflowDefinition> workflow_definitions();

/// Registers them with a worker's registry (a template, because workflows/ knows the engine's core only).
template <class Registry>
void register_workflows(Registry& registry) {
  for (auto& definition : workflow_definitions()) registry.add_workflow(std::move(definition));
}

}  // namespace platform
