#include <activities/vendors/curl_handle_pool.hpp>

#include <algorithm>
#include <stdexcept>

namespace platform::vendors {

CurlHandle CurlHandlePool::take(const std::string& origin) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(idle_.rbegin(), idle_.rend(), [&](const auto& e) { return e.first == origin; });
    if (found != idle_.rend()) {
      auto handle = std::move(found->second);
      idle_.erase(std::next(found).base());
      return handle;
    }
  }
  CurlHandle handle(curl_easy_init());
  if (!handle) throw std::runtime_error("libcurl could not make a handle");
  return handle;
}

void CurlHandlePool::give_back(std::string origin, CurlHandle handle) {
  CurlHandle dropped;  // closes its connections after the lock is released
  const std::lock_guard lock(mutex_);
  idle_.emplace_back(std::move(origin), std::move(handle));
  if (idle_.size() > most_idle_) {
    dropped = std::move(idle_.front().second);
    idle_.pop_front();
  }
}

}  // namespace platform::vendors
