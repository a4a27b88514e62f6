#include <csignal>
#include <iostream>

#include <CLI/CLI.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "session.hpp"
#include "words.hpp"

namespace {

using namespace wfctl;

void add_global_options(CLI::App& app, GlobalOptions& options) {
  app.add_option("--database-url", options.database_url,
                 "PostgreSQL connection string or URI (default: PG* environment variables)")
      ->envname("HOLDFAST_DATABASE_URL");
  app.add_option("-n,--namespace", options.namespace_, "Namespace of the runs")
      ->envname("HOLDFAST_NAMESPACE")
      ->capture_default_str();
  app.add_option("-o,--output", options.output, "table, json, jsonl or ids")
      ->check(CLI::IsMember({"table", "json", "jsonl", "ids"}))
      ->capture_default_str();
  app.add_option("--color", options.colour, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
}

CLI::App* add_group(CLI::App& app, const std::string& name, const std::string& what) {
  return app.add_subcommand(name, what)->require_subcommand(1)->fallthrough();
}

void add_commands(CLI::App& app, Chosen& chosen) {
  add_dev(app, chosen);
  add_migrate(app, chosen);
  auto* run = add_group(app, "run", "Start, look at and steer runs");
  add_run_list(*run, chosen);
  add_run_count(*run, chosen);
  add_run_describe(*run, chosen);
  add_run_history(*run, chosen);
  add_run_start(*run, chosen);
  add_run_signal(*run, chosen);
  add_run_update(*run, chosen);
  add_run_query(*run, chosen);
  add_run_cancel(*run, chosen);
  add_run_terminate(*run, chosen);
  add_run_result(*run, chosen);
  auto* schedule = add_group(app, "schedule", "Make, look at and steer schedules");
  add_schedule_changes(*schedule, chosen);
  add_schedule_views(*schedule, chosen);
  add_limits(*add_group(app, "limit", "Limit how many activities run, and look at limits"), chosen);
  add_worker_list(*add_group(app, "worker", "Look at workers"), chosen);
  add_queue_list(*add_group(app, "queue", "Look at task queues"), chosen);
  add_doctor(app, chosen);
  add_version(app, chosen);
}

int report(const std::exception& error) {
  std::cerr << "wfctl: " << error_text(error.what()) << "\n";
  return exit_code_of(error);
}

int run_program(int argc, char** argv) {
  CLI::App app("Operates Holdfast: durable workflows on PostgreSQL. Talks straight to the database.", "wfctl");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Exit codes: 0 ok, 1 error, 2 usage, 4 not found, 5 run ended unsuccessfully, 6 conflict, 7 timeout,\n"
      "8 database unreachable or wrong schema. Each command has --help.");
  GlobalOptions options;
  Chosen chosen;
  add_global_options(app, options);
  add_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // CLI11's own codes are 100 and more; help and version requests are not errors.
    return app.exit(e) == 0 ? kOk : kUsage;
  }
  Session session(options);
  const int code = chosen.action()(session);
  session.out().flush();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a lost server is an error to report, not a death
  try {
    return run_program(argc, argv);
  } catch (const std::exception& e) {
    std::fflush(stdout);
    return report(e);
  }
}
