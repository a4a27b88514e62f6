#include <holdfast/worker/worker.hpp>

#include <stdexcept>

#include <unistd.h>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <holdfast/worker/contains.hpp>
#include <holdfast/worker/lane.hpp>
#include <holdfast/worker/lease_keeper.hpp>
#include <holdfast/worker/query_answerer.hpp>
#include <holdfast/worker/remote_activities.hpp>
#include <holdfast/worker/scheduler.hpp>
#include <holdfast/worker/wake_ups.hpp>

namespace holdfast::worker {
namespace {

void check(bool ok, std::string_view field, const std::string& value, std::string_view allowed) {
  if (!ok) throw std::invalid_argument(fmt::format("worker option {} is {}; allowed: {}", field, value, allowed));
}

std::string in_ms(Duration d) {
  return fmt::format("{} ms", std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

std::string default_identity() {
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  return fmt::format("{}:{}", host, getpid());
}

void log_with_spdlog(std::string_view level, std::string_view message) {
  spdlog::log(spdlog::level::from_str(std::string(level)), "{}", message);
}

WorkerOptions completed(WorkerOptions options) {
  options.validate();
  if (options.identity.empty()) options.identity = default_identity();
  if (!options.log) {
    spdlog::default_logger_raw();  // makes spdlog's registry before any of the worker's threads can log
    options.log = log_with_spdlog;
  }
  return options;
}

}  // namespace

void WorkerOptions::validate() const {
  check(!task_queues.empty(), "task_queues", "empty", "at least one");
  for (const auto& queue : task_queues)
    check(!queue.empty() && queue.size() <= 255, "task_queues", "\"" + queue.substr(0, 300) + "\"",
          "names of 1 to 255 bytes");
  check(lanes >= 1 && lanes <= 64, "lanes", std::to_string(lanes), "1 to 64");
  check(activity_threads >= 1 && activity_threads <= 1024, "activity_threads", std::to_string(activity_threads),
        "1 to 1024");
  check(max_owned_runs >= 1, "max_owned_runs", std::to_string(max_owned_runs), "1 or more");
  check(max_batch >= 1 && max_batch <= 10000, "max_batch", std::to_string(max_batch), "1 to 10000");
  check(lease >= std::chrono::milliseconds(500), "lease", in_ms(lease), "500 ms or more");
  check(idle_poll >= std::chrono::milliseconds(10), "idle_poll", in_ms(idle_poll), "10 ms or more");
  check(stuck_after >= std::chrono::seconds(1), "stuck_after", in_ms(stuck_after), "1 s or more");
  check(quarantine_after >= 1, "quarantine_after", std::to_string(quarantine_after), "1 or more");
  check(max_payload_bytes >= 1024, "max_payload_bytes", std::to_string(max_payload_bytes), "1024 or more");
}

struct Worker::Parts {
  Parts(store::Store& s, const Registry& r, WorkerOptions o)
      : store(s),
        options(completed(std::move(o))),
        closed_hints(store, options.notify),
        remote(store, r, options, pool, options.log),
        scheduler(store, options, stats, options.log, [this](const auto& queues) { scheduled(queues); }),
        pool(options.activity_threads, options.max_payload_bytes),
        queries(store, r, options, options.log),
        wake_ups(store, options, lanes, remote, scheduler, queries, limited_queues, options.log),
        leases(store, options, options.log) {
    for (int i = 0; i < options.lanes; ++i)
      lanes.push_back(
          std::make_unique<Lane>(LaneEnvironment{store, r, options, pool, stats, options.log,
                                                 [this](const std::vector<Uuid>& ids) { closed_hints.closed(ids); },
                                                 [this](const std::vector<Uuid>& ids) { closed_hints.updated(ids); },
                                                 [this](const auto& queues) { closed_hints.ready(queues); },
                                                 [this](const auto& run) { scheduler.run_closed(run); }, limited_queues,
                                                 [this](const auto& queues) { limited(queues); }},
                                 i));
  }

  /// Runs of these queues were started by schedules.
  void scheduled(const std::set<std::string>& queues) {
    if (std::ranges::any_of(queues, [this](const auto& queue) { return contains(options.task_queues, queue); }))
      for (auto& lane : lanes) lane->want_claims();
    closed_hints.ready(queues);
  }

  /// Activities of these queues wait for a claim. Other workers are told if this one cannot take them.
  void limited(const std::set<std::string>& queues) {
    const bool ours =
        std::ranges::all_of(queues, [this](const auto& queue) { return contains(options.task_queues, queue); });
    remote.want_claims();
    if (!ours || pool.free_slots() == 0) closed_hints.ready(queues);
  }

  store::Store& store;
  const WorkerOptions options;
  WorkerStats stats;
  LimitedQueues limited_queues;
  ClosedHints closed_hints;
  // Before the pool: its bodies, for which its end waits, report to them.
  std::vector<std::unique_ptr<Lane>> lanes;
  RemoteActivities remote;
  Scheduler scheduler;
  ActivityPool pool;
  QueryAnswerer queries;
  WakeUps wake_ups;
  LeaseKeeper leases;
  bool running = false;
};

Worker::Worker(store::Store& store, const Registry& registry, WorkerOptions options)
    : parts_(std::make_unique<Parts>(store, registry, std::move(options))) {}

Worker::~Worker() { stop(); }

void Worker::start() {
  try {
    parts_->store.maintain();
  } catch (const store::Unavailable& e) {
    parts_->options.log("warn", fmt::format("starting without the database: {}", e.what()));
  } catch (const store::InDoubt& e) {
    parts_->options.log("warn", fmt::format("starting without the database: {}", e.what()));
  }
  for (auto& lane : parts_->lanes) lane->start();
  parts_->running = true;
  parts_->remote.start();
  std::vector<LeaseHolder*> holders{&parts_->remote};
  for (auto& lane : parts_->lanes) holders.push_back(lane.get());
  parts_->leases.start(std::move(holders));
  parts_->scheduler.start();
  parts_->queries.start();
  parts_->wake_ups.start();
}

bool Worker::stop() {
  if (!std::exchange(parts_->running, false)) return true;
  parts_->wake_ups.stop();
  parts_->scheduler.stop();
  parts_->queries.stop();
  parts_->remote.begin_stop();
  for (auto& lane : parts_->lanes) lane->begin_stop();
  parts_->remote.join();
  for (auto& lane : parts_->lanes) lane->join();
  parts_->leases.stop();
  for (auto& lane : parts_->lanes) lane->release();
  parts_->remote.release();
  parts_->pool.take_queued();
  parts_->pool.cancel_all();
  return parts_->pool.running() == 0;
}

const WorkerStats& Worker::stats() const { return parts_->stats; }

std::size_t Worker::owned_runs() const {
  std::size_t sum = 0;
  for (const auto& lane : parts_->lanes) sum += lane->owned_runs();
  return sum;
}

std::size_t Worker::cached_runs() const {
  std::size_t sum = 0;
  for (const auto& lane : parts_->lanes) sum += lane->cached_runs();
  return sum;
}

std::size_t Worker::timers() const {
  std::size_t sum = 0;
  for (const auto& lane : parts_->lanes) sum += lane->timers();
  return sum;
}

}  // namespace holdfast::worker
