#include <holdfast/worker/contains.hpp>
#include <holdfast/worker/wake_ups.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace holdfast::worker {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kBusyPoll = std::chrono::milliseconds(50);
constexpr Duration kSoonestLook = std::chrono::milliseconds(2);
// One death may be anybody's; two within a minute may have the same cause, and this worker may be the next.
constexpr int kDeathsThatMakeCautious = 2;
constexpr auto kMaintenance = std::chrono::hours(1);
// Above this many closed runs in one interval, waiting clients are told to look for themselves.
constexpr std::size_t kMaxClosedNames = 100;
constexpr auto kClosedInterval = std::chrono::milliseconds(5);

}  // namespace

WakeUps::WakeUps(store::Store& store, const WorkerOptions& options, std::vector<std::unique_ptr<Lane>>& lanes,
                 RemoteActivities& remote, Scheduler& scheduler, QueryAnswerer& queries, LimitedQueues& limited_queues,
                 std::function<void(std::string_view, std::string_view)> log)
    : store_(store),
      options_(options),
      lanes_(lanes),
      remote_(remote),
      scheduler_(scheduler),
      queries_(queries),
      limited_queues_(limited_queues),
      log_(std::move(log)) {}

void WakeUps::start() {
  if (options_.notify) listener_ = store_.listen();
  thread_ = std::thread([this] { run(); });
  takeover_thread_ = std::thread([this] { keep_taking_over(); });
}

void WakeUps::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (listener_) listener_->interrupt();
  if (thread_.joinable()) thread_.join();
  if (takeover_thread_.joinable()) takeover_thread_.join();
}

std::vector<std::string> WakeUps::wait(Duration timeout) {
  if (listener_) return listener_->wait(timeout);
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return stopping_; });
  return {};
}

void WakeUps::run() {
  auto next_maintenance = Clock::now() + kMaintenance;
  auto next_look = Clock::now();
  Duration poll = options_.idle_poll;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    try {
      const auto timeout = std::chrono::duration_cast<Duration>(next_look - Clock::now());
      const auto hints = wait(std::max(timeout, Duration(1)));
      const bool ours = std::ranges::any_of(hints, [this](const std::string& hint) {
        // "q:*": whoever signals by workflow id does not know the run's queue.
        return hint == "q:*" || (hint.starts_with("q:") && contains(options_.task_queues, hint.substr(2)));
      });
      if (contains(hints, "s:*")) scheduler_.look_now();
      if (contains(hints, "y:*")) queries_.look_now();
      if (ours) {
        // One lane takes what is new; the others learn of their own messages by their own doorbells.
        lanes_[next_lane_++ % lanes_.size()]->want_claims();
        for (auto& lane : lanes_)
          if (lane->owned_runs() > 0) lane->want_messages();
        remote_.want_claims();
      }
      if (Clock::now() < next_look) continue;
      look();
      // Without hints, polling decides the latency: quick while there is work, slow when there is none.
      const bool lively = found_work_ || (!options_.notify && poll < options_.idle_poll);
      poll = found_work_ ? Duration(kBusyPoll)
             : lively    ? std::min<Duration>(poll * 2, options_.idle_poll)
                         : options_.idle_poll;
      // A rate that refills gives no hint.
      next_look = Clock::now() + std::min(poll, std::max(limits_due_in_.value_or(poll), kSoonestLook));
      if (Clock::now() >= next_maintenance) {
        store_.maintain();
        next_maintenance = Clock::now() + kMaintenance;
      }
    } catch (const store::Error& e) {
      log_("warn", fmt::format("wake-ups: {}", e.what()));
      next_look = Clock::now() + std::chrono::milliseconds(200);
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(200), [this] { return stopping_; });
    }
  }
}

void WakeUps::look() {
  std::vector<store::WorkerId> workers;
  for (const auto& lane : lanes_)
    if (const auto id = lane->worker_id()) workers.push_back(id);
  const auto seen = store_.peek(workers, options_.task_queues);
  for (auto& lane : lanes_) lane->be_cautious(seen.deaths >= kDeathsThatMakeCautious);
  found_work_ = seen.runs || seen.activities || !seen.rung.empty();
  if (seen.runs)
    for (auto& lane : lanes_) lane->want_claims();
  for (auto& lane : lanes_)
    if (contains(seen.rung, lane->worker_id())) lane->want_messages();
  limited_queues_.set(seen.limited_queues);
  limits_due_in_ = seen.limits_due_in;
  if (seen.activities) remote_.want_claims();
  if (seen.expired_activities) remote_.want_expired();
  scheduler_.due_in(seen.schedule_due_in);
  if (seen.queries) queries_.look_now();
  if (!seen.expired_workers) return;
  {
    const std::lock_guard lock(mutex_);
    takeover_wanted_ = true;
  }
  changed_.notify_all();
}

void WakeUps::keep_taking_over() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || takeover_wanted_; });
    if (stopping_) return;
    takeover_wanted_ = false;
    lock.unlock();
    try {
      take_over();
    } catch (const store::Error& e) {
      log_("warn", fmt::format("taking over: {}", e.what()));
    }
    lock.lock();
  }
}

void WakeUps::take_over() {
  const auto report = store_.take_over_expired(options_.quarantine_after);
  if (report.workers == 0) return;
  log_("warn", fmt::format("took over from {} dead lanes: {} runs, {} activities, {} quarantined", report.workers,
                           report.runs, report.activities, report.quarantined));
  for (auto& lane : lanes_) lane->want_claims();
  remote_.want_expired();
}

ClosedHints::ClosedHints(store::Store& store, bool enabled) : store_(store), enabled_(enabled) {
  if (enabled_) thread_ = std::thread([this] { run(); });
}

ClosedHints::~ClosedHints() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ClosedHints::closed(const std::vector<Uuid>& run_ids) {
  if (!enabled_) return;
  {
    const std::lock_guard lock(mutex_);
    many_ = many_ || run_ids_.size() + run_ids.size() > kMaxClosedNames;
    if (many_)
      run_ids_.clear();
    else
      run_ids_.insert(run_ids_.end(), run_ids.begin(), run_ids.end());
  }
  changed_.notify_one();
}

void ClosedHints::updated(const std::vector<Uuid>& run_ids) {
  if (!enabled_) return;
  {
    const std::lock_guard lock(mutex_);
    updated_.insert(run_ids.begin(), run_ids.end());
  }
  changed_.notify_one();
}

void ClosedHints::ready(const std::set<std::string>& task_queues) {
  if (!enabled_) return;
  {
    const std::lock_guard lock(mutex_);
    ready_queues_.insert(task_queues.begin(), task_queues.end());
  }
  changed_.notify_one();
}

void ClosedHints::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] {
      return stopping_ || many_ || !run_ids_.empty() || !updated_.empty() || !ready_queues_.empty();
    });
    if (stopping_) return;
    std::vector<std::string> hints;
    if (std::exchange(many_, false))
      hints.emplace_back("c:*");
    else
      for (const auto& id : run_ids_) hints.push_back("c:" + id.to_string());
    run_ids_.clear();
    const auto updated = std::exchange(updated_, {});
    if (updated.size() > kMaxClosedNames)
      hints.emplace_back("u:*");
    else
      for (const auto& id : updated) hints.push_back("u:" + id.to_string());
    for (const auto& queue : std::exchange(ready_queues_, {})) hints.push_back("q:" + queue);
    lock.unlock();
    try {
      store_.notify(hints);
    } catch (const store::Error&) {
      // A hint only: the clients poll.
    }
    lock.lock();
    changed_.wait_for(lock, hints.front() == "c:*" ? kClosedInterval * 10 : kClosedInterval,
                      [this] { return stopping_; });
  }
}

}  // namespace holdfast::worker
