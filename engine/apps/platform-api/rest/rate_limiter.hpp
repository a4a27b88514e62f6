#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>

namespace platform::rest {

/// So many requests per second and key, with a burst of twice that; per process. Thread-safe.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  explicit RateLimiter(double per_second) : per_second_(per_second) {}

  /// Zero: go on. Otherwise how long until the next request may come.
  std::chrono::milliseconds take(const std::string& key, Clock::time_point now = Clock::now());

 private:
  struct Bucket {
    double tokens;
    Clock::time_point filled_at;
  };
  const double per_second_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace platform::rest
