#pragma once

#include <activities/standin/effects.hpp>
#include <activities/standin/exchange.hpp>
#include <activities/standin/standin_keys.hpp>

#include <map>
#include <mutex>
#include <set>

namespace platform::standin {

/// Stripe's POST /v1/billing/meter_events: form-encoded, whole values, unique identifiers, Idempotency-Key replay.
class StripeStandin final : public VendorModule {
 public:
  StripeStandin(const StandinKeys& keys, Effects& effects) : keys_(keys), effects_(effects) {}
  std::optional<Reply> handle(const Request& request) override;

 private:
  struct Remembered {
    std::string body;
    Reply reply;
  };

  bool is_signed_in(const Request& request) const;
  Reply record(const Fields& form);

  const StandinKeys& keys_;
  Effects& effects_;
  std::mutex mutex_;
  std::set<std::string> identifiers_;
  std::map<std::string, Remembered> by_key_;
};

}  // namespace platform::standin
