#pragma once

#include <cstdint>

#include "scenario.hpp"

namespace bench {

/// The reference: what a bare libpq loop gets out of this server with the same rows, in a database of its own.
Figures measure_floor(Bench& bench, std::int64_t runs);

/// Lets the server create and recycle its files, and this process its allocations: the first minute of a fresh
/// cluster is slower than all that follow. Does so once per process.
void warm_up(Bench& bench);

}  // namespace bench
