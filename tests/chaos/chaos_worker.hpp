#pragma once

#include <string>
#include <vector>

namespace chaos {

struct WorkerSettings {
  int lease_ms;
  /// How long an overloaded model keeps calls waiting at most; 0: it is never overloaded.
  int longest_vendor_wait_s = 0;
  /// Where the stand-ins of vendors are; empty: local vendors.
  std::string standin_url = {};
};

/// The command line of this program as such a worker.
std::vector<std::string> worker_command(const std::string& database_url, const WorkerSettings& settings);

/// What this program is when a test starts it as a worker: the platform's workflows and the transfers, until SIGTERM.
/// Prints "ready". Returns the exit code.
int run_worker(const std::string& database_url, const WorkerSettings& settings);

}  // namespace chaos
