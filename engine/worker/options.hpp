#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/core/time.hpp>

namespace holdfast::worker {

/// How a pool of a worker process works. The YAML file sets the same names (docs/configuration.md).
struct WorkerOptions {
  std::vector<std::string> task_queues = {"default"};
  int lanes = 2;                                    ///< 1 to 64; one thread and one connection each
  int activity_threads = 32;                        ///< 1 to 1024
  std::size_t cache_bytes = 256 << 20;              ///< suspended runs kept in memory, over all lanes
  int max_owned_runs = 2000;                        ///< per lane; ready runs beyond it wait in the database
  int max_batch = 500;                              ///< runs advanced per commit
  Duration lease = std::chrono::seconds(5);         ///< how long the runs of a dead worker wait
  Duration park_after = std::chrono::seconds(2);    ///< a run whose next timer is further away gives up its owner
  Duration idle_poll = std::chrono::seconds(1);     ///< how often an idle worker looks when no hint comes
  bool notify = true;                               ///< false: zero-NOTIFY mode, polling alone
  bool schedules = true;                            ///< fires schedules that are due, of whatever task queue
  int quarantine_after = 5;                         ///< owners that died in a row without progress
  Duration stuck_after = std::chrono::seconds(30);  ///< a lane that does not move for so long loses its lease
  std::size_t max_payload_bytes = 2 << 20;
  Duration shutdown_grace = std::chrono::seconds(3);  ///< running activities may end in this time
  std::string identity = {};                          ///< empty: host:pid
  std::string version = {};
  std::function<void(std::string_view level, std::string_view message)> log = {};  ///< empty: the default spdlog logger

  /// Throws std::invalid_argument that names the field, its value and what is allowed.
  void validate() const;
};

}  // namespace holdfast::worker
