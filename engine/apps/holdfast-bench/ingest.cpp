#include "api_process.hpp"
#include "engine_under_test.hpp"
#include "http_load.hpp"
#include "platform_services.hpp"

namespace bench {
namespace {

Figures measure(Bench& bench) {
  const Database database(bench.server);
  create_organizations(database);
  database.execute(
      R"(UPDATE platform.organizations SET settings = settings || '{"vapi": {"authentication": {"type": "bearer", "secret": "secret"}}}')");
  PlatformServices services(database.runtime_url());
  EngineUnderTest engine(database.runtime_url(), bench.settings, [](auto& options) {
    options.task_queues = {"calls"};
    options.activity_threads = 32;
  });
  services.add_to(engine.registry());
  engine.start();
  ApiProcess api(database.runtime_url());
  HttpLoad load{.url = api.vapi_url(organization_of_call(0)), .authorization = "Bearer secret", .body = call_report};
  load.requests = 1;
  api.wait_until_it_answers(load);
  load.first = 1;
  load.requests = 1000;
  load.per_second = 500;
  post_all(load);  // warm

  load.first += load.requests;
  load.requests = bench.settings.runs_or(5000);
  const auto steady = post_all(load);
  load.first += load.requests;
  load.per_second = 0;
  const auto full = post_all(load);
  Figures figures;
  figures.set("p50_ms", steady.milliseconds.quantile(0.5));
  figures.set("p99_ms", steady.milliseconds.quantile(0.99));
  figures.set("saturated_per_s", static_cast<double>(load.requests) / full.seconds);
  figures.set("saturated_p50_ms", full.milliseconds.quantile(0.5));
  figures.set("saturated_p99_ms", full.milliseconds.quantile(0.99));
  return figures;
}

}  // namespace

Report ingest(Bench& bench) {
  Report report{.scenario = "ingest", .repeats = {}, .remarks = {}};
  report.remarks.emplace_back(
      "end-of-call reports of 4 KB over 32 kept connections; p50_ms and p99_ms at 500 per second, counted from "
      "the moment at which each request was due; saturated_*: each connection at once sends its next; a "
      "worker in this process works the calls off meanwhile");
  for (int i = 0; i < bench.settings.repeat; ++i) report.repeats.push_back(measure(bench));
  return report;
}

}  // namespace bench
