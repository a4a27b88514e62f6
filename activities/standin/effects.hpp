#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace platform::standin {

/// How often something really happened at a vendor: "exactly one SMS" is one effect, whatever was answered.
/// Thread-safe.
class Effects {
 public:
  void happened(const std::string& vendor) {
    const std::lock_guard lock(mutex_);
    ++counts_[vendor];
  }
  std::int64_t count(const std::string& vendor) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(vendor);
    return found == counts_.end() ? 0 : found->second;
  }
  std::map<std::string, std::int64_t> all() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    counts_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t> counts_;
};

}  // namespace platform::standin
