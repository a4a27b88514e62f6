#include <activities/vendors/resend_email_sender.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>
#include <activities/vendors/vendor_error.hpp>

#include <boost/json/serialize.hpp>

#include <holdfast/http/signature/hash.hpp>

#include <algorithm>

namespace platform::vendors {
namespace {

constexpr std::size_t kLongestKey = 256;  // Resend's limit

[[noreturn]] void throw_failure(const HttpResult& result) {
  auto fault = fault_of("resend", result);
  if (const auto body = parse_json(result.body)) {
    if (const auto name = string_member(*body, {"name"}); !name.empty()) fault.code = name;
    if (const auto message = string_member(*body, {"message"}); !message.empty()) fault.message = message;
  }
  // The one 4xx that passes: another attempt with this key is being worked on right now.
  if (fault.code == "concurrent_idempotent_requests") fault.kind = VendorErrorKind::retry;
  if (fault.code == "daily_quota_exceeded" || fault.code == "monthly_quota_exceeded") {
    fault.retry_after = std::max(fault.retry_after.value_or(std::chrono::seconds{0}),
                                 std::chrono::duration_cast<std::chrono::seconds>(std::chrono::hours{1}));
  }
  throw VendorError(std::move(fault));
}

/// One Resend account sends for every organization, and keys are only unique within an organization.
std::string key_of(const EmailMessage& message) {
  auto key = message.organization_id + "/" + message.idempotency_key;
  if (key.size() <= kLongestKey) return key;
  return "sha256:" + holdfast::http::hex_encode(holdfast::http::digest(holdfast::http::HashAlgorithm::sha256, key));
}

}  // namespace

SentMessage ResendEmailSender::send(const EmailMessage& message) {
  check_email(message);
  const boost::json::value body = {
      {"from", config_.from}, {"to", message.to}, {"subject", message.subject}, {"text", message.text}};
  HttpRequest post{.method = "POST",
                   .url = joined_url(config_.base_url, "/emails"),
                   .body = boost::json::serialize(body),
                   .deadline = config_.deadline,
                   .repeatable = true};
  post.headers.add("Authorization", "Bearer " + config_.api_key);
  post.headers.add("Content-Type", "application/json");
  post.headers.add("Idempotency-Key", key_of(message));
  const auto result = client_.send(post);
  if (result.outcome != HttpOutcome::ok) throw_failure(result);
  const auto answer = parse_json(result.body);
  const auto id = answer ? string_member(*answer, {"id"}) : std::string_view();
  if (id.empty()) {
    throw VendorError({.kind = VendorErrorKind::retry,
                       .vendor = "resend",
                       .status = result.status,
                       .code = "bad_answer",
                       .message = "the answer has no e-mail id"});
  }
  return {std::string(id)};
}

}  // namespace platform::vendors
