#pragma once

#include <list>
#include <memory>
#include <unordered_map>

#include <holdfast/worker/live_run.hpp>

namespace holdfast::worker {

/// Parked runs that stay in memory as suspended coroutines: least recently used first out, bounded in bytes.
/// Belongs to one lane.
class RunCache {
 public:
  explicit RunCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void put(std::unique_ptr<LiveRun> live) {
    live->cached_bytes = sizeof(LiveRun) + live->run->memory_bytes() + live->info.input.capacity();
    bytes_ += live->cached_bytes;
    order_.push_back(live->info.run_id);
    live->cached_at = std::prev(order_.end());
    runs_[live->info.run_id] = std::move(live);
    while (bytes_ > max_bytes_ && !order_.empty()) take(order_.front());
  }

  /// Takes the run out, or null.
  std::unique_ptr<LiveRun> take(const Uuid& run_id) {
    const auto found = runs_.find(run_id);
    if (found == runs_.end()) return nullptr;
    auto live = std::move(found->second);
    bytes_ -= live->cached_bytes;
    order_.erase(live->cached_at);
    runs_.erase(found);
    return live;
  }

  void clear() {
    runs_.clear();
    order_.clear();
    bytes_ = 0;
  }
  std::size_t size() const { return runs_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::list<Uuid> order_;
  std::unordered_map<Uuid, std::unique_ptr<LiveRun>> runs_;
};

}  // namespace holdfast::worker
