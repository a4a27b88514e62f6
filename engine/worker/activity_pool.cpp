#include <holdfast/worker/activity_pool.hpp>

#include <algorithm>

#include <holdfast/core/errors.hpp>
#include <holdfast/worker/failures.hpp>

namespace holdfast::worker {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kWatchInterval = std::chrono::milliseconds(50);
// A job that would wait longer than this for a thread is better off with another worker. Long enough that a burst of
// quick jobs stays here: a task row costs more than the wait.
constexpr std::int64_t kAcceptableWaitNs = 1'000'000'000;

Clock::time_point attempt_ends(const ActivityJob& job, Clock::time_point started) {
  return job.options.start_to_close ? started + std::min(*job.options.start_to_close, kMaxDelay)
                                    : Clock::time_point::max();
}

Clock::time_point deadline_of(const ActivityJob& job, Clock::time_point started) {
  return std::min(attempt_ends(job, started), job.close_by);
}

}  // namespace

ActivityPool::ActivityPool(int threads, std::size_t max_result_bytes) : max_result_bytes_(max_result_bytes) {
  for (int i = 0; i < threads; ++i) slots_.emplace_back();
  for (auto& slot : slots_) threads_.emplace_back([this, &slot] { work(slot); });
  watchdog_ = std::thread([this] { watch(); });
}

ActivityPool::~ActivityPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
  {
    // Under the lock, so that the watchdog cannot miss it between its check and its wait.
    const std::lock_guard lock(watch_mutex_);
  }
  watch_changed_.notify_all();
  watchdog_.join();
}

void ActivityPool::submit(std::vector<std::unique_ptr<ActivityJob>> jobs) {
  if (jobs.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    queued_ += static_cast<int>(jobs.size());
    std::ranges::move(jobs, std::back_inserter(queue_));
  }
  // One is enough: each thread that finds more work wakes the next (see next()), so tiny jobs wake few threads.
  changed_.notify_one();
}

int ActivityPool::free_slots() const {
  return std::max(0, static_cast<int>(slots_.size()) - running_.load() - queued_.load());
}

bool ActivityPool::has_room() const {
  const auto waiting = queued_.load() + running_.load() - static_cast<int>(slots_.size());
  return waiting < 0 || waiting * mean_ns_.load() / static_cast<std::int64_t>(slots_.size()) < kAcceptableWaitNs;
}

std::unique_ptr<ActivityJob> ActivityPool::next() {
  std::unique_lock lock(mutex_);
  ++idle_;
  changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  --idle_;
  if (queue_.empty()) return nullptr;
  auto job = std::move(queue_.front());
  queue_.pop_front();
  --queued_;
  ++running_;
  const bool wake_another = !queue_.empty() && idle_ > 0;
  lock.unlock();
  if (wake_another) changed_.notify_one();
  return job;
}

void ActivityPool::work(Slot& slot) {
  while (auto job = next()) {
    const bool wanted = run(slot, *job);
    --running_;
    if (wanted) job->sink->finished(std::move(job));
  }
}

bool ActivityPool::run(Slot& slot, ActivityJob& job) {
  const auto started = Clock::now();
  const auto context = std::make_shared<ActivityContext>(
      ActivityInfo{job.key.run_id, job.namespace_, job.workflow_id, job.activity, job.key.seq, job.key.attempt},
      std::move(job.last_details), deadline_of(job, started));
  {
    const std::lock_guard lock(slot.mutex);
    slot.context = context;
    slot.job = &job;
    slot.started = started;
    slot.abandoned = false;
  }
  try {
    job.result = (*job.body)(job.input, *context);
    job.succeeded = true;
    if (job.result.size() > max_result_bytes_) {
      job.succeeded = false;
      job.failure = oversized_failure("result", job.result.size(), max_result_bytes_);
      job.result.clear();
    }
  } catch (...) {
    job.failure = failure_of_current_exception();
  }
  const auto took = std::chrono::nanoseconds(Clock::now() - started).count();
  mean_ns_ += (took - mean_ns_.load()) / 16;
  const std::lock_guard lock(slot.mutex);
  slot.context.reset();
  slot.job = nullptr;
  return !slot.abandoned;
}

void ActivityPool::cancel(const store::ActivityKey& key, store::WorkerId owner) {
  {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find_if(queue_, [&](const auto& job) { return job->key == key && job->owner == owner; });
    if (found != queue_.end()) {
      queue_.erase(found);
      --queued_;
      return;
    }
  }
  for (auto& slot : slots_) {
    const std::lock_guard lock(slot.mutex);
    if (slot.job && slot.job->key == key && slot.job->owner == owner) slot.context->request_cancel();
  }
}

void ActivityPool::cancel_all() {
  for (auto& slot : slots_) {
    const std::lock_guard lock(slot.mutex);
    if (slot.context) slot.context->request_cancel();
  }
}

std::vector<std::unique_ptr<ActivityJob>> ActivityPool::take_queued() {
  const std::lock_guard lock(mutex_);
  std::vector<std::unique_ptr<ActivityJob>> jobs(std::make_move_iterator(queue_.begin()),
                                                 std::make_move_iterator(queue_.end()));
  queue_.clear();
  queued_ = 0;
  return jobs;
}

std::vector<ActivityPool::Beat> ActivityPool::take_beats() {
  std::vector<Beat> beats;
  for (auto& slot : slots_) {
    const std::lock_guard lock(slot.mutex);
    Payload details;
    if (slot.job && slot.job->has_row && !slot.abandoned && slot.context->take_beat(details))
      beats.push_back({slot.job->owner, slot.job->key, std::move(details)});
  }
  return beats;
}

void ActivityPool::watch() {
  std::unique_lock lock(watch_mutex_);
  for (;;) {
    watch_changed_.wait_for(lock, kWatchInterval);
    {
      const std::lock_guard pool_lock(mutex_);
      if (stopping_) return;
    }
    const auto now = Clock::now();
    for (auto& slot : slots_) watch(slot, now);
  }
}

void ActivityPool::watch(Slot& slot, Clock::time_point now) {
  // Held while the sink is told: the job must not end meanwhile.
  const std::lock_guard lock(slot.mutex);
  if (!slot.job || slot.abandoned) return;
  const auto& job = *slot.job;
  const char* timeout = nullptr;
  if (now > attempt_ends(job, slot.started))
    timeout = "StartToClose";
  else if (now > job.close_by)
    timeout = "ScheduleToClose";
  else if (job.options.heartbeat && now > slot.context->last_beat() + std::min(*job.options.heartbeat, kMaxDelay))
    timeout = "Heartbeat";
  if (!timeout) return;
  slot.abandoned = true;
  slot.context->request_cancel();
  job.sink->timed_out(job, timeout);
}

}  // namespace holdfast::worker
