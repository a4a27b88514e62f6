#pragma once

#include <cstdint>

#include "engine_under_test.hpp"

namespace bench {

/// Rate of one-activity runs in `database`, which may hold other open runs of the queue: the worker closes as many runs
/// as are started.
double job_rate(Bench& bench, const Database& database, std::int64_t first, std::int64_t runs);

/// Repeats of job_rate in `full` beside the same in a fresh database: runs_per_s, empty_runs_per_s and ratio_to_empty.
std::vector<Figures> beside_empty(Bench& bench, const Database& full, std::int64_t runs);

}  // namespace bench
