#include <holdfast/store/postgres/connection_pool.hpp>

#include <algorithm>
#include <thread>

namespace holdfast::store::postgres {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

void ConnectBackoff::wait() {
  std::unique_lock lock(mutex_);
  const auto until = next_;
  lock.unlock();
  std::this_thread::sleep_until(until);
}

void ConnectBackoff::failed() {
  const std::lock_guard lock(mutex_);
  delay_ = std::clamp(delay_ * 2, milliseconds(50), milliseconds(2000));
  next_ = steady_clock::now() + delay_;
}

void ConnectBackoff::succeeded() {
  const std::lock_guard lock(mutex_);
  delay_ = milliseconds(0);
  next_ = {};
}

ConnectionPool::Lease ConnectionPool::acquire() {
  {
    std::unique_lock lock(mutex_);
    const auto failures = failures_;
    freed_.wait(lock, [&] { return in_use_ < options_.pool_size || failures_ != failures; });
    if (in_use_ >= options_.pool_size) throw Unavailable(last_failure_);
    ++in_use_;
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(connection), true);
    }
  }
  try {
    backoff_.wait();
    auto connection = std::make_unique<Connection>(options_);
    backoff_.succeeded();
    return Lease(*this, std::move(connection), false);
  } catch (const std::exception& error) {
    backoff_.failed();
    release_slot(error.what());
    throw;
  }
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) {
  std::vector<std::unique_ptr<Connection>> dropped;  // closed outside the lock
  {
    const std::lock_guard lock(mutex_);
    --in_use_;
    // One lost session usually means that the server went away, and the others with it.
    if (connection->broken())
      dropped.swap(idle_);
    else
      idle_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

void ConnectionPool::release_slot(const char* failure) {
  {
    const std::lock_guard lock(mutex_);
    --in_use_;
    ++failures_;
    last_failure_ = failure;
  }
  freed_.notify_all();
}

}  // namespace holdfast::store::postgres
