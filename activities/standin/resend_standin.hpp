#pragma once

#include <activities/standin/effects.hpp>
#include <activities/standin/exchange.hpp>
#include <activities/standin/standin_keys.hpp>

#include <map>
#include <mutex>

namespace platform::standin {

/// Resend's POST /emails with idempotency keys (kept for as long as the stand-in lives), and GET /emails/{id}.
class ResendStandin final : public VendorModule {
 public:
  ResendStandin(const StandinKeys& keys, Effects& effects) : keys_(keys), effects_(effects) {}
  std::optional<Reply> handle(const Request& request) override;

 private:
  struct Remembered {
    std::string body;
    std::string id;
  };

  Reply send(const Request& request);
  Reply show(std::string_view id) const;

  const StandinKeys& keys_;
  Effects& effects_;
  mutable std::mutex mutex_;
  std::map<std::string, Remembered> by_key_;
  std::map<std::string, boost::json::object, std::less<>> by_id_;
};

}  // namespace platform::standin
