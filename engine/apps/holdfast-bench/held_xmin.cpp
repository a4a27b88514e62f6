#include <chrono>

#include <pqxx/pqxx>

#include "bench_workflows.hpp"
#include "engine_under_test.hpp"
#include "floor.hpp"

namespace bench {
namespace {

holdfast::client::StartRequest request(std::int64_t n) {
  return holdfast::client::Client::request(kSteps8, "steps8-" + std::to_string(n), {.text = "hello"});
}

}  // namespace

Report held_xmin(Bench& bench) {
  constexpr int kParts = 12;
  const std::int64_t part = bench.settings.runs_or(240'000) / kParts;
  Report report{.scenario = "held-xmin", .repeats = {}, .remarks = {}};
  report.remarks.emplace_back(
      "steps8 runs while another session holds its first snapshot: nothing can be vacuumed; the rate of the "
      "last sixth beside that of the first");
  warm_up(bench);
  for (int repeat = 0; repeat < (bench.settings.repeat + 2) / 3; ++repeat) {  // long: a third of the repeats
    const Database database(bench.server);
    EngineUnderTest engine(database.runtime_url(), bench.settings);
    engine.start();
    drive(engine, 0, kWarmRuns, request);
    database.settle();
    pqxx::connection holder(database.url());
    pqxx::transaction<pqxx::repeatable_read> held(holder);
    held.exec("SELECT txid_current()");
    std::vector<double> seconds;
    for (int i = 0; i < kParts; ++i) {
      const auto start = std::chrono::steady_clock::now();
      drive(engine, kWarmRuns + i * part, part, request);
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    const auto rate = [&](std::size_t a, std::size_t b) {
      return 2 * static_cast<double>(part) / (seconds[a] + seconds[b]);
    };
    Figures figures;
    figures.set("runs", static_cast<double>(part * kParts));
    figures.set("runs_per_s_at_start", rate(0, 1));
    figures.set("runs_per_s_at_end", rate(kParts - 2, kParts - 1));
    figures.set("ratio_end_to_start", rate(kParts - 2, kParts - 1) / rate(0, 1));
    report.repeats.push_back(std::move(figures));
  }
  return report;
}

}  // namespace bench
