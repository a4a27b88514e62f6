#pragma once

#include <activities/insight_services.hpp>
#include <activities/services.hpp>
#include <holdfast/worker/registry.hpp>

namespace platform {

/// Registers the body of every activity on calls, webhooks, usage and billing. `services` must outlive the worker.
void register_activities(holdfast::worker::Registry& registry, Services& services);

/// Those on interactions, patterns and search.
void register_insight_activities(holdfast::worker::Registry& registry, InsightServices& services);

}  // namespace platform
