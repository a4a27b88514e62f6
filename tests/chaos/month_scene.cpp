#include "month_scene.hpp"

#include <chrono>
#include <functional>
#include <stdexcept>
#include <thread>

#include <httplib.h>
#include <pqxx/pqxx>

#include <activities/schema/embedded_migrations.hpp>
#include <holdfast/devpg/free_port.hpp>
#include <holdfast/store/errors.hpp>
#include <holdfast/store/postgres/migrations.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>

namespace chaos {
namespace {

using namespace std::chrono_literals;
using platform::standin::Fault;
using platform::standin::FaultMode;

constexpr const char* kHookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// The last whole month: its billing periods have ended.
std::chrono::year_month last_month() {
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  return today.year() / today.month() - std::chrono::months(1);
}

}  // namespace

MonthScene::MonthScene(std::int64_t calls)
    : traffic_({.organizations = 10, .calls = calls, .month = last_month(), .duplicate_share = 0.05}),
      api_port_(holdfast::devpg::free_port()) {
  using holdfast::store::postgres::Migrator;
  postgres_.create_database("chaos");
  Migrator(owner_url(), "engine", holdfast::store::postgres::embedded_engine_migrations()).apply();
  Migrator(owner_url(), "platform", platform::embedded_platform_migrations()).apply();
  standin_.start();
  pqxx::connection owner(owner_url());
  platform::traffic::create_month(
      owner, traffic_, {.hooks_url = standin_.url() + "/hooks", .hooks_secret = kHookSecret, .notified_of = 3});
  for (std::int64_t n = 0; n < traffic_.options().organizations; ++n)
    for (const char* endpoint : {"-a", "-b"})
      standin_.state().hooks.configure(std::to_string(n) + endpoint, {.secrets = {kHookSecret}});
  store_ = holdfast::store::open_postgres_store(
      {.connection_string = runtime_url(), .listen_connection_string = {}, .in_doubt_timeout = 60s});
  client_ = std::make_unique<holdfast::client::Client>(*store_);
}

std::vector<std::string> MonthScene::api_command() const {
  return {std::string(HOLDFAST_BIN_DIR) + "/platform-api",
          "--database-url",
          runtime_url(),
          "--host",
          "127.0.0.1",
          "--port",
          std::to_string(api_port_),
          "--log-level",
          "error"};
}

void MonthScene::begin_faults(int every, int times) {
  for (const char* path : {"/hooks", "/v1/billing/meter_events", "/2010-04-01", "/emails"}) {
    standin_.state().faults.add({.path = path, .times = times, .every = every, .mode = FaultMode::reset_after_commit});
    standin_.state().faults.add(
        {.path = path, .times = times, .every = every, .mode = FaultMode::status, .status = 503});
  }
}

void MonthScene::insist(const std::function<void()>& action) {
  const auto deadline = std::chrono::steady_clock::now() + 10min;
  for (;;) {
    try {
      return action();
    } catch (const holdfast::store::Unavailable&) {
      if (std::chrono::steady_clock::now() > deadline) throw;
    } catch (const holdfast::store::InDoubt&) {
      if (std::chrono::steady_clock::now() > deadline) throw;
    } catch (const pqxx::failure&) {  // broken connections, cut statements
      if (std::chrono::steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(20ms);
  }
}

void MonthScene::post_reports() {
  httplib::Client http(api_url());
  http.set_keep_alive(true);
  http.set_tcp_nodelay(true);
  const httplib::Headers headers{{"Authorization", "Bearer secret"}};
  for (const auto n : traffic_.arrivals()) {
    const auto path = "/webhooks/vapi/" + traffic_.organization_id(traffic_.call(n).organization).to_string();
    const auto body = traffic_.report(n);
    const auto deadline = std::chrono::steady_clock::now() + 2min;
    for (;;) {
      const auto answer = http.Post(path, headers, body, "application/json");
      if (answer && answer->status / 100 == 2) break;
      if ((answer && answer->status != 503) || std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error("platform-api: " + (answer ? std::to_string(answer->status) + " " + answer->body
                                                            : httplib::to_string(answer.error())));
      std::this_thread::sleep_for(50ms);
    }
  }
  all_posted_ = true;
}

std::int64_t MonthScene::number(const std::string& sql) {
  std::int64_t out = 0;
  insist([&] {
    pqxx::connection connection(owner_url());
    out = pqxx::nontransaction(connection).exec1(sql)[0].as<std::int64_t>();
  });
  return out;
}

std::int64_t MonthScene::open_runs(const std::string& task_queue) {
  return number("SELECT count(*) FROM holdfast.live_runs WHERE '" + task_queue + "' IN ('', task_queue)");
}

}  // namespace chaos
