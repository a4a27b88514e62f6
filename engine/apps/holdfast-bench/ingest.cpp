#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "engine_under_test.hpp"
#include "http_load.hpp"
#include "platform_services.hpp"
#include "roles.hpp"

namespace bench {
namespace {

/// A port that was free a moment ago.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!bound) throw std::runtime_error("there is no free port");
  return ntohs(address.sin_port);
}

void wait_until_ready(const std::string& base) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (;;) {
    try {
      post_all({.url = base,
                .authorization = "Bearer secret",
                .body = call_report,
                .first = 0,
                .requests = 1,
                .connections = 1});
      return;
    } catch (const std::runtime_error& error) {
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error(std::string("platform-api does not answer: ") + error.what());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
}

Figures measure(Bench& bench) {
  const Database database(bench.server);
  create_organizations(database);
  database.execute(
      R"(UPDATE platform.organizations SET settings = settings || '{"vapi": {"authentication": {"type": "bearer", "secret": "secret"}}}')");
  PlatformServices services(database.runtime_url());
  EngineUnderTest engine(database.runtime_url(), bench.settings, [](auto& options) {
    options.task_queues = {"calls"};
    options.activity_threads = 32;
  });
  services.add_to(engine.registry());
  engine.start();
  const int port = free_port();
  ChildProcess api(program_folder() + "/platform-api",
                   {"--database-url", database.runtime_url(), "--port", std::to_string(port), "--host", "127.0.0.1",
                    "--threads", "64", "--log-level", "warning"});
  HttpLoad load{.url = fmt::format("http://127.0.0.1:{}/webhooks/vapi/{}", port, organization_of_call(0)),
                .authorization = "Bearer secret",
                .body = call_report};
  wait_until_ready(load.url);
  load.first = 1;
  load.requests = 1000;
  load.per_second = 500;
  post_all(load);  // warm

  load.first += load.requests;
  load.requests = bench.settings.runs_or(5000);
  const auto steady = post_all(load);
  load.first += load.requests;
  load.per_second = 0;
  const auto full = post_all(load);
  Figures figures;
  figures.set("p50_ms", steady.milliseconds.quantile(0.5));
  figures.set("p99_ms", steady.milliseconds.quantile(0.99));
  figures.set("saturated_per_s", static_cast<double>(load.requests) / full.seconds);
  figures.set("saturated_p50_ms", full.milliseconds.quantile(0.5));
  figures.set("saturated_p99_ms", full.milliseconds.quantile(0.99));
  return figures;
}

}  // namespace

Report ingest(Bench& bench) {
  Report report{.scenario = "ingest", .repeats = {}, .remarks = {}};
  report.remarks.emplace_back(
      "end-of-call reports of 4 KB over 32 kept connections; p50_ms and p99_ms at 500 per second, counted from "
      "the moment at which each request was due; saturated_*: each connection at once sends its next; a "
      "worker in this process works the calls off meanwhile");
  for (int i = 0; i < bench.settings.repeat; ++i) report.repeats.push_back(measure(bench));
  return report;
}

}  // namespace bench
