#pragma once

#include <activities/vendors/outbox.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace platform::vendors {

struct SmsMessage {
  std::string organization_id{};
  std::string idempotency_key{};  ///< names the message; only the local outbox can use it
  std::string to{};               ///< E.164: '+' and 8 to 15 digits
  std::string body{};             ///< 1 to 1600 characters of UTF-8
};

struct SentMessage {
  std::string id;  ///< the vendor's
};

/// Sends text messages. Thread-safe. Failures are VendorError.
class SmsSender {
 public:
  virtual ~SmsSender() = default;

  /// Sends once, without any repetition of its own. After `unknown_outcome` call find_sent() before send() again:
  /// the vendor has no idempotency keys.
  virtual SentMessage send(const SmsMessage& message) = 0;

  /// The message with this recipient and body among those that the vendor took at or after `since`.
  virtual std::optional<SentMessage> find_sent(const SmsMessage& message, std::chrono::sys_seconds since) = 0;
};

/// Throws VendorError (permanent, codes invalid_to and invalid_body) for a message that no vendor would take.
void check_sms(const SmsMessage& message);

/// Records messages instead of sending them.
class LocalSmsSender final : public SmsSender {
 public:
  explicit LocalSmsSender(OutboxSink sink) : sink_(std::move(sink)) {}

  SentMessage send(const SmsMessage& message) override;
  /// Nothing: recording is idempotent, so send() again is always right.
  std::optional<SentMessage> find_sent(const SmsMessage&, std::chrono::sys_seconds) override { return std::nullopt; }

 private:
  OutboxSink sink_;
};

}  // namespace platform::vendors
