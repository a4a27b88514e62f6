#include "worker_pools.hpp"

#include <unistd.h>

#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <holdfast/http/metrics.hpp>

using namespace holdfast;

namespace {

std::string process_name() {
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  return fmt::format("{}:{}", host, ::getpid());
}

worker::WorkerOptions completed(const worker::PoolConfig& pool) {
  auto options = pool.options;
  options.identity = process_name() + ":" + pool.name;
  options.version = HOLDFAST_VERSION;
  options.log = [name = pool.name](std::string_view level, std::string_view message) {
    spdlog::log(spdlog::level::from_str(std::string(level)), "{}: {}", name, message);
  };
  return options;
}

worker::Registry share_of(const worker::PoolConfig& pool, const worker::Registry& all) {
  try {
    return all.restricted_to(pool.workflows.empty() ? all.workflow_names() : pool.workflows,
                             pool.activities.empty() ? all.activity_names() : pool.activities);
  } catch (const std::invalid_argument& error) {
    throw worker::ConfigError("pool " + pool.name + ": " + error.what());
  }
}

struct Counter {
  const char* name;
  const char* help;
  std::atomic<std::int64_t> worker::WorkerStats::* value;
};

using worker::WorkerStats;

constexpr Counter kCounters[] = {
    {"holdfast_worker_commits_total", "Step transactions committed.", &WorkerStats::commits},
    {"holdfast_worker_workflow_tasks_total", "History rows appended.", &WorkerStats::workflow_tasks},
    {"holdfast_worker_runs_claimed_total", "Runs taken from the database.", &WorkerStats::runs_claimed},
    {"holdfast_worker_runs_closed_total", "Runs that ended.", &WorkerStats::runs_closed},
    {"holdfast_worker_runs_parked_total", "Runs given up until a timer or a message.", &WorkerStats::runs_parked},
    {"holdfast_worker_runs_replayed_total", "Runs rebuilt from their history.", &WorkerStats::runs_replayed},
    {"holdfast_worker_cache_hits_total", "Runs found in memory when they were claimed.", &WorkerStats::cache_hits},
    {"holdfast_worker_local_activities_total", "Attempts beside their run.", &WorkerStats::local_activities},
    {"holdfast_worker_remote_activities_total", "Attempts of activity tasks.", &WorkerStats::remote_activities},
    {"holdfast_worker_limited_activities_total", "Activities that only a claim under limits may start.",
     &WorkerStats::limited_activities},
    {"holdfast_worker_transactional_activities_total", "Attempts inside a step's transaction.",
     &WorkerStats::transactional_activities},
    {"holdfast_worker_batches_split_total", "Batches that failed and were repeated run by run.",
     &WorkerStats::batches_split},
    {"holdfast_worker_task_failures_total", "Workflow tasks that failed.", &WorkerStats::task_failures},
    {"holdfast_worker_schedules_fired_total", "Times that a due schedule was decided.", &WorkerStats::schedules_fired},
    {"holdfast_worker_scheduled_starts_total", "Runs that schedules started.", &WorkerStats::scheduled_starts},
    {"holdfast_worker_leases_lost_total", "Leases that ended before they were renewed.", &WorkerStats::leases_lost},
};

}  // namespace

WorkerPools::WorkerPools(const worker::WorkerConfig& config, const worker::Registry& all) {
  for (const auto& pool : config.pools) pools_.push_back({pool.name, completed(pool), share_of(pool, all), nullptr});
}

bool WorkerPools::start(store::Store& store, const std::function<bool()>& told_to_stop) {
  try {
    for (auto& pool : pools_) {
      if (told_to_stop()) {
        stop();
        return false;
      }
      pool.worker = std::make_unique<worker::Worker>(store, pool.registry, pool.options);
      pool.worker->start();
    }
  } catch (...) {
    stop();
    for (auto& pool : pools_) pool.worker.reset();
    throw;
  }
  return true;
}

bool WorkerPools::stop() {
  std::atomic<bool> all_ended = true;
  {
    std::vector<std::jthread> stopping;
    for (auto& pool : pools_) {
      if (!pool.worker) continue;
      stopping.emplace_back([&all_ended, &pool] {
        if (!pool.worker->stop()) all_ended = false;
      });
    }
  }
  return all_ended;
}

std::string WorkerPools::metrics() const {
  http::MetricsText text;
  for (const auto& counter : kCounters)
    for (const auto& pool : pools_)
      text.counter(counter.name, counter.help, (pool.worker->stats().*counter.value).load(std::memory_order_relaxed),
                   {{"pool", pool.name}});
  for (const auto& pool : pools_)
    text.gauge("holdfast_worker_owned_runs", "Runs that this process owns now.",
               static_cast<double>(pool.worker->owned_runs()), {{"pool", pool.name}});
  for (const auto& pool : pools_)
    text.gauge("holdfast_worker_cached_runs", "Suspended runs in memory.",
               static_cast<double>(pool.worker->cached_runs()), {{"pool", pool.name}});
  return text.take();
}
