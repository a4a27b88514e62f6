#include <chrono>

#include "bench_workflows.hpp"
#include "engine_under_test.hpp"
#include "floor.hpp"

namespace bench {
namespace {

constexpr std::int64_t kKeys = 1000;
constexpr int kThreads = 64;  // a claim takes as many as there are free threads

holdfast::client::StartRequest keyed_request(std::int64_t n) {
  return holdfast::client::Client::request(kKeyedJob, "keyed-" + std::to_string(n),
                                           {.text = "customer/" + std::to_string(n % kKeys)});
}

double rate(Bench& bench, std::int64_t runs, const std::string& limits, const MakeRequest& make_request) {
  const Database database(bench.server);
  if (!limits.empty()) database.execute(limits);
  EngineUnderTest engine(database.runtime_url(), bench.settings,
                         [](holdfast::worker::WorkerOptions& options) { options.activity_threads = kThreads; });
  engine.start();
  drive(engine, 0, kWarmRuns, make_request);
  database.settle();
  const auto start = std::chrono::steady_clock::now();
  drive(engine, kWarmRuns, runs, make_request);
  return static_cast<double>(runs) / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Report limits(Bench& bench) {
  Report report{.scenario = "limits", .repeats = {}, .remarks = {}};
  report.remarks.emplace_back(
      "one-activity runs: without any limit, 64 activity threads; beside limits that are about other queues and keys; "
      "with a key each that "
      "nobody limits (the activity becomes a row, and starts with a claim); with a limit per key; with a limit of "
      "their "
      "queue");
  const std::int64_t runs = bench.settings.runs_or(20'000);
  warm_up(bench);
  for (int i = 0; i < bench.settings.repeat; ++i) {
    const double off = rate(bench, runs, "", job_request);
    Figures figures;
    figures.set("runs_per_s_off", off);
    const auto add = [&](const std::string& name, const std::string& limits, const MakeRequest& make_request) {
      const double on = rate(bench, runs, limits, make_request);
      figures.set("runs_per_s_" + name, on);
      figures.set("ratio_" + name + "_to_off", on / off);
    };
    add("beside", "SELECT holdfast.set_limit('queue', 'other', 5), holdfast.set_limit('key', 'other/*', 5)",
        job_request);
    add("unlimited_keys", "", keyed_request);
    add("limited_keys", "SELECT holdfast.set_limit('key', 'customer/*', 10, rate => 1000)", keyed_request);
    add("limited_queue", "SELECT holdfast.set_limit('queue', 'default', 1000)", job_request);
    report.repeats.push_back(std::move(figures));
  }
  return report;
}

}  // namespace bench
