#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace platform {

/// Values by key, the oldest dropped first when they exceed a number of bytes or an age. Thread-safe.
template <class Key, class Value>
class BoundedCache {
 public:
  using Clock = std::chrono::steady_clock;
  using Pointer = std::shared_ptr<const Value>;

  explicit BoundedCache(std::size_t max_bytes, Clock::duration max_age = Clock::duration::max())
      : max_bytes_(max_bytes), max_age_(max_age) {}

  /// nullptr: not here, or too old.
  Pointer find(const Key& key) const {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(key);
    if (entry == entries_.end() || Clock::now() - entry->second.kept_at > max_age_) return nullptr;
    return entry->second.value;
  }

  /// Replaces what was there. `bytes` is about what the value needs.
  Pointer keep(const Key& key, Value value, std::size_t bytes) {
    auto pointer = std::make_shared<const Value>(std::move(value));
    const std::lock_guard lock(mutex_);
    drop(key);
    bytes_ += bytes;
    entries_.emplace(key, Entry{pointer, bytes, Clock::now(), oldest_first_.insert(oldest_first_.end(), key)});
    while (bytes_ > max_bytes_ && oldest_first_.size() > 1) drop(Key(oldest_first_.front()));
    return pointer;
  }

 private:
  struct Entry {
    Pointer value;
    std::size_t bytes;
    Clock::time_point kept_at;
    typename std::list<Key>::iterator age;
  };

  void drop(const Key& key) {
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) return;
    bytes_ -= entry->second.bytes;
    oldest_first_.erase(entry->second.age);
    entries_.erase(entry);
  }

  const std::size_t max_bytes_;
  const Clock::duration max_age_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;
  std::list<Key> oldest_first_;
  std::size_t bytes_ = 0;
};

}  // namespace platform
