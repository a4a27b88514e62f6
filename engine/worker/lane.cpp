#include <holdfast/worker/lane.hpp>

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include <holdfast/worker/failures.hpp>

namespace holdfast::worker {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kFewTimers = 10'000;
constexpr auto kFirstPause = std::chrono::milliseconds(20);
constexpr auto kLongestPause = std::chrono::seconds(1);
constexpr Duration kLongestWait = std::chrono::hours(1);  // far from what overflows in a clock's finer unit

}  // namespace

Lane::Lane(LaneEnvironment environment, int number)
    : env_(std::move(environment)),
      number_(number),
      cache_(env_.options.cache_bytes / static_cast<std::size_t>(env_.options.lanes)) {}

Lane::~Lane() = default;

void Lane::start() {
  thread_ = std::thread([this] { run(); });
}

void Lane::begin_stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
}

void Lane::join() {
  if (thread_.joinable()) thread_.join();
}

void Lane::want_claims() {
  {
    const std::lock_guard lock(mutex_);
    claims_hinted_ = true;
  }
  changed_.notify_one();
}

void Lane::want_messages() {
  {
    const std::lock_guard lock(mutex_);
    messages_hinted_ = true;
  }
  changed_.notify_one();
}

void Lane::lease_lost() {
  {
    const std::lock_guard lock(mutex_);
    lease_lost_ = true;
  }
  changed_.notify_one();
}

void Lane::finished(std::unique_ptr<ActivityJob> job) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    wake = results_.empty();
    results_.push_back(std::move(job));
  }
  if (wake) changed_.notify_one();
}

void Lane::timed_out(const ActivityJob& job, const std::string& timeout) {
  {
    const std::lock_guard lock(mutex_);
    timeouts_.push_back({job.key, job.dispatch, job.activity, job.input, timeout});
  }
  changed_.notify_one();
}

void Lane::register_worker() {
  worker_id_ = env_.store.register_worker({.identity = fmt::format("{}/{}", env_.options.identity, number_),
                                           .task_queues = env_.options.task_queues,
                                           .version = env_.options.version,
                                           .lease = env_.options.lease});
  session_ = env_.store.open_lane(worker_id_);
}

Duration Lane::stuck_for() const {
  const auto since = busy_since_.load();
  return since == Clock::time_point{} ? Duration::zero() : std::chrono::duration_cast<Duration>(Clock::now() - since);
}

void Lane::run() {
  for (;;) {
    busy_since_ = Clock::time_point{};
    wait_for_work();
    busy_since_ = Clock::now();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
      if (std::exchange(lease_lost_, false)) drop_everything();
    }
    try {
      if (worker_id_ == 0) register_worker();
      collect_arrivals();
      fire_timers();
      step();
      failure_delay_ = Duration::zero();
    } catch (const store::LeaseLost& e) {
      env_.log("warn", fmt::format("lane {}: {}; starting anew", number_, e.what()));
      drop_everything();
    } catch (const store::Error& e) {
      env_.log("warn", fmt::format("lane {}: {}", number_, e.what()));
      failure_delay_ = std::clamp<Duration>(failure_delay_ * 2, kFirstPause, kLongestPause);
      pause(failure_delay_);
    }
    owned_count_ = owned_.size();
    cached_count_ = cache_.size();
    timer_count_ = timers_.size();
  }
  busy_since_ = Clock::time_point{};
  hand_over();
}

bool Lane::has_work() const {
  return !ready_.empty() || !alone_.empty() || messages_wanted_ ||
         (claims_wanted_ && owned_.size() < static_cast<std::size_t>(env_.options.max_owned_runs));
}

void Lane::wait_for_work() {
  std::unique_lock lock(mutex_);
  const auto arrived = [this] {
    return !results_.empty() || !timeouts_.empty() || claims_hinted_ || messages_hinted_ || lease_lost_ || stopping_;
  };
  if (!arrived() && !has_work()) {
    if (timers_.empty())
      changed_.wait(lock, arrived);
    else
      changed_.wait_for(lock, std::clamp(timers_.front().due - database_now(), Duration::zero(), kLongestWait),
                        arrived);
  }
  claims_wanted_ = std::exchange(claims_hinted_, false) || claims_wanted_;
  messages_wanted_ = std::exchange(messages_hinted_, false) || messages_wanted_;
}

void Lane::pause(Duration delay) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, delay, [this] { return stopping_; });
}

Timestamp Lane::database_now() const {
  return step_now_ + std::chrono::duration_cast<Duration>(Clock::now() - step_now_at_);
}

LiveRun* Lane::find(const Uuid& run_id) {
  const auto found = owned_.find(run_id);
  return found == owned_.end() ? nullptr : found->second.get();
}

void Lane::queue(LiveRun& live) {
  if (live.queued) return;
  live.queued = true;
  if (live.alone)
    alone_.push_back(live.info.run_id);
  else
    ready_.push_back(live.info.run_id);
}

void Lane::collect_arrivals() {
  std::vector<std::unique_ptr<ActivityJob>> results;
  std::vector<TimedOut> timeouts;
  {
    const std::lock_guard lock(mutex_);
    results.swap(results_);
    timeouts.swap(timeouts_);
  }
  for (auto& job : results) take_result(std::move(job));
  for (auto& [key, dispatch, activity, input, timeout] : timeouts) {
    auto* live = find(key.run_id);
    if (live && live->runs(key.seq, dispatch))
      take_failure(*live, key.seq, activity, std::move(input), timeout_failure(timeout));
  }
}

void Lane::take_result(std::unique_ptr<ActivityJob> job) {
  auto* live = find(job->key.run_id);
  // The run may have been given up meanwhile: then its new owner runs the activity again, or this lane does.
  if (!live || !live->runs(job->key.seq, job->dispatch)) return;
  if (!job->succeeded)
    return take_failure(*live, job->key.seq, job->activity, std::move(job->input), std::move(job->failure));
  const bool has_row = live->local.at(job->key.seq).has_row;
  live->local.erase(job->key.seq);
  live->inputs.push_back({event::ActivityCompleted{job->key.seq, std::move(job->result)}, 0, has_row});
  queue(*live);
}

void Lane::take_failure(LiveRun& live, CommandSeq seq, const std::string& activity, Payload input, Failure failure) {
  const auto attempt = live.local.extract(seq).mapped();
  const auto& options = attempt.options;
  std::optional<Duration> time_left;
  if (options.schedule_to_close) time_left = *options.schedule_to_close - (database_now() - attempt.scheduled_at);
  const auto decision = decide_retry(options.retry, 1, failure, time_left);
  if (decision.state == RetryState::in_progress) {
    store::NewActivityTask task;
    task.seq = seq;
    task.activity = activity;
    task.task_queue = options.task_queue.empty() ? live.info.task_queue : options.task_queue;
    task.input = std::move(input);
    task.options = options;
    task.attempt = 1;
    task.delay = decision.delay;
    task.scheduled_at = attempt.scheduled_at;
    task.last_failure = std::move(failure);
    live.new_tasks.push_back(std::move(task));
  } else {
    live.inputs.push_back({event::ActivityFailed{seq, std::move(failure), decision.state, 1}, 0, attempt.has_row});
  }
  queue(live);
}

void Lane::push_timer(const Timer& timer) {
  timers_.push_back(timer);
  std::ranges::push_heap(timers_, std::greater<>());
}

Lane::Timer Lane::pop_timer() {
  std::ranges::pop_heap(timers_, std::greater<>());
  const auto timer = timers_.back();
  timers_.pop_back();
  return timer;
}

/// Timers of runs that were given up, and those that came again with every claim, stay until they are due: far too many
/// where runs sleep for long.
void Lane::compact_timers() {
  if (timers_.size() < timers_to_compact_) return;
  std::erase_if(timers_, [this](const Timer& timer) { return !find(timer.run_id); });
  const auto identity = [](const Timer& timer) { return std::tuple(timer.due, timer.run_id, timer.seq, timer.kind); };
  std::ranges::sort(timers_, {}, identity);  // which is a heap, too
  const auto again = std::ranges::unique(timers_, {}, identity);
  timers_.erase(again.begin(), again.end());
  timers_to_compact_ = std::max<std::size_t>(kFewTimers, 2 * timers_.size());
}

void Lane::fire_timers() {
  const auto now = database_now();
  compact_timers();
  while (!timers_.empty() && timers_.front().due <= now) {
    const auto timer = pop_timer();
    auto* live = find(timer.run_id);
    if (!live) continue;
    switch (timer.kind) {
      case TimerKind::timer:
        if (!live->run || !live->run->is_open(timer.seq) || live->has_timer(timer.seq)) continue;
        live->inputs.push_back({event::TimerFired{timer.seq}});
        break;
      case TimerKind::transactional:
        if (!live->waiting.contains(timer.seq)) continue;
        live->timer_popped = true;
        break;
      case TimerKind::deadline: live->timer_popped = true; break;
      case TimerKind::retry_alone: break;
    }
    queue(*live);
  }
}

void Lane::drop_everything() {
  ++env_.stats.leases_lost;
  // Their outcomes are void, and whoever owns the runs now runs them again: the sooner these end the better.
  for (const auto& [run_id, live] : owned_)
    for (const auto& [seq, attempt] : live->local) env_.pool.cancel({run_id, seq, 1}, worker_id_);
  worker_id_ = 0;
  session_.reset();
  owned_.clear();
  cache_.clear();
  ready_.clear();
  alone_.clear();
  timers_.clear();
  claims_wanted_ = true;
}

void Lane::hand_over() {
  // What finished until now is committed; what still runs is given up, and its outcome dropped.
  const auto deadline = Clock::now() + env_.options.shutdown_grace;
  claims_wanted_ = messages_wanted_ = false;
  try {
    for (;;) {
      collect_arrivals();
      if (!ready_.empty() || !alone_.empty()) {
        step();
        continue;
      }
      const bool busy = std::ranges::any_of(owned_, [](const auto& entry) { return !entry.second->local.empty(); });
      std::unique_lock lock(mutex_);
      if (!busy || !changed_.wait_until(lock, deadline, [this] { return !results_.empty(); })) break;
    }
  } catch (const store::Error& e) {
    env_.log("warn", fmt::format("lane {}: while stopping: {}", number_, e.what()));
  }
  session_.reset();
  owned_.clear();
  cache_.clear();
}

void Lane::release() {
  try {
    if (worker_id_ != 0) env_.store.release_worker(worker_id_);
  } catch (const store::Error& e) {
    env_.log("warn", fmt::format("lane {}: not released, its lease will end: {}", number_, e.what()));
  }
}

}  // namespace holdfast::worker
