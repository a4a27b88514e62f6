#include "chaos_worker.hpp"

#include <signal.h>

#include <cstdio>
#include <thread>

#include <spdlog/spdlog.h>

#include <activities/broadcast_writer.hpp>
#include <activities/registration.hpp>
#include <activities/services.hpp>
#include <activities/vendors/vendors.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>
#include <holdfast/worker/worker.hpp>
#include <workflows/definitions.hpp>

#include "transfer.hpp"

namespace chaos {
namespace {

using namespace std::chrono_literals;

holdfast::worker::WorkerOptions worker_options(int lease_ms) {
  holdfast::worker::WorkerOptions options;
  options.task_queues = {"calls", "default"};
  options.activity_threads = 8;
  options.lease = std::chrono::milliseconds(lease_ms);
  options.quarantine_after = 1000;  // here it is never the run's fault
  return options;
}

}  // namespace

int run_worker(const std::string& database_url, int lease_ms) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);

  platform::Database database(database_url);
  platform::Caches caches;
  platform::BroadcastWriter broadcasts(database_url);
  auto vendors = platform::vendors::make_vendors(
      {}, [](const auto&) {}, [&](const auto& broadcast) { broadcasts.add(broadcast); });
  platform::Services services{{},
                              database,
                              caches,
                              *vendors.action_items,
                              *vendors.sms,
                              *vendors.email,
                              *vendors.realtime,
                              *vendors.webhooks,
                              *vendors.billing};
  holdfast::worker::Registry registry;
  platform::register_workflows(registry);
  platform::register_activities(registry, services);
  register_transfer(registry);

  const auto store = holdfast::store::open_postgres_store({.connection_string = database_url});
  holdfast::worker::Worker worker(*store, registry, worker_options(lease_ms));
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
