#pragma once

#include <activities/standin/effects.hpp>
#include <activities/standin/exchange.hpp>
#include <activities/standin/standin_keys.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace platform::standin {

/// How the stand-in behaves beyond what requests ask for. Stripe's documents leave some of it open (docs/vendors.md).
struct StripeBehaviour {
  /// How long Stripe works on a meter event. Meanwhile another one for the customer is 429, the same key 409.
  std::chrono::milliseconds latency{0};
  int per_second = 1000;  ///< requests; more are 429
  int stored_500 = 0;     ///< so many meter events fail with 500, which their idempotency key then repeats for a day
  bool refuse_duplicates = true;  ///< a known identifier: true 400, false 200 and not counted again
};

/// Throws std::invalid_argument naming the field, its value and what is allowed.
StripeBehaviour parse_stripe_behaviour(const boost::json::object& json);

/// Stripe's billing meters: POST /v1/billing/meter_events (form-encoded, whole values, identifiers and idempotency keys
/// remembered for a day and no longer, one request per customer at a time), GET …/meters/{id}/event_summaries, and the
/// error reports of GET /v2/core/events/{id}. Customers whose id begins with kUnknownCustomer are taken and rejected
/// afterwards, as Stripe does.
class StripeStandin final : public VendorModule {
 public:
  static constexpr std::string_view kMeter = "mtr_standin";
  static constexpr std::string_view kUnknownCustomer = "cus_unknown";

  StripeStandin(const StandinKeys& keys, Effects& effects) : keys_(keys), effects_(effects) {}
  std::optional<Reply> handle(const Request& request) override;

  void configure(StripeBehaviour behaviour);
  /// Lets time go by for this vendor: identifiers and keys are forgotten, events grow old.
  void skip(std::chrono::seconds time);
  /// Takes an event back, as asynchronous validation does; returns the thin event that Stripe posts about it.
  boost::json::object reject(const std::string& identifier, const std::string& code);
  /// Thin events about rejected usage, in order.
  boost::json::array thin_events() const;
  /// What the customer's invoices are for.
  std::int64_t total(const std::string& customer) const;
  /// The same of every customer.
  std::map<std::string, std::int64_t> totals() const;

 private:
  struct MeterEvent {
    std::string identifier, customer;
    std::int64_t value = 0, timestamp = 0;
    bool counts = true;
  };
  struct Remembered {
    std::string body;
    Reply reply;
    std::int64_t at = 0;
    std::chrono::steady_clock::time_point busy_until;
  };

  bool is_signed_in(const Request& request) const;
  std::int64_t now() const;
  std::optional<Reply> too_fast();
  Reply meter_event(const Request& request);
  Reply record(const Fields& form);
  Reply summaries(const Request& request) const;
  Reply core_event(const Request& request) const;
  boost::json::object add_error(const std::string& identifier, const std::string& code);

  const StandinKeys& keys_;
  Effects& effects_;
  mutable std::mutex mutex_;
  StripeBehaviour behaviour_;
  std::int64_t skipped_ = 0;  // seconds
  std::vector<MeterEvent> events_;
  std::map<std::string, std::int64_t> identifiers_;  // when each was used
  std::map<std::string, Remembered> by_key_;
  std::map<std::string, std::chrono::steady_clock::time_point> busy_customers_;
  std::deque<std::chrono::steady_clock::time_point> recent_;  // requests of the last second
  std::vector<boost::json::object> errors_;                   // as GET /v2/core/events/{id} shows them
};

}  // namespace platform::standin
