#include "bench_workflows.hpp"
#include "engine_under_test.hpp"

namespace bench {

Report jobs(Bench& bench) {
  return beside_floor(bench, "jobs", [&] {
    return measure_engine(bench, bench.settings.runs_or(40'000), 1, [](std::int64_t n) {
      return holdfast::client::Client::request(kJob, "job-" + std::to_string(n), {.text = "hello"});
    });
  });
}

}  // namespace bench
