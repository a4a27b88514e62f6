#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/store/store.hpp>
#include <holdfast/worker/options.hpp>
#include <holdfast/worker/stats.hpp>

namespace holdfast::worker {

/// Fires schedules. Every worker may run one: each takes what no other has locked, so there is no leader to lose, and
/// a tick is one commit. Sleeps until the next schedule is due; it is told by WakeUps, whose peek sees it anyway, so a
/// database without schedules costs nothing.
class Scheduler {
 public:
  using Log = std::function<void(std::string_view level, std::string_view message)>;
  /// `started` is called after a commit that started runs, with their task queues.
  Scheduler(store::Store& store, const WorkerOptions& options, WorkerStats& stats, Log log,
            std::function<void(const std::set<std::string>& task_queues)> started);
  void start();
  void stop();

  // Hints; thread-safe.
  /// When the next schedule is due, as a peek saw it.
  void due_in(std::optional<Duration> time);
  /// Somebody created or changed a schedule.
  void look_now();
  /// A run that a schedule started has closed.
  void run_closed(const store::ClaimedRun& run);

 private:
  using Clock = std::chrono::steady_clock;
  void run();
  /// One transaction; true if there may be more to do at once.
  bool fire();
  void hurry();
  std::vector<store::ScheduleDecision> decide(Timestamp now, std::span<const store::DueSchedule> due);
  /// The database refused a batch: smaller ones, until the culprit is alone.
  void refused(const store::StatementFailed& error);

  store::Store& store_;
  const WorkerOptions& options_;
  WorkerStats& stats_;
  const Log log_;
  const std::function<void(const std::set<std::string>&)> started_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Clock::time_point next_ = Clock::time_point::max();
  std::set<store::ScheduleKey> closed_;  ///< schedules whose runs closed
  bool stopping_ = false;

  // Of the thread:
  int limit_;
  int fruitless_ = 0;  ///< looks in a row that found nothing, although something was due
  std::set<std::string> queues_;
  std::map<store::ScheduleKey, std::string> refused_;  ///< schedules that the database would not take, and why
  store::ScheduleKey last_key_;
  std::thread thread_;
};

}  // namespace holdfast::worker
