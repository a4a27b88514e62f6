#include <holdfast/http/signature/twilio_signature.hpp>

#include <holdfast/http/signature/hash.hpp>

#include <algorithm>

namespace holdfast::http {
namespace {

constexpr std::string_view kHeader = "X-Twilio-Signature";

/// The URL with its default port added, or with its port removed: the other spelling of the same place.
std::string other_port_spelling(std::string_view url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return std::string(url);
  const auto host_begin = scheme_end + 3;
  const auto host_end = std::min(url.find_first_of("/?#", host_begin), url.size());
  const auto authority = url.substr(host_begin, host_end - host_begin);
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  std::string out(url.substr(0, host_begin));
  if (has_port) {
    out.append(authority.substr(0, colon));
  } else {
    out.append(authority).append(url.starts_with("https") ? ":443" : ":80");
  }
  return out.append(url.substr(host_end));
}

std::string_view query_value(std::string_view url, std::string_view name) {
  const auto question = url.find('?');
  if (question == std::string_view::npos) return {};
  auto query = url.substr(question + 1);
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto entry = query.substr(0, end);
    if (entry.starts_with(name) && entry.substr(name.size()).starts_with('=')) return entry.substr(name.size() + 1);
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

}  // namespace

std::string sign_twilio(std::string_view auth_token, std::string_view url, const FormFields& fields) {
  auto sorted = fields;
  std::ranges::sort(sorted);
  // A repeated field counts once per distinct value, as in Twilio's own libraries.
  sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
  std::string text(url);
  for (const auto& [name, value] : sorted) text.append(name).append(value);
  return base64_encode(hmac(HashAlgorithm::sha1, auth_token, text));
}

SignatureCheck verify_twilio_form(std::span<const std::string> auth_tokens, const HeaderList& headers,
                                  std::string_view url, const FormFields& fields) {
  const auto signature = headers.find(kHeader);
  if (!signature || signature->empty()) {
    return {SignatureVerdict::missing_header, "header X-Twilio-Signature is missing"};
  }
  const auto other_url = other_port_spelling(url);
  bool valid = false;
  for (const auto& token : auth_tokens) {
    if (token.empty()) continue;
    valid |= equal_in_constant_time(*signature, sign_twilio(token, url, fields));
    valid |= equal_in_constant_time(*signature, sign_twilio(token, other_url, fields));
  }
  if (valid) return {};
  return {SignatureVerdict::bad_signature, "X-Twilio-Signature does not match the URL and the form fields"};
}

SignatureCheck verify_twilio_json(std::span<const std::string> auth_tokens, const HeaderList& headers,
                                  std::string_view url, std::string_view body) {
  const auto claimed = hex_decode(query_value(url, "bodySHA256"));
  if (!claimed || claimed->empty()) {
    return {SignatureVerdict::malformed_header, "the callback URL has no bodySHA256=<hex>"};
  }
  if (!equal_in_constant_time(*claimed, digest(HashAlgorithm::sha256, body))) {
    return {SignatureVerdict::bad_signature, "bodySHA256 does not match the body"};
  }
  return verify_twilio_form(auth_tokens, headers, url, {});
}

}  // namespace holdfast::http
