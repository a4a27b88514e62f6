#pragma once

#include <activities/vendors/http_client.hpp>
#include <activities/vendors/phone_numbers.hpp>
#include <activities/vendors/twilio_sms_sender.hpp>

namespace platform::vendors {

/// Twilio's AvailablePhoneNumbers and IncomingPhoneNumbers. The organization's id is the number's friendly name, by
/// which a number whose answer was lost is found again.
class TwilioPhoneNumbers final : public PhoneNumbers {
 public:
  /// `client` must outlive this object.
  TwilioPhoneNumbers(HttpClient& client, TwilioConfig config) : client_(client), config_(std::move(config)) {}

  std::string provider() const override { return "twilio"; }
  PhoneNumber provision(const std::string& organization_id, const std::string& country) override;
  std::vector<PhoneNumber> find(const std::string& organization_id) override;
  void release(const std::string& id) override;

 private:
  std::string available(const std::string& country);

  HttpClient& client_;
  TwilioConfig config_;
};

}  // namespace platform::vendors
