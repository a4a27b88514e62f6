#pragma once

#include <holdfast/core/event.hpp>
#include <holdfast/store/types.hpp>

namespace holdfast::worker {

/// The event that a message becomes in its run's history.
Event event_of(const store::Message& message);

}  // namespace holdfast::worker
