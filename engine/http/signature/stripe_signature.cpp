#include <holdfast/http/signature/stripe_signature.hpp>

#include <holdfast/http/signature/hash.hpp>

#include <algorithm>
#include <vector>

namespace holdfast::http {
namespace {

constexpr std::string_view kHeader = "Stripe-Signature";

struct StripeHeader {
  std::string_view timestamp;
  std::vector<std::string_view> signatures;
};

StripeHeader parse(std::string_view value) {
  StripeHeader header;
  while (!value.empty()) {
    const auto end = std::min(value.find(','), value.size());
    const auto entry = trimmed(value.substr(0, end));
    if (entry.starts_with("t=") && header.timestamp.empty()) header.timestamp = entry.substr(2);
    if (entry.starts_with("v1=")) header.signatures.push_back(entry.substr(3));
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return header;
}

std::string signature_of(std::string_view secret, std::string_view timestamp, std::string_view body) {
  std::string text(timestamp);
  text.append(".").append(body);
  return hex_encode(hmac(HashAlgorithm::sha256, secret, text));
}

}  // namespace

std::string sign_stripe(std::string_view secret, UnixTime timestamp, std::string_view body) {
  const auto seconds = std::to_string(timestamp.time_since_epoch().count());
  return "t=" + seconds + ",v1=" + signature_of(secret, seconds, body);
}

SignatureCheck verify_stripe(std::span<const std::string> secrets, const HeaderList& headers, std::string_view body,
                             UnixTime now, std::chrono::seconds tolerance) {
  const auto value = headers.find(kHeader);
  if (!value || value->empty()) return {SignatureVerdict::missing_header, "header Stripe-Signature is missing"};
  const auto header = parse(*value);
  const auto timestamp = parse_unix_time(header.timestamp);
  if (!timestamp) return {SignatureVerdict::malformed_header, "header Stripe-Signature has no t=<Unix time>"};
  if (header.signatures.empty()) return {SignatureVerdict::malformed_header, "header Stripe-Signature has no v1="};
  if (auto check = check_timestamp(kHeader, *timestamp, now, tolerance); !check) return check;

  bool valid = false;
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;  // an unset secret must never be a key that everyone knows
    const auto expected = signature_of(secret, header.timestamp, body);
    for (const auto signature : header.signatures) valid |= equal_in_constant_time(signature, expected);
  }
  if (valid) return {};
  return {SignatureVerdict::bad_signature, "no v1 signature in Stripe-Signature matches"};
}

}  // namespace holdfast::http
