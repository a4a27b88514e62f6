#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include "roles.hpp"
#include "scenario.hpp"

namespace bench {

std::vector<Scenario> scenarios() {
  return {
      {"floor", "a bare SQL loop with the engine's rows: the reference", floor},
      {"steps8", "8 no-op activities in a row, started from outside, to their durable end", steps8},
      {"jobs", "runs of one activity", jobs},
      {"latency", "idle: acknowledgement of a start, and the end of a one-step run", latency},
      {"call-processing", "the platform's workflow of a finished call, with local vendors", call_processing},
      {"held-xmin", "240,000 runs while a transaction is held open", held_xmin},
      {"backlog", "a million runs are ready: the rate beside that of an empty system", backlog},
      {"sleepers", "a million runs sleep: the rate, idle queries, and how late timers fire", sleepers},
      {"recover", "kill -9 of a worker to the next progress of its runs", recover},
      {"schedules", "60,000 schedules are due in the same second: until all of their runs are started", schedules},
      {"limits", "one-activity runs with and without limits of keys and queues", limits},
      {"replay", "events per second from stored rows into a coroutine", replay},
      {"memory", "bytes that a parked run keeps in a worker's cache", memory},
      {"ingest", "webhooks over HTTP into platform-api", ingest},
      {"patterns", "a day of one organization's interactions, to its patterns: rate, time, found and false", patterns},
      {"usage", "UsageAggregation: a day of a million calls of ten thousand organizations", usage},
      {"billing", "BillingSweep and BillingCycle: the overage of a thousand organizations at their period's end",
       billing},
      {"month", "a month of calls through ingress, processing, webhooks, usage and billing, and whether all is exact",
       month},
  };
}

std::vector<std::string> role_arguments(const std::string& role, const Settings& settings, const std::string& url) {
  std::vector<std::string> out{role,
                               "--database-url",
                               url,
                               "--lanes",
                               std::to_string(settings.lanes),
                               "--activity-threads",
                               std::to_string(settings.activity_threads),
                               "--runs",
                               std::to_string(settings.runs)};
  if (!settings.notify) out.emplace_back("--no-notify");
  return out;
}

namespace {

void add_options(CLI::App& app, Settings& settings, bool& json) {
  app.add_option("--runs", settings.runs, "Runs per measurement; the default depends on the scenario")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{100'000'000}));
  app.add_option("--repeat", settings.repeat, "Measurements; the medians are reported")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_flag("--json", json, "One JSON object per scenario, one per line");
  app.add_option("--database-url", settings.database_url,
                 "A server to use (libpq; someone who may create databases). Default: a private PostgreSQL, fsync on")
      ->envname("HOLDFAST_BENCH_DATABASE_URL");
  app.add_option("--lanes", settings.lanes, "Lanes of the worker")->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--activity-threads", settings.activity_threads, "Activity threads of the worker")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--max-batch", settings.max_batch, "Runs per commit at most; default: the worker's")
      ->check(CLI::Range(1, 10000));
  app.add_option("--floor-batch", settings.floor_batch, "Runs per transaction of the floor")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_flag("!--no-notify", settings.notify, "Zero-NOTIFY mode: polling alone");
}

int run_scenarios(const std::vector<std::string>& names, const Settings& settings, bool json) {
  Server server(settings.database_url);
  Bench bench{settings, server};
  for (const auto& scenario : scenarios()) {
    const bool wanted = std::ranges::find(names, scenario.name) != names.end();
    if (!wanted && std::ranges::find(names, "all") == names.end()) continue;
    const Report report = scenario.run(bench);
    std::cout << (json ? to_json(report) + "\n" : to_text(report)) << std::flush;
  }
  return 0;
}

int run_role(const std::string& role, const Settings& settings) {
  if (role == "__latency") return latency_role(settings, settings.database_url);
  if (role == "__worker") return worker_role(settings, settings.database_url);
  return 2;
}

int run_program(int argc, char** argv) {
  CLI::App app("Measures Holdfast on this machine. Client, worker and PostgreSQL share it.", "holdfast-bench");
  Settings settings;
  bool json = false;
  std::vector<std::string> names;
  std::string list = "Scenarios:\n";
  std::vector<std::string> known{"all"};
  for (const auto& scenario : scenarios()) {
    known.push_back(scenario.name);
    list += "  " + scenario.name + std::string(18 - scenario.name.size(), ' ') + scenario.summary + "\n";
  }
  app.footer(list + "  all               every one of them\n");
  if (argc > 1 && std::string_view(argv[1]).starts_with("__")) {
    app.add_option("role", names)->required();
  } else {
    app.add_option("scenario", names, "Scenarios to measure, or all")->required()->check(CLI::IsMember(known));
  }
  add_options(app, settings, json);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (names.front().starts_with("__")) return run_role(names.front(), settings);
  return run_scenarios(names, settings, json);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  spdlog::set_default_logger(spdlog::stderr_color_mt("holdfast-bench"));
  spdlog::set_level(spdlog::level::warn);
  try {
    return bench::run_program(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "holdfast-bench: " << e.what() << "\n";
    return 1;
  }
}
