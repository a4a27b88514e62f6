#include "chaos_worker.hpp"

#include <signal.h>

#include <cstdio>
#include <filesystem>
#include <random>
#include <thread>

#include <spdlog/spdlog.h>

#include <activities/broadcast_writer.hpp>
#include <activities/registration.hpp>
#include <activities/services.hpp>
#include <activities/standin/standin_keys.hpp>
#include <activities/standin/stripe_standin.hpp>
#include <activities/vendors/vendor_error.hpp>
#include <activities/vendors/vendors.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>
#include <holdfast/worker/worker.hpp>
#include <workflows/definitions.hpp>

#include "tick.hpp"
#include "transfer.hpp"

namespace chaos {
namespace {

using namespace std::chrono_literals;

/// The local extractor behind a vendor that is overloaded most of the time and says when to come back. Calls therefore
/// stay in flight for seconds, as durable retries, and some give the step up.
class OverloadedExtractor final : public platform::vendors::ActionItemExtractor {
 public:
  OverloadedExtractor(ActionItemExtractor& real, std::chrono::seconds longest) : real_(real), longest_(longest) {}

  platform::vendors::ExtractedActions extract(const platform::vendors::CallText& call) override {
    thread_local std::mt19937 random{std::random_device{}()};
    if (longest_.count() > 0 && random() % 10 < 8) {
      const std::chrono::seconds wait(1 + random() % static_cast<std::uint32_t>(longest_.count()));
      throw platform::vendors::VendorError(
          {.vendor = "model", .status = 429, .code = "overloaded", .message = "come back later", .retry_after = wait});
    }
    return real_.extract(call);
  }

 private:
  ActionItemExtractor& real_;
  const std::chrono::seconds longest_;
};

/// Billing, messages and webhooks over HTTP; models and the rest stay local.
platform::vendors::VendorConfig vendors_at(const std::string& url) {
  platform::vendors::VendorConfig config;
  if (url.empty()) return config;
  const platform::standin::StandinKeys keys;
  config.stripe = {
      .base_url = url, .api_key = keys.stripe, .meter_id = std::string(platform::standin::StripeStandin::kMeter)};
  config.twilio = {
      .base_url = url, .account_sid = keys.twilio_account, .secret = keys.twilio_token, .from = "+15005550006"};
  config.resend = {.base_url = url, .api_key = keys.resend, .from = "calls@example.com"};
  config.vendor_network = config.webhook_network = platform::vendors::NetworkPolicy::with_loopback();
  return config;
}

holdfast::worker::WorkerOptions worker_options(int lease_ms) {
  holdfast::worker::WorkerOptions options;
  options.task_queues = {"calls", "webhooks", "billing", "default"};
  options.activity_threads = 8;
  options.lease = std::chrono::milliseconds(lease_ms);
  options.quarantine_after = 1000;  // here it is never the run's fault
  return options;
}

}  // namespace

std::vector<std::string> worker_command(const std::string& database_url, const WorkerSettings& settings) {
  return {std::filesystem::read_symlink("/proc/self/exe"),
          "--worker",
          database_url,
          std::to_string(settings.lease_ms),
          std::to_string(settings.longest_vendor_wait_s),
          settings.standin_url};
}

int run_worker(const std::string& database_url, const WorkerSettings& settings) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);

  platform::Database database(database_url);
  platform::Caches caches;
  platform::BroadcastWriter broadcasts(database_url);
  auto vendors = platform::vendors::make_vendors(
      vendors_at(settings.standin_url), [](const auto&) {}, [&](const auto& broadcast) { broadcasts.add(broadcast); });
  OverloadedExtractor action_items(*vendors.action_items, std::chrono::seconds(settings.longest_vendor_wait_s));
  platform::Services services{{},
                              database,
                              caches,
                              action_items,
                              *vendors.sms,
                              *vendors.email,
                              *vendors.realtime,
                              *vendors.webhooks,
                              *vendors.billing};
  holdfast::worker::Registry registry;
  platform::register_workflows(registry);
  platform::register_activities(registry, services);
  register_transfer(registry);
  register_tick(registry);

  const auto store = holdfast::store::open_postgres_store({.connection_string = database_url});
  holdfast::worker::Worker worker(*store, registry, worker_options(settings.lease_ms));
  worker.start();  // the database may be down just now
  std::puts("ready");
  std::fflush(stdout);
  int signal_number = 0;
  sigwait(&ends, &signal_number);
  const bool clean = worker.stop();
  spdlog::default_logger()->flush();
  if (!clean) std::_Exit(0);
  return 0;
}

}  // namespace chaos
