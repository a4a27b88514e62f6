#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include <ingress/errors.hpp>

namespace platform::ingress {

/// Threads that work off a queue, each taking all that waits (within limits) at once: while one batch is committed, the
/// next one gathers, so batches are large under load and single jobs wait for nobody otherwise. Callers wait for their
/// own job only, and as long as they like: a hung database never holds them. Thread-safe.
template <class In, class Out>
class BatchThreads {
 public:
  struct Job {
    In in;
    std::promise<Out> out;
  };
  struct Limits {
    int threads = 4;
    std::size_t jobs = 64;          ///< per batch
    std::size_t bytes = 16u << 20;  ///< per batch, but one job always
    std::size_t queued = 1000;      ///< waiting jobs
  };
  /// Must set every promise; what it throws, the jobs without an answer get. `thread` counts from 0.
  using Process = std::function<void(std::size_t thread, std::vector<Job>& batch)>;

  BatchThreads(Limits limits, std::function<std::size_t(const In&)> bytes_of, Process process)
      : limits_(limits), bytes_of_(std::move(bytes_of)), process_(std::move(process)) {
    for (int i = 0; i < limits_.threads; ++i) threads_.emplace_back([this, i] { run(static_cast<std::size_t>(i)); });
  }

  /// Finishes what was submitted.
  ~BatchThreads() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    added_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  /// Throws Unavailable if too many jobs wait.
  std::future<Out> submit(In in) {
    Job job{std::move(in), {}};
    auto result = job.out.get_future();
    {
      const std::lock_guard lock(mutex_);
      if (queue_.size() >= limits_.queued) throw Unavailable("too many requests wait for the database");
      queue_.push_back(std::move(job));
    }
    added_.notify_one();
    return result;
  }

 private:
  void run(std::size_t thread) {
    for (auto batch = take(); !batch.empty(); batch = take()) {
      try {
        process_(thread, batch);
      } catch (...) {
        for (auto& job : batch) fail(job, std::current_exception());
      }
    }
  }

  static void fail(Job& job, const std::exception_ptr& error) {
    try {
      job.out.set_exception(error);
    } catch (const std::future_error&) {  // it has its answer
    }
  }

  std::vector<Job> take() {
    std::unique_lock lock(mutex_);
    added_.wait(lock, [this] { return !queue_.empty() || stopping_; });
    std::vector<Job> batch;
    for (std::size_t bytes = 0; !queue_.empty() && batch.size() < limits_.jobs;) {
      bytes += bytes_of_(queue_.front().in);
      if (!batch.empty() && bytes > limits_.bytes) break;
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    if (!queue_.empty()) added_.notify_one();
    return batch;
  }

  const Limits limits_;
  const std::function<std::size_t(const In&)> bytes_of_;
  const Process process_;
  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace platform::ingress
