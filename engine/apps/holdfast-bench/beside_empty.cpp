#include "beside_empty.hpp"

#include <chrono>

namespace bench {

double job_rate(Bench& bench, const Database& database, std::int64_t first, std::int64_t runs) {
  EngineUnderTest engine(database.runtime_url(), bench.settings);
  engine.start();
  drive(engine, first, kWarmRuns, job_request);
  const auto start = std::chrono::steady_clock::now();
  drive(engine, first + kWarmRuns, runs, job_request);
  return static_cast<double>(runs) / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<Figures> beside_empty(Bench& bench, const Database& full, std::int64_t runs) {
  std::vector<Figures> out;
  for (int i = 0; i < bench.settings.repeat; ++i) {
    double empty_rate = 0;
    {
      const Database empty(bench.server);
      empty.settle();
      empty_rate = job_rate(bench, empty, 0, runs);
    }
    full.execute("CHECKPOINT");
    const double rate = job_rate(bench, full, i * (runs + kWarmRuns), runs);
    Figures figures;
    figures.set("runs_per_s", rate);
    figures.set("empty_runs_per_s", empty_rate);
    figures.set("ratio_to_empty", rate / empty_rate);
    out.push_back(std::move(figures));
  }
  return out;
}

}  // namespace bench
