#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <holdfast/client/client.hpp>
#include <holdfast/store/store.hpp>
#include <holdfast/worker/worker.hpp>

#include "scenario.hpp"

namespace bench {

/// A worker and a client in this process, each with connections of its own.
class EngineUnderTest {
 public:
  using Options = std::function<void(holdfast::worker::WorkerOptions&)>;

  /// `adjust` changes the worker's options, which otherwise follow the settings.
  EngineUnderTest(const std::string& url, const Settings& settings, const Options& adjust = {});
  ~EngineUnderTest();

  holdfast::client::Client& client() { return *client_; }
  holdfast::worker::Registry& registry() { return registry_; }
  holdfast::worker::Worker& worker() { return *worker_; }
  const holdfast::worker::WorkerStats& stats() const { return worker_->stats(); }
  void start() { worker_->start(); }
  /// Waits until this worker has closed that many runs since it was made. Throws std::runtime_error when none closes
  /// for a minute.
  void wait_closed(std::int64_t runs) const;
  /// Ends all connections, so that their counters are in the server's.
  void disconnect();

 private:
  std::unique_ptr<holdfast::store::Store> worker_store_, client_store_;
  holdfast::worker::Registry registry_;
  std::unique_ptr<holdfast::worker::Worker> worker_;
  std::unique_ptr<holdfast::client::Client> client_;
};

/// Runs that warm a database before it is measured; their numbers come first.
constexpr std::int64_t kWarmRuns = 1000;

/// Makes the request of the n-th run.
using MakeRequest = std::function<holdfast::client::StartRequest(std::int64_t n)>;

/// Starts runs `first` to `first + runs - 1` from the calling thread, a hundred to a call, never with more than
/// `window` of them open, and waits until all are durably closed.
void drive(EngineUnderTest& engine, std::int64_t first, std::int64_t runs, const MakeRequest& make_request,
           std::int64_t window = 2000);

/// A kind of run to be measured.
struct Load {
  std::int64_t runs = 0;
  double steps_per_run = 1;
  MakeRequest make_request;
  std::function<void(const Database&)> prepare = {};  ///< the database, before anything runs
  std::function<void(EngineUnderTest&, const Database&)> equip =
      {};  ///< what the worker can run, beyond the bench's own
  EngineUnderTest::Options adjust = {};
};

/// The whole measurement on a fresh database: prepare, warm with the first runs, settle, drive, count.
Figures measure_engine(Bench& bench, const Load& load);

/// The n-th run of one activity (jobs.cpp).
holdfast::client::StartRequest job_request(std::int64_t n);

/// Repeats of `measure`, each beside a floor measured just before it, with ratio_to_floor.
Report beside_floor(Bench& bench, const std::string& scenario, const std::function<Figures()>& measure);

}  // namespace bench
