// platform-worker: runs the platform's workflows and activities in the pools of a YAML file.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <thread>

#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <app/exit_code.hpp>
#include <app/logging.hpp>
#include <app/stop_signals.hpp>
#include <holdfast/http/http_server.hpp>
#include <holdfast/http/metrics.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>

#include "default_config.hpp"
#include "limits.hpp"
#include "platform_parts.hpp"
#include "schedules.hpp"
#include "worker_pools.hpp"

using namespace holdfast;

namespace {

constexpr std::chrono::milliseconds kLongestStop{4500};

struct Arguments {
  std::string config_file, database_url, log_level, log_format;
  std::optional<int> http_port;
  bool check = false, print_config = false;
};

void add_options(CLI::App& app, Arguments& arguments) {
  app.add_option("--config", arguments.config_file, "YAML file with the worker pools (default: the one compiled in)")
      ->envname("HOLDFAST_WORKER_CONFIG");
  app.add_option("--database-url", arguments.database_url, "libpq connection string (default: the file's, then PG*)")
      ->envname("HOLDFAST_DATABASE_URL");
  app.add_option("--http-port", arguments.http_port, "Port for /healthz, /readyz and /metrics; 0: none")
      ->envname("HOLDFAST_WORKER_HTTP_PORT")
      ->check(CLI::Range(0, 65535));
  app.add_option("--log-level", arguments.log_level, "trace, debug, info, warning, error or off")
      ->envname("HOLDFAST_LOG_LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}));
  app.add_option("--log-format", arguments.log_format, "text or json")
      ->envname("HOLDFAST_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_flag("--check", arguments.check, "Only check the configuration; connects to nothing");
  app.add_flag("--print-config", arguments.print_config, "Print the configuration that is compiled in");
  app.set_version_flag("--version", std::string("platform-worker " HOLDFAST_VERSION));
  app.footer(
      "Exit codes: 0 ok, 1 error, 2 usage or configuration, 8 wrong database schema.\n"
      "SIGTERM and SIGINT end it in good order within 5 seconds; a second one at once.");
}

/// Arguments win over the file.
worker::WorkerConfig configuration(const Arguments& arguments) {
  auto config = arguments.config_file.empty()
                    ? worker::parse_worker_config(kDefaultConfig, "platform-worker.yaml (compiled in)")
                    : worker::read_worker_config(arguments.config_file);
  if (!arguments.database_url.empty()) config.database.url = arguments.database_url;
  if (!arguments.log_level.empty()) config.log.level = arguments.log_level;
  if (!arguments.log_format.empty()) config.log.format = arguments.log_format;
  if (arguments.http_port) config.http.port = *arguments.http_port;
  return config;
}

std::unique_ptr<store::Store> open_store(const worker::WorkerConfig& config) {
  return store::open_postgres_store({.connection_string = config.database.url,
                                     .listen_connection_string = config.database.listen_url,
                                     .pool_size = config.database.pool_size,
                                     .prepared = config.database.prepared,
                                     .connect_timeout = std::chrono::seconds(2),
                                     .application_name = "platform-worker"});
}

/// Waits for a database that is not there (yet). False: told to stop meanwhile.
bool start(WorkerPools& pools, store::Store& store, app::StopSignals& signals) {
  for (auto pause = std::chrono::milliseconds(100);; pause = std::min(pause * 2, std::chrono::milliseconds(2000))) {
    try {
      return pools.start(store, [&signals] { return signals.wait_for(std::chrono::milliseconds(0)); });
    } catch (const store::Unavailable& error) {
      std::string why = error.what();
      std::ranges::replace(why, '\n', ' ');
      spdlog::warn("waiting for the database: {}", why);
    }
    if (signals.wait_for(pause)) return false;
  }
}

/// Ends the process without destructors. Nothing is lost: leases end by themselves, and others take over.
[[noreturn]] void leave_now(const char* why) {
  spdlog::warn("{}", why);
  spdlog::default_logger()->flush();
  std::_Exit(app::kOk);
}

void leave_after(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
  leave_now("the database or an activity takes too long: leaving without a farewell");
}

http::HttpResponse answer(const WorkerPools& pools, const http::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return http::json_error(405, "use GET");
  if (request.path == "/metrics")
    return {.body = pools.metrics(), .content_type = std::string(http::kMetricsContentType)};
  if (request.path == "/healthz" || request.path == "/readyz") return {.body = R"({"status":"ok"})"};
  return http::json_error(404, "there is /healthz, /readyz and /metrics");
}

int run(const Arguments& arguments) {
  const auto config = configuration(arguments);
  app::set_up_logging(config.log.level, config.log.format);
  app::StopSignals signals;
  PlatformParts parts(config.database.url, config.database.prepared);
  WorkerPools pools(config, parts.registry());
  const auto store = open_store(config);
  if (arguments.check) {
    std::cout << "the configuration is correct: " << config.pools.size() << " pools\n";
    return app::kOk;
  }
  // Before the first activity starts.
  if (!keep_limits(config, *store, signals)) return app::kOk;
  if (!start(pools, *store, signals)) return app::kOk;
  if (!keep_schedules(config, *store, signals)) {
    pools.stop();
    return app::kOk;
  }
  spdlog::info("platform-worker {} works with {} pools", HOLDFAST_VERSION, config.pools.size());

  std::optional<http::HttpServer> health;
  if (config.http.port != 0) {
    http::HttpServerOptions options{.host = config.http.host, .port = config.http.port, .threads = 8};
    health.emplace(std::move(options), [&pools](const http::HttpRequest& request) { return answer(pools, request); });
    health->start();
    spdlog::info("health and metrics on {}", health->url());
  }
  signals.wait();
  spdlog::info("stopping");
  std::thread(leave_after, kLongestStop).detach();
  // The outcomes of what still runs are lost, and its tasks run again elsewhere; destructors would wait for it.
  if (!pools.stop()) leave_now("some activities are still running: leaving without them");
  health.reset();
  spdlog::info("stopped");
  return app::kOk;
}

int fail(int code, const std::exception& error) {
  std::cerr << "platform-worker: " << error.what() << "\n";
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs the platform's workflows and activities.", "platform-worker");
  Arguments arguments;
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? app::kOk : app::kUsage;
  }
  if (arguments.print_config) {
    std::cout << kDefaultConfig;
    return app::kOk;
  }
  try {
    return run(arguments);
  } catch (const worker::ConfigError& error) {
    return fail(app::kUsage, error);
  } catch (const std::invalid_argument& error) {
    return fail(app::kUsage, error);
  } catch (const store::InvalidArgument& error) {
    return fail(app::kUsage, error);
  } catch (const store::SchemaMismatch& error) {
    return fail(app::kWrongSchema, error);
  } catch (const std::exception& error) {
    return fail(app::kError, error);
  }
}
