#include <holdfast/worker/remote_activities.hpp>

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <holdfast/worker/failures.hpp>

namespace holdfast::worker {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kBeatInterval = std::chrono::milliseconds(500);
constexpr auto kSlotInterval = std::chrono::milliseconds(20);
constexpr auto kPauseAfterError = std::chrono::milliseconds(200);
constexpr int kMaxClaim = 200;
constexpr int kMaxExpired = 100;

}  // namespace

RemoteActivities::RemoteActivities(store::Store& store, const Registry& registry, const WorkerOptions& options,
                                   ActivityPool& pool, std::function<void(std::string_view, std::string_view)> log)
    : store_(store), registry_(registry), options_(options), pool_(pool), log_(std::move(log)) {}

void RemoteActivities::start(std::function<store::WorkerId()> owner) {
  owner_ = std::move(owner);
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

void RemoteActivities::finished(std::unique_ptr<ActivityJob> job) {
  store::ActivityOutcome outcome;
  if (job->succeeded) {
    outcome.key = job->key;
    outcome.result = std::move(job->result);
  } else {
    outcome = outcome_of(job->key, job->options, job->scheduled_at, std::move(job->failure));
  }
  outcome.worker = owner_();
  {
    const std::lock_guard lock(mutex_);
    outcomes_.push_back(std::move(outcome));
    --in_flight_;
  }
  changed_.notify_one();
}

void RemoteActivities::timed_out(const ActivityJob& job, const std::string& timeout) {
  auto outcome = outcome_of(job.key, job.options, job.scheduled_at, timeout_failure(timeout));
  outcome.worker = owner_();
  {
    const std::lock_guard lock(mutex_);
    outcomes_.push_back(std::move(outcome));
    --in_flight_;
  }
  changed_.notify_one();
}

void RemoteActivities::run() {
  std::optional<Clock::time_point> give_up;
  for (;;) {
    bool claims = false, expired = false;
    {
      std::unique_lock lock(mutex_);
      const auto arrived = [this] {
        return !outcomes_.empty() || expired_wanted_ || stopping_ || (claims_wanted_ && pool_.free_slots() > 0);
      };
      if (unwritten_.empty()) {
        // Bodies of lanes have heartbeats too, and free a slot without telling this thread.
        changed_.wait_for(lock, claims_wanted_ ? kSlotInterval : kBeatInterval, arrived);
      }
      std::ranges::move(outcomes_, std::back_inserter(unwritten_));
      outcomes_.clear();
      expired = std::exchange(expired_wanted_, false) && !stopping_;
      claims = !stopping_ && claims_wanted_ && pool_.free_slots() > 0;
      if (claims) claims_wanted_ = false;
      if (stopping_ && !give_up) give_up = Clock::now() + options_.shutdown_grace;
      if (stopping_ && unwritten_.empty() && (in_flight_ == 0 || Clock::now() > *give_up)) return;
    }
    try {
      write_outcomes();
      if (claims && owner_() != 0) claim();
      if (expired && owner_() != 0) decide_expired();
      send_heartbeats();
    } catch (const store::Error& e) {
      log_("warn", fmt::format("activity tasks: {}", e.what()));
      std::unique_lock lock(mutex_);
      claims_wanted_ = claims_wanted_ || claims;
      expired_wanted_ = expired_wanted_ || expired;
      if (give_up && Clock::now() > *give_up) return;
      changed_.wait_for(lock, kPauseAfterError, [this] { return stopping_; });
    }
  }
}

Timestamp RemoteActivities::database_now() const {
  return clock_ + std::chrono::duration_cast<Duration>(Clock::now() - clock_at_);
}

void RemoteActivities::claim() {
  const int limit = std::min(pool_.free_slots(), kMaxClaim);
  auto tasks = store_.claim_activities(owner_(), options_.task_queues, limit);
  if (!tasks.empty()) {
    clock_ = tasks.front().started_at;
    clock_at_ = Clock::now();
  }
  if (static_cast<int>(tasks.size()) == limit) want_claims();
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
      outcome.worker = owner_();
      outcome.kind = store::ActivityOutcome::Kind::retry;
      outcome.failure.type = "NotRegistered";
      outcome.failure.message =
          fmt::format("activity {} is not registered with worker {}", task.activity, options_.identity);
      outcome.retry_delay = std::chrono::seconds(10);
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
    job->scheduled_at = task.scheduled_at;
    job->last_details = std::move(task.heartbeat_details);
    job->has_row = true;
    job->owner = owner_();
    job->body = body;
    job->sink = this;
    jobs.push_back(std::move(job));
  }
  {
    const std::lock_guard lock(mutex_);
    in_flight_ += static_cast<int>(jobs.size());
  }
  pool_.submit(std::move(jobs));
}

void RemoteActivities::write_outcomes() {
  if (unwritten_.empty()) return;
  // Repeating is safe when the answer was lost: an outcome counts only for the attempt it names.
  store_.finish_activities(unwritten_);
  unwritten_.clear();
}

void RemoteActivities::send_heartbeats() {
  if (Clock::now() - last_beats_ < kBeatInterval) return;
  last_beats_ = Clock::now();
  std::map<store::WorkerId, std::vector<store::Heartbeat>> by_owner;
  for (auto& beat : pool_.take_beats()) by_owner[beat.owner].push_back({beat.key, std::move(beat.details)});
  for (const auto& [owner, beats] : by_owner)
    for (const auto& key : store_.heartbeat_activities(owner, beats)) pool_.cancel(key);
}

void RemoteActivities::decide_expired() {
  auto expired = store_.claim_expired_activities(owner_(), kMaxExpired);
  if (expired.size() == kMaxExpired) want_expired();
  for (auto& [task, timeout] : expired) {
    auto failure = timeout == "WorkerLost" ? worker_lost_failure() : timeout_failure(timeout);
    clock_ = std::max(clock_, task.started_at);
    unwritten_.push_back(outcome_of(task.key, task.options, task.scheduled_at, std::move(failure)));
  }
  write_outcomes();
}

}  // namespace holdfast::worker
