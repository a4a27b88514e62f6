#include <chrono>
#include <thread>

#include "bench_workflows.hpp"
#include "engine_under_test.hpp"
#include "roles.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;

const Text kInput{"hello"};

void start(const holdfast::client::Client& client, std::int64_t first, std::int64_t runs) {
  std::vector<holdfast::client::StartRequest> requests;
  for (std::int64_t n = first; n < first + runs; ++n) {
    requests.push_back(holdfast::client::Client::request(kWaiter, "waiter-" + std::to_string(n), kInput));
    if (requests.size() == 500 || n == first + runs - 1) {
      client.start_many(requests);
      requests.clear();
    }
  }
}

/// Resident bytes of the worker once it keeps that many parked runs.
std::int64_t resident_with(ChildProcess& worker, std::int64_t cached) {
  const auto deadline = std::chrono::steady_clock::now() + 120s;
  for (std::int64_t now_cached = 0; now_cached < cached;) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("runs are not parked: " + std::to_string(now_cached));
    std::this_thread::sleep_for(100ms);
    worker.write_line("cached");
    now_cached = std::stoll(worker.read_line());
  }
  worker.write_line("trim");
  worker.read_line();
  return resident_bytes(worker.pid());
}

}  // namespace

Report memory(Bench& bench) {
  Report report{.scenario = "memory", .repeats = {}, .remarks = {}};
  report.remarks.emplace_back(
      "growth of the resident memory of a worker process by runs that wait for a signal, parked and cached; "
      "less their inputs");
  const std::int64_t warm = 5'000, runs = bench.settings.runs_or(50'000);
  for (int i = 0; i < bench.settings.repeat; ++i) {
    const Database database(bench.server);
    ChildProcess worker(role_arguments("__worker", bench.settings, database.runtime_url()));
    worker.read_line();
    const auto client = holdfast::client::Client::connect(database.runtime_url());
    start(client, 0, warm);
    const auto before = resident_with(worker, warm);
    start(client, warm, runs);
    const auto after = resident_with(worker, warm + runs);
    Figures figures;
    figures.set("bytes_per_parked_run", static_cast<double>(after - before) / static_cast<double>(runs) -
                                            static_cast<double>(holdfast::encode(kInput).size()));
    report.repeats.push_back(std::move(figures));
  }
  return report;
}

}  // namespace bench
