#pragma once

#include <string>

namespace chaos {

struct WorkerSettings {
  int lease_ms;
  int longest_vendor_wait_s;  ///< how long an overloaded vendor keeps calls waiting at most
};

/// What this program is when the test starts it as a worker: the platform's workflows with local vendors, and the
/// transfers, until SIGTERM. Prints "ready". Returns the exit code.
int run_worker(const std::string& database_url, const WorkerSettings& settings);

}  // namespace chaos
