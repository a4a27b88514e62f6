#pragma once

#include <activities/vendors/outbox.hpp>
#include <activities/vendors/sms_sender.hpp>

#include <string>

namespace platform::vendors {

struct EmailMessage {
  std::string organization_id{};
  std::string idempotency_key{};  ///< 1 to 256 characters, for example `call.completed/<call id>`
  std::string to{};
  std::string subject{};
  std::string text{};  ///< plain text; must be the same bytes in every attempt with the same key
};

/// Sends e-mail. Thread-safe. Failures are VendorError; the kind is never `unknown_outcome`, because repeating with
/// the same key sends once (Resend remembers keys for 24 hours).
class EmailSender {
 public:
  virtual ~EmailSender() = default;
  virtual SentMessage send(const EmailMessage& message) = 0;
};

/// Throws VendorError (permanent; codes invalid_to, invalid_subject, invalid_idempotency_key).
void check_email(const EmailMessage& message);

/// Records messages instead of sending them.
class LocalEmailSender final : public EmailSender {
 public:
  explicit LocalEmailSender(OutboxSink sink) : sink_(std::move(sink)) {}
  SentMessage send(const EmailMessage& message) override;

 private:
  OutboxSink sink_;
};

}  // namespace platform::vendors
