#pragma once

#include <activities/vendors/http_client.hpp>
#include <activities/vendors/usage_billing.hpp>

namespace platform::vendors {

struct StripeConfig {
  std::string base_url = "https://api.stripe.com";
  std::string api_key{};   ///< sk_… or rk_…
  std::string meter_id{};  ///< mtr_…: whose sums are read when an outcome has to be found out
  std::string event_name = "call_minutes";
  std::string version = "2025-03-31.basil";  ///< pinned: an upgrade is a change of this program
  std::chrono::milliseconds deadline{20'000};
};

/// Stripe's meter events. Codes are Stripe's, `resource_missing` and the like. A lost answer and 500, 502, 504 are
/// `unknown_outcome`; 409 and 429 are `retry`: Stripe takes one request per customer and meter at a time.
class StripeUsageBilling final : public UsageBilling {
 public:
  /// `client` must outlive this object.
  StripeUsageBilling(HttpClient& client, StripeConfig config) : client_(client), config_(std::move(config)) {}

  void report(const MeterEvent& event) override;
  std::int64_t reported(const std::string& customer_id, std::chrono::sys_seconds from,
                        std::chrono::sys_seconds to) override;
  MeterErrorReport error_report(const std::string& event_id) override;

 private:
  HttpRequest request(std::string method, const std::string& path) const;
  HttpResult get(const std::string& path);

  HttpClient& client_;
  StripeConfig config_;
};

}  // namespace platform::vendors
