#pragma once

#include <vector>

#include <holdfast/core/definition.hpp>

namespace holdfast::test {

/// Workflows that use one feature of the core each. Their histories are recorded in histories/ and replay for ever:
/// do not change them; add another one for another feature.
std::vector<WorkflowDefinition> recorded_workflows();

/// Plays each of them, and the platform's, to its end in the testing environment and writes the histories to `folder`,
/// except those that are there already.
void record_histories(const std::string& folder);

}  // namespace holdfast::test
