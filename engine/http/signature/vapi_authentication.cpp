#include <holdfast/http/signature/vapi_authentication.hpp>

#include <algorithm>
#include <stdexcept>

namespace holdfast::http {
namespace {

std::string_view format_of(const VapiHmac& hmac) {
  if (hmac.payload_format) return *hmac.payload_format;
  return hmac.include_timestamp ? "{timestamp}.{body}" : "{body}";
}

/// Calls text(part) for literal text and placeholder(name) for `{name}`, in order.
template <typename Text, typename Placeholder>
void walk_format(std::string_view format, Text text, Placeholder placeholder) {
  while (!format.empty()) {
    const auto open = std::min(format.find('{'), format.size());
    text(format.substr(0, open));
    format.remove_prefix(open);
    if (format.empty()) return;
    const auto close = format.find('}');
    if (close == std::string_view::npos) throw std::invalid_argument("payloadFormat: '{' without '}'");
    placeholder(format.substr(1, close - 1));
    format.remove_prefix(close + 1);
  }
}

std::string signed_text(const VapiHmac& hmac, const SignedRequest& request) {
  std::string out;
  const auto placeholder = [&](std::string_view name) {
    if (name == "body")
      out.append(request.body);
    else if (name == "timestamp")
      out.append(request.headers.find(hmac.timestamp_header).value_or(""));
    else if (name == "svix-id")
      out.append(request.headers.find(hmac.message_id_header).value_or(""));
    else if (name == "method")
      out.append(request.method);
    else if (name == "url")
      out.append(request.url);
    else
      throw std::invalid_argument("payloadFormat: unknown placeholder {" + std::string(name) +
                                  "}; allowed are timestamp, body, method, url, svix-id");
  };
  walk_format(format_of(hmac), [&](std::string_view text) { out.append(text); }, placeholder);
  return out;
}

std::string key_of(const VapiHmac& hmac, std::string_view secret) {
  if (!hmac.secret_is_base64) return std::string(secret);
  if (secret.starts_with("whsec_")) secret.remove_prefix(6);
  auto key = base64_decode(secret);
  if (!key || key->empty()) throw std::invalid_argument("secretIsBase64 is set, but a secret is not base64");
  return *std::move(key);
}

std::string mac_of(const VapiHmac& hmac, std::string_view secret, const SignedRequest& request) {
  return holdfast::http::hmac(hmac.algorithm, key_of(hmac, secret), signed_text(hmac, request));
}

bool any_signature_matches(const VapiHmac& hmac, std::string_view list, std::string_view mac) {
  bool found = false;
  while (!list.empty()) {
    const auto end = std::min(list.find(' '), list.size());
    auto entry = list.substr(0, end);
    if (entry.starts_with(hmac.signature_prefix)) {
      entry.remove_prefix(hmac.signature_prefix.size());
      const auto bytes = hmac.encoding == SignatureEncoding::hex ? hex_decode(entry) : base64_decode(entry);
      found |= bytes && equal_in_constant_time(*bytes, mac);
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return found;
}

SignatureCheck missing(std::string_view header) {
  return {SignatureVerdict::missing_header, "header " + std::string(header) + " is missing"};
}

SignatureCheck verify_plain(const std::vector<std::string>& secrets, std::string_view header, std::string_view value) {
  bool valid = false;
  for (const auto& secret : secrets) {
    // Digests have one length, so the time tells nothing about the length of the secret either.
    valid |= equal_in_constant_time(digest(HashAlgorithm::sha256, value), digest(HashAlgorithm::sha256, secret));
  }
  if (valid) return {};
  return {SignatureVerdict::bad_signature, "the secret in " + std::string(header) + " is wrong"};
}

SignatureCheck verify_bearer(const VapiAuthentication& authentication, const HeaderList& headers) {
  const auto value = headers.find("Authorization");
  if (!value || value->empty()) return missing("Authorization");
  const auto space = value->find(' ');
  if (space == std::string_view::npos || !equal_ignoring_case(value->substr(0, space), "bearer")) {
    return {SignatureVerdict::malformed_header, "header Authorization is not 'Bearer <secret>'"};
  }
  return verify_plain(authentication.secrets, "Authorization", trimmed(value->substr(space)));
}

SignatureCheck verify_timestamp(const VapiHmac& hmac, const HeaderList& headers, UnixTime now,
                                std::chrono::seconds tolerance) {
  const auto value = headers.find(hmac.timestamp_header);
  if (!value || value->empty()) return missing(hmac.timestamp_header);
  const auto timestamp = parse_unix_time(*value);
  if (!timestamp) {
    return {SignatureVerdict::malformed_header, "header " + hmac.timestamp_header + " is not a Unix time"};
  }
  return check_timestamp(hmac.timestamp_header, *timestamp, now, tolerance);
}

SignatureCheck verify_hmac(const VapiAuthentication& authentication, const SignedRequest& request, UnixTime now,
                           std::chrono::seconds tolerance) {
  const auto& hmac = authentication.hmac;
  const auto signature = request.headers.find(hmac.signature_header);
  if (!signature || signature->empty()) return missing(hmac.signature_header);
  if (format_of(hmac).find("{svix-id}") != std::string_view::npos && !request.headers.find(hmac.message_id_header)) {
    return missing(hmac.message_id_header);
  }
  if (hmac.include_timestamp) {
    if (auto check = verify_timestamp(hmac, request.headers, now, tolerance); !check) return check;
  }
  bool valid = false;
  for (const auto& secret : authentication.secrets) {
    valid |= any_signature_matches(hmac, *signature, mac_of(hmac, secret, request));
  }
  if (valid) return {};
  return {SignatureVerdict::bad_signature, "no signature in " + hmac.signature_header + " matches"};
}

void validate_hmac(const VapiAuthentication& authentication) {
  const auto& hmac = authentication.hmac;
  if (hmac.signature_header.empty()) throw std::invalid_argument("signatureHeader: must not be empty");
  if (hmac.include_timestamp && hmac.timestamp_header.empty()) {
    throw std::invalid_argument("timestampHeader: must not be empty while includeTimestamp is true");
  }
  const HeaderList none;
  signed_text(hmac, {.method = "", .url = "", .headers = none, .body = ""});  // throws for unknown placeholders
  if (format_of(hmac).find("{body}") == std::string_view::npos) {
    throw std::invalid_argument("payloadFormat: '" + std::string(format_of(hmac)) + "' does not sign the {body}");
  }
  for (const auto& secret : authentication.secrets) key_of(hmac, secret);
}

}  // namespace

VapiAuthentication VapiAuthentication::standard_webhooks(std::vector<std::string> secrets) {
  VapiHmac hmac;
  hmac.signature_header = "webhook-signature";
  hmac.timestamp_header = "webhook-timestamp";
  hmac.message_id_header = "webhook-id";
  hmac.signature_prefix = "v1,";
  hmac.payload_format = "{svix-id}.{timestamp}.{body}";
  hmac.encoding = SignatureEncoding::base64;
  hmac.secret_is_base64 = true;
  return {VapiScheme::hmac, std::move(secrets), std::move(hmac)};
}

VapiAuthentication VapiAuthentication::sample_page(std::vector<std::string> secrets) {
  VapiHmac hmac;
  hmac.signature_header = "x-vapi-signature";
  hmac.signature_prefix = "sha256=";
  hmac.include_timestamp = false;
  return {VapiScheme::hmac, std::move(secrets), std::move(hmac)};
}

void validate(const VapiAuthentication& authentication) {
  if (authentication.secrets.empty()) throw std::invalid_argument("secrets: at least one is needed");
  for (const auto& secret : authentication.secrets) {
    if (secret.empty()) throw std::invalid_argument("secrets: must not be empty");
  }
  if (authentication.scheme == VapiScheme::hmac) validate_hmac(authentication);
}

SignatureCheck verify_vapi(const VapiAuthentication& authentication, const SignedRequest& request, UnixTime now,
                           std::chrono::seconds tolerance) {
  validate(authentication);
  if (authentication.scheme == VapiScheme::bearer) return verify_bearer(authentication, request.headers);
  if (authentication.scheme == VapiScheme::hmac) return verify_hmac(authentication, request, now, tolerance);
  const auto secret = request.headers.find("X-Vapi-Secret");
  if (!secret || secret->empty()) return missing("X-Vapi-Secret");
  return verify_plain(authentication.secrets, "X-Vapi-Secret", *secret);
}

std::string sign_vapi(const VapiHmac& hmac, std::string_view secret, const SignedRequest& request) {
  const auto mac = mac_of(hmac, secret, request);
  return hmac.signature_prefix + (hmac.encoding == SignatureEncoding::hex ? hex_encode(mac) : base64_encode(mac));
}

}  // namespace holdfast::http
