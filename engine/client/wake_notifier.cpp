#include <holdfast/client/wake_notifier.hpp>

#include <exception>
#include <vector>

#include <holdfast/store/store.hpp>

namespace holdfast::client {

WakeNotifier::WakeNotifier(std::shared_ptr<store::Store> store, Duration interval)
    : store_(std::move(store)), interval_(interval) {}

WakeNotifier::~WakeNotifier() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void WakeNotifier::wake(std::string_view hint) {
  const std::lock_guard lock(mutex_);
  if (waiting_.contains(hint)) return;
  waiting_.emplace(hint);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  if (waiting_.size() == 1) changed_.notify_all();
}

void WakeNotifier::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::vector<std::string> hints(waiting_.begin(), waiting_.end());
    waiting_.clear();
    lock.unlock();
    try {
      store_->notify(hints);
    } catch (const std::exception&) {
      // A hint that is lost costs latency, nothing else.
    }
    lock.lock();
    changed_.wait_for(lock, interval_, [this] { return stopping_; });
  }
}

}  // namespace holdfast::client
