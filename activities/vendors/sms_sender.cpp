#include <activities/vendors/sms_sender.hpp>

#include <activities/vendors/vendor_error.hpp>

#include <algorithm>

namespace platform::vendors {
namespace {

constexpr std::size_t kLongestSms = 1600;

bool is_e164(std::string_view number) {
  if (!number.starts_with('+')) return false;
  number.remove_prefix(1);
  return number.size() >= 8 && number.size() <= 15 && number[0] != '0' &&
         number.find_first_not_of("0123456789") == std::string_view::npos;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

[[noreturn]] void refuse(std::string code, std::string message) {
  throw VendorError(
      {.kind = VendorErrorKind::permanent, .vendor = "sms", .code = std::move(code), .message = std::move(message)});
}

}  // namespace

void check_sms(const SmsMessage& message) {
  if (!is_e164(message.to)) {
    refuse("invalid_to", "to: '" + message.to + "' is not a phone number like +14155550123");
  }
  const auto length = characters(message.body);
  if (length == 0 || length > kLongestSms) {
    refuse("invalid_body", "body: has " + std::to_string(length) + " characters; 1 to 1600 are allowed");
  }
}

SentMessage LocalSmsSender::send(const SmsMessage& message) {
  check_sms(message);
  sink_({.channel = "sms",
         .organization_id = message.organization_id,
         .idempotency_key = message.idempotency_key,
         .recipient = message.to,
         .subject = {},
         .body = message.body});
  return {outbox_id("sms", message.idempotency_key)};
}

}  // namespace platform::vendors
