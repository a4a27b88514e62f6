#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <holdfast/client/client.hpp>
#include <ingress/batch_threads.hpp>
#include <ingress/database_session.hpp>

namespace platform::ingress {

/// What the ingress reads of one of Stripe's events.
struct StripeEvent {
  std::string id, type;
  std::string body;  ///< exactly the bytes that were signed

  /// Usage that Stripe had taken does not count: somebody has to find out which.
  bool reports_meter_errors() const {
    return type == "v1.billing.meter.error_report_triggered" || type == "v1.billing.meter.no_meter_found";
  }
};

/// Throws BadMessage: not JSON, no id or type, a value that cannot be kept.
StripeEvent parse_stripe_event(std::string_view body);

/// Files Stripe's events and starts the MeterErrors run of those that report errors, in one transaction. Thread-safe.
class StripeEvents {
 public:
  StripeEvents(const DatabaseOptions& database, holdfast::client::Client client);

  /// False: a repeated delivery. Returns when the event is durable; throws Unavailable.
  bool file(StripeEvent event, std::chrono::milliseconds timeout);

 private:
  using Threads = BatchThreads<StripeEvent, bool>;
  bool commit(const StripeEvent& event);

  const holdfast::client::Client client_;
  DatabaseSession session_;  // of the only thread
  Threads threads_;          // last: ends first
};

}  // namespace platform::ingress
