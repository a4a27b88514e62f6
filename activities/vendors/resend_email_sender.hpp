#pragma once

#include <activities/vendors/email_sender.hpp>
#include <activities/vendors/http_client.hpp>

namespace platform::vendors {

struct ResendConfig {
  std::string base_url = "https://api.resend.com";
  std::string api_key{};  ///< re_…
  std::string from{};     ///< `Name <address@verified.domain>`
  std::chrono::milliseconds deadline{15'000};
};

/// Resend's POST /emails with an Idempotency-Key. Codes are Resend's error names. Quota errors are `retry` with at
/// least an hour's `retry_after`; a key that was used with other content is permanent.
class ResendEmailSender final : public EmailSender {
 public:
  /// `client` must outlive this object.
  ResendEmailSender(HttpClient& client, ResendConfig config) : client_(client), config_(std::move(config)) {}
  SentMessage send(const EmailMessage& message) override;

 private:
  HttpClient& client_;
  ResendConfig config_;
};

}  // namespace platform::vendors
