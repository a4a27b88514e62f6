#pragma once

#include <activities/vendors/http_client.hpp>
#include <activities/vendors/sms_sender.hpp>

namespace platform::vendors {

struct TwilioConfig {
  std::string base_url = "https://api.twilio.com";
  std::string account_sid{};      ///< AC…
  std::string key_sid{};          ///< SK… of an API key; empty: the account itself signs in
  std::string secret{};           ///< the auth token, or the API key's secret
  std::string from{};             ///< a number of ours, or a messaging service (MG…)
  std::string status_callback{};  ///< where Twilio tells what became of a message; empty: nowhere
  std::chrono::milliseconds deadline{15'000};
};

/// Twilio's Messages resource. Codes are Twilio's error numbers ("21610": the recipient sent STOP).
/// A lost answer, and every 5xx except 503, is `unknown_outcome`: Twilio has no idempotency keys, so a message that
/// might exist is looked for and not sent blindly again.
class TwilioSmsSender final : public SmsSender {
 public:
  /// `client` must outlive this object.
  TwilioSmsSender(HttpClient& client, TwilioConfig config);

  SentMessage send(const SmsMessage& message) override;
  std::optional<SentMessage> find_sent(const SmsMessage& message, std::chrono::sys_seconds since) override;

 private:
  HttpClient& client_;
  TwilioConfig config_;
};

}  // namespace platform::vendors
