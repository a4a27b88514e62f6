#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/client/client.hpp>
#include <holdfast/http/http_server.hpp>
#include <holdfast/http/metrics.hpp>
#include <ingress/event_writer.hpp>
#include <ingress/organization_directory.hpp>
#include <ingress/stripe_events.hpp>
#include <ingress/vendor_callbacks.hpp>

namespace platform::ingress {

struct PlatformApiOptions {
  DatabaseOptions database;
  int connections = 4;                      ///< that write events; one more looks things up
  std::chrono::milliseconds timeout{3000};  ///< how long a request waits for the database, twice
  std::chrono::milliseconds remember_organizations{5000};
  /// Of Stripe's webhook endpoint (whsec_…), several while one is rotated; none: there is no such endpoint.
  std::vector<std::string> stripe_secrets{};
  CallbackSecrets callbacks{};                                       ///< of Twilio and Resend
  std::function<void(holdfast::http::MetricsText&)> more_metrics{};  ///< of whoever shares the process
};

/// The API of the platform (docs/api.md), without its sockets: answers one request at a time per thread.
/// Thread-safe. Connects when it has to, and again after the database was away.
class PlatformApi {
 public:
  PlatformApi(PlatformApiOptions options, holdfast::client::Client client);

  holdfast::http::HttpResponse answer(const holdfast::http::HttpRequest& request);

 private:
  using Response = holdfast::http::HttpResponse;
  using Request = holdfast::http::HttpRequest;

  Response route(const Request& request);
  Response ready();
  Response webhook(const Request& request, std::string_view organization);
  Response file(const Organization& organization, const Request& request);
  Response token(const Request& request, std::string_view organization);
  Response stripe(const Request& request);
  Response metrics() const;
  /// Throws UnknownOrganization, Unavailable.
  std::shared_ptr<const Organization> organization(std::string_view id);

  struct Counters {
    std::atomic<std::int64_t> stored = 0, duplicates = 0, started = 0;
    std::array<std::atomic<std::int64_t>, 600> by_status{};  ///< answers to webhooks
    holdfast::http::LatencyHistogram latency;
  };

  const PlatformApiOptions options_;
  Counters counters_;
  OrganizationDirectory directory_;
  EventWriter writer_;
  StripeEvents stripe_events_;
  VendorCallbacks callbacks_;
};

}  // namespace platform::ingress
