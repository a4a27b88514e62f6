#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace holdfast::store::postgres {

/// What a store knows of limits from its last looks, so that claims cost nothing more where nothing is limited. Limits
/// of keys are not known here: tasks with keys are told by their rows. Thread-safe.
class KnownLimits {
 public:
  /// A look at these queues found limits of some of them; `keys`: and tasks with keys.
  void saw(std::span<const std::string> queues, const std::vector<std::string>& limited, bool keys) {
    const std::lock_guard lock(mutex_);
    for (const auto& queue : queues) limited_[queue] = std::ranges::find(limited, queue) != limited.end();
    keys_ = keys_ || keys;
  }
  /// A limit was changed through this store: the next claim looks.
  void forget() {
    const std::lock_guard lock(mutex_);
    limited_.clear();
  }
  /// Whether limits may have to do with claims from these queues. True while they were not looked at.
  bool concern(std::span<const std::string> queues) const {
    const std::lock_guard lock(mutex_);
    return keys_ || std::ranges::any_of(queues, [this](const std::string& queue) {
             const auto found = limited_.find(queue);
             return found == limited_.end() || found->second;
           });
  }
  /// Whether all of them were looked at.
  bool know(std::span<const std::string> queues) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::all_of(queues, [this](const std::string& queue) { return limited_.contains(queue); });
  }
  bool is_limited(const std::string& queue) const {
    const std::lock_guard lock(mutex_);
    const auto found = limited_.find(queue);
    return found != limited_.end() && found->second;
  }
  std::vector<std::string> unlimited(const std::vector<std::string>& queues) const {
    std::vector<std::string> out;
    std::ranges::copy_if(queues, std::back_inserter(out), [this](const auto& queue) { return !is_limited(queue); });
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, bool> limited_;
  bool keys_ = false;
};

}  // namespace holdfast::store::postgres
