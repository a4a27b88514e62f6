#pragma once

#include <activities/services.hpp>
#include <holdfast/worker/registry.hpp>

namespace platform {

/// Registers the body of every activity of the platform. `services` must outlive the worker.
void register_activities(holdfast::worker::Registry& registry, Services& services);

}  // namespace platform
