#include <holdfast/worker/remote_activities.hpp>

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <holdfast/worker/contains.hpp>
#include <holdfast/worker/failures.hpp>

namespace holdfast::worker {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kBeatInterval = std::chrono::milliseconds(500);
constexpr auto kSlotInterval = std::chrono::milliseconds(20);
constexpr auto kPauseAfterError = std::chrono::milliseconds(200);
constexpr auto kFirstBusyDelay = std::chrono::milliseconds(2);
constexpr auto kLongestBusyDelay = std::chrono::milliseconds(200);
constexpr auto kDoubt = std::chrono::seconds(10);  // by then the server has committed, or never will
constexpr int kMaxClaim = 200;
constexpr int kMaxExpired = 100;

/// A value that PostgreSQL does not store (class 22: text that is no UTF-8, a time out of range; 54: too large), rather
/// than a failure that may pass.
bool is_refused_value(const store::StatementFailed& e) {
  return e.sqlstate.starts_with("22") || e.sqlstate.starts_with("54");
}

void add_places(store::ActivityOutcome& outcome, const ActivityJob& job) {
  outcome.limit_key = job.options.limit_key;
  outcome.limited_queue = job.limited_queue;
}
void add_places(store::ActivityOutcome& outcome, const store::ClaimedActivity& task) {
  outcome.limit_key = task.options.limit_key;
  if (task.queue_limited) outcome.limited_queue = task.task_queue;
}

}  // namespace

RemoteActivities::RemoteActivities(store::Store& store, const Registry& registry, const WorkerOptions& options,
                                   ActivityPool& pool, std::function<void(std::string_view, std::string_view)> log)
    : store_(store), registry_(registry), options_(options), pool_(pool), log_(std::move(log)) {}

void RemoteActivities::start() {
  thread_ = std::thread([this] { run(); });
}

void RemoteActivities::begin_stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
}

void RemoteActivities::join() {
  if (thread_.joinable()) thread_.join();
}

void RemoteActivities::want_claims() {
  {
    const std::lock_guard lock(mutex_);
    claims_wanted_ = true;
  }
  changed_.notify_one();
}

void RemoteActivities::want_expired() {
  {
    const std::lock_guard lock(mutex_);
    expired_wanted_ = true;
  }
  changed_.notify_one();
}

store::ActivityOutcome RemoteActivities::outcome_of(const store::ActivityKey& key, const ActivityOptions& options,
                                                    Timestamp scheduled_at, Failure failure) const {
  std::optional<Duration> time_left;
  if (options.schedule_to_close) time_left = *options.schedule_to_close - (database_now() - scheduled_at);
  const auto decision = decide_retry(options.retry, key.attempt, failure, time_left);
  store::ActivityOutcome outcome;
  outcome.key = key;
  outcome.failure = std::move(failure);
  outcome.retry_state = decision.state;
  outcome.retry_delay = decision.delay;
  outcome.kind = decision.state == RetryState::in_progress ? store::ActivityOutcome::Kind::retry
                                                           : store::ActivityOutcome::Kind::failed;
  return outcome;
}

void RemoteActivities::add(store::ActivityOutcome outcome) {
  {
    const std::lock_guard lock(mutex_);
    in_flight_.erase(outcome.key);
    outcomes_.push_back(std::move(outcome));
  }
  changed_.notify_one();
}

void RemoteActivities::finished(std::unique_ptr<ActivityJob> job) {
  store::ActivityOutcome outcome;
  if (job->succeeded) {
    outcome.key = job->key;
    outcome.result = std::move(job->result);
  } else {
    outcome = outcome_of(job->key, job->options, job->scheduled_at, std::move(job->failure));
  }
  outcome.worker = job->owner;
  add_places(outcome, *job);
  add(std::move(outcome));
}

void RemoteActivities::timed_out(const ActivityJob& job, const std::string& timeout) {
  auto outcome = outcome_of(job.key, job.options, job.scheduled_at, timeout_failure(timeout));
  outcome.worker = job.owner;
  add_places(outcome, job);
  add(std::move(outcome));
}

/// False: it is over.
bool RemoteActivities::wait_for_work(bool& claims, bool& expired) {
  std::unique_lock lock(mutex_);
  const auto arrived = [this] {
    return !outcomes_.empty() || expired_wanted_ || lease_lost_ || (stopping_ && !give_up_) ||
           (claims_wanted_ && !stopping_ && pool_.free_slots() > 0);
  };
  // Bodies of lanes have heartbeats too, and free a slot without telling this thread.
  const Clock::duration interval = claims_wanted_ || stopping_ ? Clock::duration(kSlotInterval) : kBeatInterval;
  const auto until = unwritten_.empty() ? Clock::now() + interval : next_write_;
  changed_.wait_until(lock, until, arrived);
  std::ranges::move(outcomes_, std::back_inserter(unwritten_));
  outcomes_.clear();
  if (std::exchange(lease_lost_, false)) worker_id_ = 0;
  expired = std::exchange(expired_wanted_, false) && !stopping_;
  claims = !stopping_ && claims_wanted_ && pool_.free_slots() > 0;
  if (claims) claims_wanted_ = false;
  if (stopping_ && !give_up_) give_up_ = Clock::now() + options_.shutdown_grace;
  if (!stopping_) return true;
  if (Clock::now() > *give_up_) return !unwritten_.empty() && !std::exchange(last_try_, true);
  return !unwritten_.empty() || !in_flight_.empty();
}

void RemoteActivities::run() {
  for (bool claims = false, expired = false; wait_for_work(claims, expired);) {
    try {
      write_outcomes();
      if ((claims || expired) && worker_id_ == 0) register_worker();
      begin_what_was_claimed();
      if (claims) claim();
      if (expired) decide_expired();
    } catch (const store::Error& e) {
      if (dynamic_cast<const store::LeaseLost*>(&e)) worker_id_ = 0;
      log_("warn", fmt::format("activity tasks: {}", e.what()));
      std::unique_lock lock(mutex_);
      claims_wanted_ = claims_wanted_ || claims;
      expired_wanted_ = expired_wanted_ || expired;
      changed_.wait_for(lock, kPauseAfterError, [this] { return stopping_; });
    }
    try {
      send_heartbeats();
    } catch (const store::Error& e) {
      log_("warn", fmt::format("heartbeats: {}", e.what()));
    }
  }
}

void RemoteActivities::lease_lost() {
  {
    const std::lock_guard lock(mutex_);
    lease_lost_ = true;
  }
  changed_.notify_one();
}

void RemoteActivities::register_worker() {
  worker_id_ = store_.register_worker({.identity = options_.identity + "/activities",
                                       .task_queues = options_.task_queues,
                                       .version = options_.version,
                                       .lease = options_.lease});
}

void RemoteActivities::release() {
  try {
    if (worker_id_ != 0) store_.release_worker(worker_id_);
  } catch (const store::Error& e) {
    log_("warn", fmt::format("activity tasks: not released, the lease will end: {}", e.what()));
  }
}

void RemoteActivities::set_clock(Timestamp now) {
  const std::lock_guard lock(mutex_);
  clock_ = now;
  clock_at_ = Clock::now();
}

Timestamp RemoteActivities::database_now() const {
  const std::lock_guard lock(mutex_);
  return clock_ + std::chrono::duration_cast<Duration>(Clock::now() - clock_at_);
}

void RemoteActivities::claim() {
  const int limit = std::min(pool_.free_slots(), kMaxClaim);
  std::vector<store::ClaimedActivity> tasks;
  try {
    tasks = store_.claim_activities(worker_id_, options_.task_queues, limit);
  } catch (const store::InDoubt&) {
    claims_in_doubt_until_ = Clock::now() + kDoubt;
    throw;
  }
  if (!tasks.empty()) set_clock(tasks.front().started_at);
  if (static_cast<int>(tasks.size()) == limit) want_claims();
  dispatch(std::move(tasks));
}

/// A claim whose answer was lost may have happened, or may still happen: what is ours and runs nowhere begins.
void RemoteActivities::begin_what_was_claimed() {
  if (worker_id_ == 0 || Clock::now() > claims_in_doubt_until_) return;
  auto tasks = store_.owned_activities(worker_id_);
  {
    const std::lock_guard lock(mutex_);
    const auto is_known = [this](const store::ClaimedActivity& task) {
      const auto has = [&](const auto& outcomes) { return contains(outcomes, task.key, &store::ActivityOutcome::key); };
      return in_flight_.contains(task.key) || has(outcomes_) || has(unwritten_);
    };
    std::erase_if(tasks, is_known);
  }
  dispatch(std::move(tasks));
}

void RemoteActivities::dispatch(std::vector<store::ClaimedActivity> tasks) {
  std::vector<std::unique_ptr<ActivityJob>> jobs;
  for (auto& task : tasks) {
    const auto* body = registry_.activity(task.activity);
    if (!body) {
      // Another build may know it: this attempt does not end the activity, whatever its policy says.
      store::ActivityOutcome outcome;
      outcome.key = task.key;
      outcome.worker = worker_id_;
      outcome.kind = store::ActivityOutcome::Kind::retry;
      outcome.failure.type = "NotRegistered";
      outcome.failure.message =
          fmt::format("activity {} is not registered with worker {}", task.activity, options_.identity);
      outcome.retry_delay = std::chrono::seconds(10);
      add_places(outcome, task);
      unwritten_.push_back(std::move(outcome));
      continue;
    }
    auto job = std::make_unique<ActivityJob>();
    job->key = task.key;
    job->namespace_ = std::move(task.namespace_);
    job->workflow_id = std::move(task.workflow_id);
    job->activity = std::move(task.activity);
    job->input = std::move(task.input);
    job->options = std::move(task.options);
    if (task.queue_limited) job->limited_queue = std::move(task.task_queue);
    job->scheduled_at = task.scheduled_at;
    job->last_details = std::move(task.heartbeat_details);
    job->has_row = true;
    job->owner = worker_id_;
    if (job->options.schedule_to_close)
      job->close_by =
          Clock::now() + (task.scheduled_at - task.started_at) + std::min(*job->options.schedule_to_close, kMaxDelay);
    job->body = body;
    job->sink = this;
    jobs.push_back(std::move(job));
  }
  {
    const std::lock_guard lock(mutex_);
    for (const auto& job : jobs) in_flight_.insert(job->key);
  }
  pool_.submit(std::move(jobs));
}

void RemoteActivities::write_outcomes() {
  if (unwritten_.empty()) return;
  next_write_ = Clock::now() + kPauseAfterError;  // should it fail
  try {
    const bool gave_places = std::ranges::any_of(
        unwritten_, [](const auto& outcome) { return !outcome.limit_key.empty() || !outcome.limited_queue.empty(); });
    // Repeating is safe when the answer was lost: an outcome counts only for the attempt it names.
    keep_busy(store_.finish_activities(unwritten_));
    if (gave_places) want_claims();
  } catch (const store::StatementFailed& e) {
    log_("warn", fmt::format("activity tasks: {}; writing outcomes one by one", e.what()));
    write_one_by_one();
  }
}

/// Those whose run somebody holds are tried again soon; the others are written.
void RemoteActivities::keep_busy(const store::FinishReport& report) {
  std::erase_if(unwritten_, [&](const auto& outcome) { return !contains(report.busy, outcome.key); });
  busy_delay_ = unwritten_.empty() ? Clock::duration::zero()
                                   : std::clamp<Clock::duration>(busy_delay_ * 2, kFirstBusyDelay, kLongestBusyDelay);
  next_write_ = Clock::now() + busy_delay_;
}

void RemoteActivities::write_one_by_one() {
  std::vector<store::ActivityOutcome> left;
  for (auto& outcome : std::exchange(unwritten_, {})) {
    for (bool replaced = false;; replaced = true) {
      try {
        if (!store_.finish_activities({&outcome, 1}).busy.empty()) left.push_back(std::move(outcome));
        break;
      } catch (const store::StatementFailed& e) {
        if (replaced || !is_refused_value(e)) {
          left.push_back(std::move(outcome));
          break;
        }
        log_("error", fmt::format("activity {} of run {}: the database refuses its outcome: {}", outcome.key.seq,
                                  outcome.key.run_id.to_string(), e.what()));
        outcome.kind = store::ActivityOutcome::Kind::failed;
        outcome.retry_state = RetryState::non_retryable_failure;
        outcome.result.clear();
        outcome.failure = refused_failure(e.what());
      } catch (const store::Error&) {
        // What was written meanwhile is dropped as late when it is repeated.
        left.push_back(std::move(outcome));
        break;
      }
    }
  }
  unwritten_ = std::move(left);
}

void RemoteActivities::send_heartbeats() {
  if (Clock::now() - last_beats_ < kBeatInterval) return;
  last_beats_ = Clock::now();
  std::map<store::WorkerId, std::vector<store::Heartbeat>> by_owner;
  for (auto& beat : pool_.take_beats()) by_owner[beat.owner].push_back({beat.key, std::move(beat.details)});
  for (const auto& [owner, beats] : by_owner)
    for (const auto& key : store_.heartbeat_activities(owner, beats)) pool_.cancel(key, owner);
}

void RemoteActivities::decide_expired() {
  auto expired = store_.claim_expired_activities(worker_id_, kMaxExpired);
  if (expired.size() == kMaxExpired) want_expired();
  if (!expired.empty()) set_clock(expired.front().now);
  for (auto& [task, timeout, now] : expired) {
    auto failure = timeout == "WorkerLost" ? worker_lost_failure() : timeout_failure(timeout);
    unwritten_.push_back(outcome_of(task.key, task.options, task.scheduled_at, std::move(failure)));
    add_places(unwritten_.back(), task);
  }
  write_outcomes();
}

}  // namespace holdfast::worker
