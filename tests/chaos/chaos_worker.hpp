#pragma once

#include <string>

namespace chaos {

/// What this program is when the test starts it as a worker: the platform's workflows with local vendors, and the
/// transfers, until SIGTERM. Prints "ready". Returns the exit code.
int run_worker(const std::string& database_url, int lease_ms);

}  // namespace chaos
