#include <signal.h>

#include <chrono>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <pqxx/pqxx>

#include "bench_workflows.hpp"
#include "engine_under_test.hpp"
#include "roles.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
constexpr int kRuns = 50;

/// Runs that make progress all the time, all owned by the first worker.
void start_runs(const Database& database) {
  const auto client = holdfast::client::Client::connect(database.runtime_url());
  std::vector<holdfast::client::StartRequest> requests;
  for (int n = 0; n < kRuns; ++n)
    requests.push_back(holdfast::client::Client::request(kChain, "chain-" + std::to_string(n),
                                                         {.steps = 1'000'000, .milliseconds = 20}));
  client.start_many(requests);
}

std::int64_t value(pqxx::nontransaction& session, const std::string& sql) {
  return session.exec1(sql)[0].as<std::int64_t>();
}

void wait_until_owned(pqxx::nontransaction& session) {
  const auto deadline = Clock::now() + 30s;
  while (value(session, "SELECT count(DISTINCT h.run_id) FROM holdfast.history h WHERE h.event_id > 2") < kRuns) {
    if (Clock::now() > deadline) throw std::runtime_error("the runs do not start");
    std::this_thread::sleep_for(20ms);
  }
}

Figures measure(Bench& bench) {
  const Database database(bench.server);
  ChildProcess first(role_arguments("__worker", bench.settings, database.runtime_url()));
  first.read_line();
  start_runs(database);
  pqxx::connection connection(database.url());
  pqxx::nontransaction session(connection);
  wait_until_owned(session);
  ChildProcess second(role_arguments("__worker", bench.settings, database.runtime_url()));
  second.read_line();
  std::this_thread::sleep_for(1s);

  first.kill(SIGKILL);
  first.wait();
  const auto killed = Clock::now();
  const std::string killed_at = session.exec1("SELECT clock_timestamp()")[0].c_str();
  const auto progressed = fmt::format("SELECT count(DISTINCT run_id) FROM holdfast.history WHERE at > '{}'", killed_at);
  Figures figures;
  for (std::int64_t runs = 0; runs < kRuns;) {
    std::this_thread::sleep_for(10ms);
    const auto now_runs = value(session, progressed);
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - killed).count();
    if (runs == 0 && now_runs > 0) figures.set("first_progress_ms", ms);
    if (now_runs >= kRuns) figures.set("all_progress_ms", ms);
    if (ms > 60'000) throw std::runtime_error(fmt::format("only {} of {} runs go on", now_runs, kRuns));
    runs = now_runs;
  }
  return figures;
}

}  // namespace

Report recover(Bench& bench) {
  Report report{.scenario = "recover", .repeats = {}, .remarks = {}};
  report.remarks.emplace_back(
      "kill -9 of the worker process that owns 50 busy runs, while a second one is idle; the lease is 5 s");
  for (int i = 0; i < bench.settings.repeat; ++i) report.repeats.push_back(measure(bench));
  return report;
}

}  // namespace bench
