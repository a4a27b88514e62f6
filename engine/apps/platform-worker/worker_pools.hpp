#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/store/store.hpp>
#include <holdfast/worker/config.hpp>
#include <holdfast/worker/worker.hpp>

/// The pools of this process, a Worker each. For one thread, except metrics() and ready().
class WorkerPools {
 public:
  /// Throws worker::ConfigError naming the pool and the workflow or activity that this program does not have.
  WorkerPools(const holdfast::worker::WorkerConfig& config, const holdfast::worker::Registry& all);

  /// Starts the pools one by one, and asks before each. False: it was told to stop; then none runs, as when it throws
  /// (store::Error).
  bool start(holdfast::store::Store& store, const std::function<bool()>& told_to_stop);
  /// Stops them side by side. False if activity bodies still run: then end the process.
  bool stop();

  /// Every counter of every pool, in Prometheus' text format. Call it between start() and stop() only.
  std::string metrics() const;

 private:
  struct Pool {
    std::string name;
    holdfast::worker::WorkerOptions options;
    holdfast::worker::Registry registry;
    std::unique_ptr<holdfast::worker::Worker> worker;
  };
  std::vector<Pool> pools_;
};
