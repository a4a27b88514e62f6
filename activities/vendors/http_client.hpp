#pragma once

#include <holdfast/http/signature/header_list.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace platform::vendors {

using holdfast::http::HeaderList;

/// What the caller may do next after one request.
enum class HttpOutcome {
  ok,               ///< 2xx
  retry,            ///< nothing happened, or the server asks to come again: 408, 425, 429, 5xx, or never sent
  permanent,        ///< repeating cannot help: other 4xx, 3xx (never followed), a URL that we refuse
  unknown_outcome,  ///< the request was sent and no whole answer came: the effect may have happened
};

struct HttpRequest {
  std::string method = "GET";
  std::string url{};
  HeaderList headers{};
  std::string body{};
  std::chrono::milliseconds deadline{30'000};  ///< for everything: name resolution, connecting, sending, the answer
  std::size_t max_response_bytes = 8 << 20;    ///< more is cut off, see HttpResult::body_truncated
  /// The server treats a repetition as one request (GET, an idempotency key): a lost answer is then `retry` instead of
  /// `unknown_outcome`. The client itself never sends a request with a body twice.
  bool repeatable = false;
};

struct HttpResult {
  HttpOutcome outcome = HttpOutcome::retry;
  int status = 0;  ///< 0: no answer
  HeaderList headers{};
  std::string body{};
  bool body_truncated = false;
  std::optional<std::chrono::seconds> retry_after{};  ///< from Retry-After, seconds or date; never negative
  std::chrono::microseconds latency{0};
  /// Empty when `ok`. A stable word: `timeout`, `connection_failed`, `name_not_resolved`, `connection_lost`,
  /// `tls_failed`, `address_refused`, `url_refused`, `answer_too_large`, or `http_<status>`.
  std::string error_code{};
  std::string error{};  ///< the same for people; holds no header values and no query
};

/// Sends one HTTP request. Implementations are thread-safe, never follow redirects, and report every network or
/// HTTP failure in the result. They throw std::invalid_argument only for a request that the caller built wrong
/// (method or header that is not HTTP).
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual HttpResult send(const HttpRequest& request) = 0;
};

}  // namespace platform::vendors
