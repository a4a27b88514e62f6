#include "bench_workflows.hpp"
#include "engine_under_test.hpp"

namespace bench {

Report steps8(Bench& bench) {
  return beside_floor(bench, "steps8", [&] {
    return measure_engine(
        bench, {.runs = bench.settings.runs_or(20'000), .steps_per_run = 8, .make_request = [](std::int64_t n) {
                  return holdfast::client::Client::request(kSteps8, "steps8-" + std::to_string(n), {.text = "hello"});
                }});
  });
}

}  // namespace bench
