#include <holdfast/http/signature/standard_webhooks.hpp>

#include <holdfast/http/signature/hash.hpp>

#include <algorithm>
#include <stdexcept>

namespace holdfast::http {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::string_view kVersionPrefix = "v1,";
constexpr std::size_t kLeastKeyBytes = 16;  // the standard asks for 24 to 64; older issuers use less

bool is_plain_id(std::string_view id) {
  return !id.empty() && std::ranges::all_of(id, [](char c) { return c > ' ' && c <= '~' && c != '.'; });
}

std::string signed_text(std::string_view id, std::string_view timestamp, std::string_view body) {
  std::string text;
  text.reserve(id.size() + timestamp.size() + body.size() + 2);
  text.append(id).append(".").append(timestamp).append(".").append(body);
  return text;
}

bool any_signature_matches(std::string_view list, std::string_view expected) {
  bool found = false;
  while (!list.empty()) {
    const auto end = std::min(list.find(' '), list.size());
    const auto entry = list.substr(0, end);
    if (entry.starts_with(kVersionPrefix)) {
      found |= equal_in_constant_time(entry.substr(kVersionPrefix.size()), expected);
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return found;
}

}  // namespace

std::string random_webhook_secret() { return std::string(kSecretPrefix) + base64_encode(random_bytes(32)); }

std::string webhook_key(std::string_view secret) {
  if (secret.starts_with(kSecretPrefix)) secret.remove_prefix(kSecretPrefix.size());
  std::string padded(secret);
  while (padded.size() % 4 != 0) padded += '=';  // some issuers drop the padding
  auto key = base64_decode(padded);
  if (!key) throw std::invalid_argument("webhook secret: not base64 after the optional prefix whsec_");
  if (key->size() < kLeastKeyBytes) {
    throw std::invalid_argument("webhook secret: decodes to " + std::to_string(key->size()) +
                                " bytes; at least 16 are needed");
  }
  return *std::move(key);
}

std::string sign_webhook(std::string_view secret, std::string_view id, UnixTime timestamp, std::string_view body) {
  if (!is_plain_id(id)) {
    throw std::invalid_argument("webhook id: must be printable ASCII without spaces and dots, and not empty");
  }
  const auto seconds = std::to_string(timestamp.time_since_epoch().count());
  const auto mac = hmac(HashAlgorithm::sha256, webhook_key(secret), signed_text(id, seconds, body));
  return std::string(kVersionPrefix) + base64_encode(mac);
}

HeaderList webhook_headers(std::span<const std::string> secrets, std::string_view id, UnixTime timestamp,
                           std::string_view body, const WebhookHeaderNames& names) {
  if (secrets.empty()) throw std::invalid_argument("webhook secrets: at least one is needed to sign");
  std::string signatures;
  for (const auto& secret : secrets) {
    if (!signatures.empty()) signatures += ' ';
    signatures += sign_webhook(secret, id, timestamp, body);
  }
  return {{names.id, std::string(id)},
          {names.timestamp, std::to_string(timestamp.time_since_epoch().count())},
          {names.signature, std::move(signatures)}};
}

SignatureCheck verify_webhook(std::span<const std::string> secrets, const HeaderList& headers, std::string_view body,
                              UnixTime now, std::chrono::seconds tolerance, const WebhookHeaderNames& names) {
  for (const auto* name : {&names.id, &names.timestamp, &names.signature}) {
    const auto value = headers.find(*name);
    if (!value || value->empty()) return {SignatureVerdict::missing_header, "header " + *name + " is missing"};
  }
  const auto id = *headers.find(names.id);
  const auto timestamp = *headers.find(names.timestamp);
  const auto parsed = parse_unix_time(timestamp);
  if (!parsed) return {SignatureVerdict::malformed_header, "header " + names.timestamp + " is not a Unix time"};
  if (auto check = check_timestamp(names.timestamp, *parsed, now, tolerance); !check) return check;

  const auto text = signed_text(id, timestamp, body);
  bool valid = false;  // every secret is tried, so that the time does not tell which one matched
  for (const auto& secret : secrets) {
    const auto expected = base64_encode(hmac(HashAlgorithm::sha256, webhook_key(secret), text));
    valid |= any_signature_matches(*headers.find(names.signature), expected);
  }
  if (valid) return {};
  return {SignatureVerdict::bad_signature, "no signature in " + names.signature + " matches"};
}

}  // namespace holdfast::http
