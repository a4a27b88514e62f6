#pragma once

#include <activities/standin/effects.hpp>
#include <activities/standin/exchange.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace platform::standin {

/// How one endpoint behaves.
struct HookBehaviour {
  std::vector<std::string> secrets{};  ///< whsec_…; empty: nothing is verified
  int status = 200;
  int times = -1;  ///< how many requests get `status`; afterwards 200. -1: all
  std::string retry_after{};
  std::string body = "{\"ok\":true}";
  std::chrono::milliseconds delay{0};
};

/// One request that an endpoint got.
struct HookDelivery {
  std::string id{};  ///< webhook-id
  std::string timestamp{};
  std::string verdict{};  ///< "valid", "unverified" (no secret), or why it was refused
  std::string body{};
  int status = 0;         ///< what was answered
  bool repeated = false;  ///< this id had been accepted before
};

/// Customers' endpoints: /hooks/<name> takes signed webhooks and keeps them. Thread-safe.
class WebhookReceiver final : public VendorModule {
 public:
  explicit WebhookReceiver(Effects& effects) : effects_(effects) {}
  std::optional<Reply> handle(const Request& request) override;

  void configure(const std::string& name, HookBehaviour behaviour);
  std::vector<HookDelivery> deliveries(const std::string& name) const;
  /// Forgets deliveries and behaviours.
  void clear();

 private:
  struct Endpoint {
    HookBehaviour behaviour;
    std::vector<HookDelivery> deliveries;
  };

  Effects& effects_;
  mutable std::mutex mutex_;
  std::map<std::string, Endpoint> endpoints_;
};

/// Reads {"secrets": [...], "status", "times", "retry_after", "body", "delay_ms"}; throws std::invalid_argument naming
/// the field.
HookBehaviour parse_hook_behaviour(const boost::json::object& json);

boost::json::object to_json(const HookDelivery& delivery);

}  // namespace platform::standin
