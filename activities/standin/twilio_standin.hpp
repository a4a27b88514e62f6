#pragma once

#include <activities/standin/effects.hpp>
#include <activities/standin/exchange.hpp>
#include <activities/standin/standin_keys.hpp>

#include <ctime>
#include <mutex>
#include <vector>

namespace platform::standin {

/// Twilio's Messages resource: send, list with To, From, DateSent, PageSize. Numbers that fail as at Twilio:
/// +15005550001 is invalid (21211), +15005550004 sent STOP (21610), +15005550009 takes no SMS (21614).
class TwilioStandin final : public VendorModule {
 public:
  TwilioStandin(const StandinKeys& keys, Effects& effects) : keys_(keys), effects_(effects) {}
  std::optional<Reply> handle(const Request& request) override;

 private:
  struct Message {
    std::string sid, to, from, service, body;
    std::time_t created;
  };

  bool is_signed_in(const Request& request) const;
  Reply send(const Request& request);
  Reply list(const Request& request) const;
  boost::json::object to_json(const Message& message) const;

  const StandinKeys& keys_;
  Effects& effects_;
  mutable std::mutex mutex_;
  std::vector<Message> messages_;  // oldest first
};

}  // namespace platform::standin
