// platform-api: takes VAPI's webhooks in, and serves the REST API.
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <vector>

#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <activities/vendors/vendors.hpp>
#include <app/exit_code.hpp>
#include <app/logging.hpp>
#include <app/stop_signals.hpp>
#include <holdfast/http/http_server.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>
#include <ingress/platform_api.hpp>
#include <rest/rest_api.hpp>

using namespace holdfast;

namespace {

struct Arguments {
  http::HttpServerOptions server{.port = 8080};
  platform::ingress::PlatformApiOptions api;
  platform::rest::RestOptions rest;
  std::string log_level = "info", log_format = "text";
  bool unprepared = false;
};

void add_options(CLI::App& app, Arguments& arguments) {
  app.add_option("--database-url", arguments.api.database.url, "libpq connection string (default: PG*)")
      ->envname("HOLDFAST_DATABASE_URL");
  app.add_option("--host", arguments.server.host, "Address to listen on")
      ->envname("HOLDFAST_API_HOST")
      ->capture_default_str();
  app.add_option("--port", arguments.server.port, "Port to listen on; 0 takes a free one")
      ->envname("HOLDFAST_API_PORT")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--threads", arguments.server.threads, "HTTP threads: an open connection keeps one")
      ->envname("HOLDFAST_API_THREADS")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--connections", arguments.api.connections, "Database connections that write events")
      ->envname("HOLDFAST_API_CONNECTIONS")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--rest-connections", arguments.rest.connections, "Database connections of the REST API")
      ->envname("HOLDFAST_API_REST_CONNECTIONS")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--requests-per-second", arguments.rest.requests_per_second, "REST requests per API key and process")
      ->envname("HOLDFAST_API_REQUESTS_PER_SECOND")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--public-url", arguments.rest.public_url,
                 "Where the world reaches this API: for links and signatures")
      ->envname("HOLDFAST_API_PUBLIC_URL");
  app.add_flag("--unprepared", arguments.unprepared,
               "No prepared statements (PgBouncer before 1.21 in transaction mode)")
      ->envname("HOLDFAST_API_UNPREPARED");
  app.add_option("--log-level", arguments.log_level, "trace, debug, info, warning, error or off")
      ->envname("HOLDFAST_LOG_LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}));
  app.add_option("--log-format", arguments.log_format, "text or json")
      ->envname("HOLDFAST_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}));
  app.set_version_flag("--version", std::string("platform-api " HOLDFAST_VERSION));
  app.footer(
      "Listens without TLS: put it behind a reverse proxy.\nExit codes: 0 ok, 1 error, 2 usage.\n"
      "SIGTERM and SIGINT end it in good order; a second one at once.");
}

/// The secrets in an environment variable, separated by spaces: two while one is rotated.
std::vector<std::string> secrets_in(const char* variable) {
  std::vector<std::string> secrets;
  const char* value = std::getenv(variable);
  std::istringstream words(value == nullptr ? "" : value);
  for (std::string secret; words >> secret;) secrets.push_back(secret);
  return secrets;
}

platform::rest::RestOptions rest_options(const Arguments& arguments) {
  auto options = arguments.rest;
  options.database = arguments.api.database;
  // From the environment only: a command line can be read by everybody on the machine.
  if (const char* key = std::getenv("HOLDFAST_API_OPERATOR_KEY")) options.operator_key = key;
  const auto vendors = platform::vendors::vendor_config_from_environment();
  options.webhook_network = vendors.webhook_network;
  options.embedder = platform::vendors::make_embedder(vendors);
  return options;
}

int run(Arguments& arguments) {
  app::set_up_logging(arguments.log_level, arguments.log_format);
  app::StopSignals signals;
  setenv("PGCONNECT_TIMEOUT", "2", 0);  // libpq's default is to wait for ever
  arguments.api.database.prepared = !arguments.unprepared;
  const std::shared_ptr<store::Store> store =
      store::open_postgres_store({.connection_string = arguments.api.database.url,
                                  .pool_size = 2,
                                  .prepared = arguments.api.database.prepared,
                                  .application_name = "platform-api"});
  const client::Client client(store);
  platform::rest::RestApi rest(rest_options(arguments), client);
  arguments.api.stripe_secrets = secrets_in("STRIPE_WEBHOOK_SECRET");
  arguments.api.callbacks = {.twilio_tokens = secrets_in("TWILIO_AUTH_TOKEN"),
                             .resend_secrets = secrets_in("RESEND_WEBHOOK_SECRET"),
                             .public_url = arguments.rest.public_url};
  arguments.api.more_metrics = [&rest](http::MetricsText& text) { rest.add_metrics(text); };
  platform::ingress::PlatformApi api(arguments.api, client);
  http::HttpServer server(arguments.server, [&api, &rest](const http::HttpRequest& request) {
    return platform::rest::RestApi::takes(request.path) ? rest.answer(request) : api.answer(request);
  });
  server.start();
  spdlog::info("platform-api {} listens on {}", HOLDFAST_VERSION, server.url());
  signals.wait();
  spdlog::info("stopping");
  server.stop();
  spdlog::info("stopped");
  return app::kOk;
}

int fail(int code, const std::exception& error) {
  std::cerr << "platform-api: " << error.what() << "\n";
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Receives VAPI's webhooks, stores them and starts their workflows; serves the REST API.",
               "platform-api");
  Arguments arguments;
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? app::kOk : app::kUsage;
  }
  try {
    return run(arguments);
  } catch (const std::invalid_argument& error) {
    return fail(app::kUsage, error);
  } catch (const store::InvalidArgument& error) {
    return fail(app::kUsage, error);
  } catch (const std::exception& error) {
    return fail(app::kError, error);
  }
}
