#include "bench_workflows.hpp"
#include "engine_under_test.hpp"

namespace bench {

holdfast::client::StartRequest job_request(std::int64_t n) {
  return holdfast::client::Client::request(kJob, "job-" + std::to_string(n), {.text = "hello"});
}

Report jobs(Bench& bench) {
  return beside_floor(bench, "jobs", [&] {
    return measure_engine(bench, {.runs = bench.settings.runs_or(40'000), .make_request = job_request});
  });
}

}  // namespace bench
