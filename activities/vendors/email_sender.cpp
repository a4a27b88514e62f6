#include <activities/vendors/email_sender.hpp>

#include <activities/vendors/vendor_error.hpp>

#include <algorithm>

namespace platform::vendors {
namespace {

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool looks_like_address(std::string_view address) {
  const auto at = address.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < address.size() && address.size() <= 320 &&
         !has_control_characters(address) && address.find_first_of(" ,;<>") == std::string_view::npos;
}

[[noreturn]] void refuse(std::string code, std::string message) {
  throw VendorError(
      {.kind = VendorErrorKind::permanent, .vendor = "email", .code = std::move(code), .message = std::move(message)});
}

}  // namespace

void check_email(const EmailMessage& message) {
  if (!looks_like_address(message.to)) refuse("invalid_to", "to: '" + message.to + "' is not an e-mail address");
  if (message.subject.empty() || message.subject.size() > 998 || has_control_characters(message.subject)) {
    refuse("invalid_subject", "subject: must have 1 to 998 bytes and no line breaks");
  }
  const auto key_size = message.idempotency_key.size();
  if (key_size == 0 || key_size > 256 || has_control_characters(message.idempotency_key)) {
    refuse("invalid_idempotency_key", "idempotency_key: must have 1 to 256 characters and no line breaks");
  }
}

SentMessage LocalEmailSender::send(const EmailMessage& message) {
  check_email(message);
  sink_({.channel = "email",
         .organization_id = message.organization_id,
         .idempotency_key = message.idempotency_key,
         .recipient = message.to,
         .subject = message.subject,
         .body = message.text});
  return {outbox_id("email", message.idempotency_key)};
}

}  // namespace platform::vendors
