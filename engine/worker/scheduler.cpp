#include <holdfast/worker/scheduler.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <holdfast/core/history_error.hpp>
#include <holdfast/core/scheduled_by.hpp>
#include <holdfast/worker/schedule_decisions.hpp>

namespace holdfast::worker {
namespace {

constexpr int kFirstBatch = 50, kBatch = 500;  // small at first: a worker that is killed often gets somewhere too
constexpr auto kPauseAfterError = std::chrono::milliseconds(200);
constexpr auto kShortest = std::chrono::milliseconds(10), kLongest = std::chrono::milliseconds(320);

}  // namespace

Scheduler::Scheduler(store::Store& store, const WorkerOptions& options, WorkerStats& stats, Log log,
                     std::function<void(const std::set<std::string>&)> started)
    : store_(store),
      options_(options),
      stats_(stats),
      log_(std::move(log)),
      started_(std::move(started)),
      limit_(kFirstBatch) {}

void Scheduler::start() {
  if (options_.schedules) thread_ = std::thread([this] { run(); });
}

void Scheduler::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Scheduler::due_in(std::optional<Duration> time) {
  if (!time) return;
  {
    const std::lock_guard lock(mutex_);
    const auto at = Clock::now() + std::min<Duration>(*time, std::chrono::hours(1));
    if (at >= next_) return;
    next_ = at;
  }
  changed_.notify_one();
}

void Scheduler::look_now() { due_in(Duration(0)); }

void Scheduler::run_closed(const store::ClaimedRun& run) {
  if (!options_.schedules) return;  // the look that the schedule has ahead finds it
  try {
    const auto by = decode_scheduled_by(run.scheduled);
    {
      const std::lock_guard lock(mutex_);
      closed_.insert({run.namespace_, by->schedule_id});
    }
    changed_.notify_one();
  } catch (const HistoryError& error) {
    log_("error", fmt::format("run {}: {}", run.run_id.to_string(), error.what()));
  }
}

void Scheduler::run() {
  for (;;) {
    bool due = false;
    {
      std::unique_lock lock(mutex_);
      const auto wanted = [this] { return stopping_ || !closed_.empty() || next_ <= Clock::now(); };
      // Woken early when `next_` comes nearer; an hour, because some clocks cannot wait until their end.
      const auto until = std::min(next_, Clock::now() + std::chrono::hours(1));
      if (!wanted()) changed_.wait_until(lock, until);
      if (stopping_) return;
      due = next_ <= Clock::now();
      if (due) next_ = Clock::time_point::max();
    }
    try {
      hurry();
      while (due && fire()) {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
      }
    } catch (const store::StatementFailed& error) {
      refused(error);
    } catch (const store::Error& error) {
      log_("warn", fmt::format("schedules: {}", error.what()));
      due_in(kPauseAfterError);
    }
  }
}

void Scheduler::hurry() {
  std::vector<store::ScheduleKey> keys;
  {
    const std::lock_guard lock(mutex_);
    keys.assign(closed_.begin(), closed_.end());
    closed_.clear();
  }
  if (keys.empty()) return;
  if (store_.schedules().hurry_schedules(keys) > 0) look_now();
}

bool Scheduler::fire() {
  queues_.clear();
  const auto report = store_.schedules().fire_schedules(
      limit_, [this](Timestamp now, std::span<const store::DueSchedule> due) { return decide(now, due); });
  stats_.schedules_fired += report.schedules;
  stats_.scheduled_starts += report.starts;
  if (report.starts > 0) started_(queues_);
  const bool full = report.schedules == limit_;
  limit_ = std::min(kBatch, limit_ * 2);
  if (full) return true;
  // What is due and was not ours is in somebody else's hands: look again, but not all the time.
  fruitless_ = report.schedules == 0 ? std::min(fruitless_ + 1, 5) : 0;
  if (report.next_in)
    due_in(std::max<Duration>(*report.next_in, std::min<Duration>(kShortest * (1 << fruitless_), kLongest)));
  return false;
}

std::vector<store::ScheduleDecision> Scheduler::decide(Timestamp now, std::span<const store::DueSchedule> due) {
  auto decisions = decide_schedules(now, due, random_run_id);
  for (std::size_t i = 0; i < due.size(); ++i) {
    const auto& row = due[i].row;
    last_key_ = row.key;
    if (const auto found = refused_.find(row.key); found != refused_.end()) {
      decisions[i] = set_aside(row, found->second);
      refused_.erase(found);
    }
    if (!decisions[i].error.empty())
      log_("error", fmt::format("schedule {} cannot fire: {}", row.key.schedule_id, decisions[i].error));
    for (const auto& start : decisions[i].starts) queues_.insert(start.task_queue);
  }
  return decisions;
}

void Scheduler::refused(const store::StatementFailed& error) {
  log_("warn", fmt::format("schedules: {}", error.what()));
  const bool contention = error.sqlstate.starts_with("40") || error.sqlstate == "55P03" || error.sqlstate == "23505";
  if (limit_ == 1 && !contention) refused_[last_key_] = std::string("the database refused it: ") + error.what();
  if (!contention) limit_ = std::max(1, limit_ / 8);
  due_in(kPauseAfterError);
}

}  // namespace holdfast::worker
