#pragma once

#include <curl/curl.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace platform::vendors {

struct CurlHandleDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlHandleDeleter>;

/// Idle curl handles, each of which keeps its connections open. A caller gets a handle that last served the same
/// origin when there is one, so connections are reused without sharing a handle between threads. Thread-safe.
class CurlHandlePool {
 public:
  explicit CurlHandlePool(std::size_t most_idle) : most_idle_(most_idle) {}

  /// Throws std::runtime_error if curl cannot make a handle.
  CurlHandle take(const std::string& origin);
  void give_back(std::string origin, CurlHandle handle);

 private:
  std::size_t most_idle_;
  std::mutex mutex_;
  std::deque<std::pair<std::string, CurlHandle>> idle_;  // oldest first
};

}  // namespace platform::vendors
