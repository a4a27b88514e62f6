#include <rest/rate_limiter.hpp>

#include <algorithm>
#include <cmath>

namespace platform::rest {
namespace {

constexpr std::size_t kMostKeys = 10'000;  // then all begin anew: a little too lenient, and bounded

}  // namespace

std::chrono::milliseconds RateLimiter::take(const std::string& key, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kMostKeys && !buckets_.contains(key)) buckets_.clear();
  const double most = per_second_ * 2;
  auto& bucket = buckets_.try_emplace(key, most, now).first->second;
  const double passed = std::chrono::duration<double>(now - bucket.filled_at).count();
  bucket.tokens = std::min(most, bucket.tokens + std::max(passed, 0.0) * per_second_);
  bucket.filled_at = now;
  if (bucket.tokens < 1)
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil((1 - bucket.tokens) / per_second_ * 1000)));
  bucket.tokens -= 1;
  return std::chrono::milliseconds(0);
}

}  // namespace platform::rest
