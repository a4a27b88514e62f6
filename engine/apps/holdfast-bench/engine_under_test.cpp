#include "engine_under_test.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include <holdfast/store/postgres/postgres_store.hpp>

#include "bench_workflows.hpp"
#include "floor.hpp"
#include "meter.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<holdfast::store::Store> open_store(const std::string& url, const Settings& settings) {
  holdfast::store::PostgresOptions options;
  options.connection_string = url;
  options.notifications = settings.notify;
  options.application_name = "holdfast-bench";
  return holdfast::store::open_postgres_store(options);
}

}  // namespace

EngineUnderTest::EngineUnderTest(const std::string& url, const Settings& settings, const Options& adjust)
    : worker_store_(open_store(url, settings)), client_store_(open_store(url, settings)) {
  register_bench_workflows(registry_);
  holdfast::worker::WorkerOptions options;
  options.lanes = settings.lanes;
  options.activity_threads = settings.activity_threads;
  if (settings.max_batch > 0) options.max_batch = settings.max_batch;
  options.notify = settings.notify;
  if (adjust) adjust(options);
  worker_ = std::make_unique<holdfast::worker::Worker>(*worker_store_, registry_, options);
  holdfast::client::ClientOptions client_options;
  client_options.notify = settings.notify;
  client_ = std::make_unique<holdfast::client::Client>(*client_store_, client_options);
}

EngineUnderTest::~EngineUnderTest() { disconnect(); }

void EngineUnderTest::wait_closed(std::int64_t runs) const {
  auto seen = stats().runs_closed.load();
  auto deadline = std::chrono::steady_clock::now() + 60s;
  while (stats().runs_closed.load() < runs) {
    std::this_thread::sleep_for(1ms);
    if (const auto now_closed = stats().runs_closed.load(); now_closed != seen) {
      seen = now_closed;
      deadline = std::chrono::steady_clock::now() + 60s;
    } else if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("no run has ended for a minute: " + std::to_string(seen) + " of " +
                               std::to_string(runs) + " are closed");
    }
  }
}

void EngineUnderTest::disconnect() {
  client_.reset();
  client_store_.reset();
  if (worker_) worker_->stop();
  worker_.reset();
  worker_store_.reset();
}

void drive(EngineUnderTest& engine, std::int64_t first, std::int64_t runs, const MakeRequest& make_request,
           std::int64_t window) {
  constexpr std::int64_t kBatch = 100;
  const std::int64_t closed_before = engine.stats().runs_closed.load();
  std::vector<holdfast::client::StartRequest> requests;
  for (std::int64_t started = 0; started < runs;) {
    const std::int64_t count = std::min(kBatch, runs - started);
    requests.clear();
    for (std::int64_t i = 0; i < count; ++i) requests.push_back(make_request(first + started + i));
    engine.wait_closed(closed_before + started + count - window);
    engine.client().start_many(requests);
    started += count;
  }
  engine.wait_closed(closed_before + runs);
}

Figures measure_engine(Bench& bench, const Load& load) {
  const Database database(bench.server);
  if (load.prepare) load.prepare(database);
  const auto make_engine = [&] {
    auto engine = std::make_unique<EngineUnderTest>(database.runtime_url(), bench.settings, load.adjust);
    if (load.equip) load.equip(*engine, database);
    engine->start();
    return engine;
  };
  drive(*make_engine(), 0, kWarmRuns, load.make_request);
  database.settle();
  Meter meter(database);
  const auto engine = make_engine();
  drive(*engine, kWarmRuns, load.runs, load.make_request);
  meter.lap();
  const double runs = static_cast<double>(load.runs);
  const double commits = static_cast<double>(engine->stats().commits);
  Figures worker;
  worker.set("worker_commits_per_run", commits / runs);
  worker.set("tasks_per_commit", static_cast<double>(engine->stats().workflow_tasks) / std::max(1.0, commits));
  worker.set("replayed_runs", static_cast<double>(engine->stats().runs_replayed));
  worker.set("batches_split", static_cast<double>(engine->stats().batches_split));
  engine->disconnect();
  Figures figures = meter.finish(runs, load.steps_per_run);
  figures.add(worker);
  return figures;
}

Report beside_floor(Bench& bench, const std::string& scenario, const std::function<Figures()>& measure) {
  Report report{.scenario = scenario, .repeats = {}, .remarks = {}};
  report.remarks.push_back(
      "client, worker and PostgreSQL share this machine; each repeat stands beside a floor measured just before it");
  warm_up(bench);
  for (int i = 0; i < bench.settings.repeat; ++i) {
    const double floor = *measure_floor(bench, bench.settings.runs_or(20'000)).get("runs_per_s");
    Figures figures = measure();
    figures.set("floor_runs_per_s", floor);
    figures.set("ratio_to_floor", *figures.get("runs_per_s") / floor);
    report.repeats.push_back(std::move(figures));
  }
  return report;
}

}  // namespace bench
