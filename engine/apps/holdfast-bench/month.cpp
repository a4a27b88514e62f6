#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <pqxx/pqxx>

#include <activities/standin/standin_server.hpp>
#include <activities/traffic/month.hpp>
#include <workflows/billing_sweep.hpp>
#include <workflows/usage_aggregation.hpp>

#include "api_process.hpp"
#include "engine_under_test.hpp"
#include "http_load.hpp"
#include "platform_services.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;
using platform::traffic::CallTraffic;

constexpr const char* kHookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The last whole month: its periods have ended.
std::chrono::year_month last_month() {
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  return today.year() / today.month() - std::chrono::months(1);
}

platform::vendors::VendorConfig vendors_at(const std::string& standin) {
  platform::vendors::VendorConfig config;
  config.stripe = platform::vendors::StripeConfig{.base_url = standin,
                                                  .api_key = platform::standin::StandinKeys{}.stripe,
                                                  .meter_id = std::string(platform::standin::StripeStandin::kMeter)};
  config.vendor_network = config.webhook_network = platform::vendors::NetworkPolicy::with_loopback();
  return config;
}

void only_billing(holdfast::worker::WorkerOptions& options) { options.task_queues = {"billing"}; }

/// One month through the platform, stage by stage; each stage has the machine to itself.
class Month {
 public:
  Month(Bench& bench, std::int64_t calls)
      : bench_(bench),
        database_(bench.server),
        traffic_({.organizations = std::max<std::int64_t>(10, calls / 1000), .calls = calls, .month = last_month()}) {
    standin_.start();
    services_ = std::make_unique<PlatformServices>(database_.runtime_url(), vendors_at(standin_.url()));
    pqxx::connection owner(database_.url());
    platform::traffic::create_month(owner, traffic_,
                                    {.hooks_url = standin_.url() + "/hooks", .hooks_secret = kHookSecret});
  }

  Figures run() {
    const auto start = std::chrono::steady_clock::now();
    figures_.set("calls", static_cast<double>(traffic_.options().calls));
    ingest();
    process("calls", "calls_per_s", traffic_.options().calls);
    process("webhooks", "deliveries_per_s", 2 * traffic_.options().calls);
    aggregate();
    bill();
    figures_.set("seconds", seconds_since(start));
    verify();
    return figures_;
  }

 private:
  void ingest() {
    const ApiProcess api(database_.runtime_url());
    const auto arrivals = traffic_.arrivals();
    const auto call_of = [&](std::int64_t n) { return arrivals.at(static_cast<std::size_t>(n)); };
    HttpLoad load{.authorization = "Bearer secret"};
    load.body = [&](std::int64_t n) { return traffic_.report(call_of(n)); };
    load.url_of = [&](std::int64_t n) {
      return api.vapi_url(traffic_.organization_id(traffic_.call(call_of(n)).organization).to_string());
    };
    load.requests = 1;
    api.wait_until_it_answers(load);  // the first report comes twice
    load.requests = static_cast<std::int64_t>(arrivals.size());
    const auto outcome = post_all(load);
    figures_.set("reports_per_s", static_cast<double>(load.requests) / outcome.seconds);
  }

  /// Works off everything in a queue.
  void process(const std::string& queue, const char* figure, std::int64_t runs) {
    EngineUnderTest engine(database_.runtime_url(), bench_.settings, [&](auto& options) {
      options.task_queues = {queue};
      options.activity_threads = std::max(options.activity_threads, 32);
    });
    services_->add_to(engine.registry());
    const auto start = std::chrono::steady_clock::now();
    engine.start();
    engine.wait_closed(runs);
    figures_.set(figure, static_cast<double>(runs) / seconds_since(start));
  }

  /// A run per day, one after the other, as their schedule would start them.
  void aggregate() {
    EngineUnderTest engine(database_.runtime_url(), bench_.settings, only_billing);
    services_->add_to(engine.registry());
    engine.start();
    const auto start = std::chrono::steady_clock::now();
    std::int64_t days = 0;
    for (auto day = traffic_.begin(); day < traffic_.end(); day += std::chrono::hours(24), ++days) {
      const auto date = holdfast::to_rfc3339(day).substr(0, 10);
      engine.client()
          .start(platform::kUsageAggregation, "usage-aggregation-" + date, {.date = date})
          .result(std::chrono::minutes(10));
    }
    figures_.set("aggregated_days_per_s", static_cast<double>(days) / seconds_since(start));
  }

  void bill() {
    EngineUnderTest engine(database_.runtime_url(), bench_.settings, only_billing);
    services_->add_to(engine.registry());
    engine.start();
    const auto start = std::chrono::steady_clock::now();
    const auto swept = engine.client()
                           .start(platform::kBillingSweep, "billing-sweep-month", {.grace_seconds = 0})
                           .result(std::chrono::minutes(10));
    wait_until_idle();
    figures_.set("billed_organizations_per_s", static_cast<double>(swept.due) / seconds_since(start));
  }

  void wait_until_idle() {
    pqxx::connection connection(database_.url());
    const auto deadline = std::chrono::steady_clock::now() + 10min;
    for (;;) {
      const auto open =
          pqxx::nontransaction(connection).exec1("SELECT count(*) FROM holdfast.live_runs")[0].as<std::int64_t>();
      if (open == 0) return;
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error(fmt::format("{} runs do not end", open));
      std::this_thread::sleep_for(20ms);
    }
  }

  void verify() {
    pqxx::connection connection(database_.url());
    auto findings = platform::traffic::month_findings(connection, traffic_);
    if (platform::traffic::expected_overage(connection, traffic_) != standin_.state().stripe.totals())
      findings.emplace_back("what the payment vendor was told differs from what is owed");
    if (findings.empty()) return;
    std::string text = "the month is not exact:";
    for (const auto& finding : findings) text += "\n  " + finding;
    throw std::runtime_error(text);
  }

  Bench& bench_;
  const Database database_;
  const CallTraffic traffic_;
  platform::standin::StandinServer standin_;
  std::unique_ptr<PlatformServices> services_;
  Figures figures_;
};

}  // namespace

Report month(Bench& bench) {
  Report report{.scenario = "month", .repeats = {}, .remarks = {}};
  report.remarks.emplace_back(
      "a month of calls with transcripts: reports over HTTP into platform-api, every call processed, two signed "
      "webhooks "
      "each, daily usage of every day, overage to the payment vendor's stand-in; one stage after the other; the totals "
      "equal a recomputation from the reports alone, or the scenario fails");
  Month month(bench, bench.settings.runs_or(10'000));
  report.repeats.push_back(month.run());
  return report;
}

}  // namespace bench
