#pragma once

#include <holdfast/core/uuid.hpp>

namespace holdfast::client {

/// A new UUIDv7 from the system clock and the kernel's random source. Within a process every id is larger than the one
/// before, also within one millisecond and when the clock steps back. Thread-safe; safe across fork.
/// Throws std::system_error when the kernel has no random numbers to give.
Uuid new_uuid();

}  // namespace holdfast::client
