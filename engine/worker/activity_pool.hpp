#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/store/types.hpp>
#include <holdfast/worker/registry.hpp>

namespace holdfast::worker {

class ActivitySink;

/// One attempt of an activity, on its way through the pool and back to whoever asked.
struct ActivityJob {
  store::ActivityKey key;
  std::string namespace_, workflow_id, activity;
  Payload input;
  ActivityOptions options;
  Timestamp scheduled_at;
  Payload last_details;
  bool has_row = false;        ///< an activity_tasks row stands for it
  std::string limited_queue;   ///< whose limit the attempt takes a place of; empty: none
  store::WorkerId owner = 0;   ///< who took it on (and whom the row names)
  std::uint64_t dispatch = 0;  ///< tells this attempt from an abandoned one of the same key
  /// When schedule-to-close ends, whatever attempt runs.
  std::chrono::steady_clock::time_point close_by = std::chrono::steady_clock::time_point::max();
  const ActivityBody* body = nullptr;
  ActivitySink* sink = nullptr;

  // Set by the pool:
  bool succeeded = false;
  Payload result;
  Failure failure;
};

/// Receives what became of jobs, on the pool's threads. Must outlive its jobs.
class ActivitySink {
 public:
  virtual ~ActivitySink() = default;
  virtual void finished(std::unique_ptr<ActivityJob> job) = 0;
  /// The attempt exceeded a timeout ("StartToClose", "ScheduleToClose", "Heartbeat"): its result, should it come, is
  /// dropped. `job` is still in use by its body: valid during the call, except for what the pool sets.
  virtual void timed_out(const ActivityJob& job, const std::string& timeout) = 0;
};

/// Threads that run activity bodies. Thread-safe.
class ActivityPool {
 public:
  /// `max_result_bytes`: a larger result fails the attempt for good, with the size in the message.
  ActivityPool(int threads, std::size_t max_result_bytes);
  /// Waits for running bodies; queued jobs are dropped.
  ~ActivityPool();

  void submit(std::vector<std::unique_ptr<ActivityJob>> jobs);
  /// Threads that have nothing to do, less what is queued; never negative.
  int free_slots() const;
  /// Would a job submitted now start soon? Otherwise it is better off as a task that any worker may take.
  bool has_room() const;
  /// Tells the running body of this attempt of this owner to stop, or takes its job back while it is queued.
  void cancel(const store::ActivityKey& key, store::WorkerId owner);
  /// Tells every running body to stop.
  void cancel_all();
  /// Takes back the jobs that have not started.
  std::vector<std::unique_ptr<ActivityJob>> take_queued();
  int running() const { return running_.load(); }

  struct Beat {
    store::WorkerId owner;
    store::ActivityKey key;
    Payload details;
  };
  /// Heartbeats of jobs that have a row, since the last call.
  std::vector<Beat> take_beats();

 private:
  struct Slot {
    std::mutex mutex;
    std::shared_ptr<ActivityContext> context;  ///< set while a body runs
    const ActivityJob* job = nullptr;
    std::chrono::steady_clock::time_point started;
    bool abandoned = false;
  };
  void work(Slot& slot);
  bool run(Slot& slot, ActivityJob& job);
  void watch();
  void watch(Slot& slot, std::chrono::steady_clock::time_point now);
  std::unique_ptr<ActivityJob> next();

  const std::size_t max_result_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<ActivityJob>> queue_;
  int idle_ = 0;
  bool stopping_ = false;
  std::atomic<int> running_ = 0;
  std::atomic<int> queued_ = 0;
  std::atomic<std::int64_t> mean_ns_ = 0;  ///< moving average of a body's duration
  std::deque<Slot> slots_;
  std::vector<std::thread> threads_;
  std::mutex watch_mutex_;
  std::condition_variable watch_changed_;
  std::thread watchdog_;
};

}  // namespace holdfast::worker
