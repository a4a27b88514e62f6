#include <holdfast/http/bounded_thread_pool.hpp>

namespace holdfast::http {

BoundedThreadPool::BoundedThreadPool(std::size_t threads, std::size_t max_queued) : max_queued_(max_queued) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void BoundedThreadPool::enqueue(std::function<void()> job) {
  std::unique_lock lock(mutex_);
  taken_.wait(lock, [this] { return jobs_.size() < max_queued_ || stopping_; });
  jobs_.push_back(std::move(job));
  lock.unlock();
  added_.notify_one();
}

void BoundedThreadPool::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  added_.notify_all();
  taken_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void BoundedThreadPool::run() {
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      added_.wait(lock, [this] { return !jobs_.empty() || stopping_; });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    taken_.notify_one();
    job();
  }
}

}  // namespace holdfast::http
