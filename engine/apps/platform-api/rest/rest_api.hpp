#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <activities/vendors/embedder.hpp>
#include <activities/vendors/network_policy.hpp>
#include <activities/vendors/ngram_embedder.hpp>
#include <holdfast/client/client.hpp>
#include <holdfast/http/http_server.hpp>
#include <holdfast/http/metrics.hpp>
#include <ingress/database_session.hpp>
#include <rest/rate_limiter.hpp>
#include <rest/router.hpp>
#include <rest/session_pool.hpp>

namespace platform::rest {

struct RestOptions {
  ingress::DatabaseOptions database;
  int connections = 4;
  std::chrono::milliseconds patience{2000};  ///< how long a request waits for a connection
  double requests_per_second = 50;           ///< per key; twice as many at once
  std::string operator_key;                  ///< empty: the routes of operators are closed
  std::string public_url;                    ///< of this API, for links in e-mails; empty: links are left out
  vendors::NetworkPolicy webhook_network{};  ///< what customers' endpoints may be
  /// For questions of searches; never nullptr. Must be the one that the workers embed texts with.
  std::shared_ptr<vendors::Embedder> embedder = std::make_shared<vendors::NgramEmbedder>();
};

/// The REST API of the platform's customers, everything under /v1/ (docs/api.md), without its sockets. One transaction
/// per request, in which the tenant is that of the API key and row-level security holds. Thread-safe.
class RestApi {
 public:
  RestApi(RestOptions options, holdfast::client::Client client);

  static bool takes(std::string_view path) { return path.starts_with("/v1/") || path == "/v1"; }
  holdfast::http::HttpResponse answer(const holdfast::http::HttpRequest& request);
  void add_metrics(holdfast::http::MetricsText& text) const;

 private:
  using Request = holdfast::http::HttpRequest;
  using Response = holdfast::http::HttpResponse;

  Response respond(const Request& request);
  Response run(const Match& match, const Request& request);
  /// Checks the key and sets the tenant of the transaction.
  void authenticate(Call& call, Access access) const;
  void check_operator(const Request& request) const;
  void limit(const Request& request, Access access);

  const RestOptions options_;
  const holdfast::client::Client client_;
  Router router_;
  RateLimiter limiter_;
  SessionPool sessions_;
  std::array<std::atomic<std::int64_t>, 600> by_status_{};
  holdfast::http::LatencyHistogram latency_;
};

}  // namespace platform::rest
