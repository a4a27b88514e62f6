#pragma once

#include <holdfast/worker/registry.hpp>

namespace chaos {

/// The workflow that the schedules of the chaos test start: it checks that it is what its id says, and ends.
inline constexpr const char* kTick = "chaos.Tick";
void register_tick(holdfast::worker::Registry& registry);

}  // namespace chaos
