#include <chrono>
#include <cstdio>
#include <sstream>
#include <thread>

#include <holdfast/store/postgres/postgres_store.hpp>

#include "bench_workflows.hpp"
#include "engine_under_test.hpp"
#include "roles.hpp"

namespace bench {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int latency_role(const Settings& settings, const std::string& url) {
  const auto client = holdfast::client::Client::connect(url, {.notify = settings.notify});
  const std::int64_t warm = 50;
  for (std::int64_t n = 0; n < settings.runs_or(500) + warm; ++n) {
    const auto start = std::chrono::steady_clock::now();
    const auto run = client.start(kJob, "latency-" + std::to_string(n), {.text = "hello"});
    const double acknowledged = milliseconds_since(start);
    run.result(std::chrono::seconds(30));
    const double ended = milliseconds_since(start);
    if (n >= warm) std::printf("%.4f %.4f\n", acknowledged, ended);
    std::fflush(stdout);
    // An idle system: nothing is in flight, and no starts come in a rhythm.
    std::this_thread::sleep_for(std::chrono::milliseconds(2 + n * 7 % 13));
  }
  return 0;
}

Report latency(Bench& bench) {
  Report report{.scenario = "latency", .repeats = {}, .remarks = {}};
  report.remarks.push_back(
      "idle system; one-step runs started one at a time from another process; p50_ms and p99_ms are from the "
      "call of start to the result in that process, ack_* to the return of start");
  for (int i = 0; i < bench.settings.repeat; ++i) {
    const Database database(bench.server);
    EngineUnderTest engine(database.runtime_url(), bench.settings);
    engine.start();
    ChildProcess starter(role_arguments("__latency", bench.settings, database.runtime_url()));
    Durations acknowledged, ended;
    for (std::int64_t n = 0; n < bench.settings.runs_or(500); ++n) {
      std::istringstream line(starter.read_line());
      double ack = 0, end = 0;
      line >> ack >> end;
      acknowledged.add(ack);
      ended.add(end);
    }
    Figures figures;
    figures.set("ack_p50_ms", acknowledged.quantile(0.5));
    figures.set("ack_p99_ms", acknowledged.quantile(0.99));
    figures.set("p50_ms", ended.quantile(0.5));
    figures.set("p99_ms", ended.quantile(0.99));
    report.repeats.push_back(std::move(figures));
  }
  return report;
}

}  // namespace bench
