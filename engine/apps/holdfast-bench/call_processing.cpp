#include <algorithm>

#include "engine_under_test.hpp"
#include "platform_services.hpp"

namespace bench {

Report call_processing(Bench& bench) {
  const std::int64_t runs = bench.settings.runs_or(5'000);
  std::unique_ptr<PlatformServices> services;
  Load load{.runs = runs, .steps_per_run = 8, .make_request = call_request};
  load.prepare = [&](const Database& database) {
    create_organizations(database);
    file_reports(database, kWarmRuns + runs);
  };
  load.equip = [&](EngineUnderTest& engine, const Database& database) {
    services = std::make_unique<PlatformServices>(database.runtime_url());
    services->add_to(engine.registry());
  };
  load.adjust = [](holdfast::worker::WorkerOptions& options) {
    options.task_queues = {"calls"};
    options.activity_threads = std::max(options.activity_threads, 32);  // local vendors wait for their commits
  };
  Report report = beside_floor(bench, "call-processing", [&] {
    Figures figures = measure_engine(bench, load);
    services.reset();
    return figures;
  });
  report.remarks.emplace_back(
      "the real workflow, all eight steps, with local vendors (extraction by keywords; SMS and e-mail are rows of the "
      "call's own commits, broadcasts are rows written behind it); organizations have no webhook integration; "
      "the reports (4 KB) are filed before the clock starts");
  return report;
}

}  // namespace bench
