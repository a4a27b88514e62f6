#include <ingress/oauth_tokens.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include <boost/json.hpp>

#include <holdfast/http/signature/hash.hpp>

namespace platform::ingress {
namespace {

using namespace holdfast::http;

std::string mac_of(const holdfast::Uuid& organization, std::string_view secret, std::string_view expires) {
  return hex_encode(
      hmac(HashAlgorithm::sha256, secret, "token:" + organization.to_string() + ":" + std::string(expires)));
}

std::string form_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (const auto byte =
                   text[i] == '%' && i + 2 < text.size() ? hex_decode(text.substr(i + 1, 2)) : std::nullopt) {
      out += *byte;
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::map<std::string, std::string> form_of(std::string_view body) {
  std::map<std::string, std::string> out;
  while (!body.empty()) {
    const auto field = body.substr(0, body.find('&'));
    const auto equals = std::min(field.find('='), field.size());
    out[form_decoded(field.substr(0, equals))] = form_decoded(field.substr(std::min(equals + 1, field.size())));
    body.remove_prefix(std::min(field.size() + 1, body.size()));
  }
  return out;
}

/// From `Authorization: Basic`, where both are form-encoded (RFC 6749, 2.3.1), or from the form.
std::pair<std::string, std::string> client_of(const HttpRequest& request, std::map<std::string, std::string>& form) {
  const auto header = request.headers.find("Authorization");
  if (!header || header->size() < 6 || !equal_ignoring_case(header->substr(0, 6), "basic "))
    return {form["client_id"], form["client_secret"]};
  const auto decoded = base64_decode(trimmed(header->substr(6))).value_or("");
  const auto colon = std::min(decoded.find(':'), decoded.size());
  return {form_decoded(std::string_view(decoded).substr(0, colon)),
          form_decoded(std::string_view(decoded).substr(std::min(colon + 1, decoded.size())))};
}

HttpResponse oauth_error(int status, std::string_view code) {
  HttpResponse out{.status = status, .body = boost::json::serialize(boost::json::object{{"error", code}})};
  out.headers.add("Cache-Control", "no-store");
  if (status == 401) out.headers.add("WWW-Authenticate", "Basic");
  return out;
}

}  // namespace

std::string make_access_token(const holdfast::Uuid& organization, std::string_view client_secret,
                              std::chrono::sys_seconds expires) {
  const auto text = std::to_string(expires.time_since_epoch().count());
  return "v1." + text + "." + mac_of(organization, client_secret, text);
}

SignatureCheck verify_access_token(const holdfast::Uuid& organization, const VapiCredential& credential,
                                   const HeaderList& headers, std::chrono::sys_seconds now) {
  const auto value = headers.find("Authorization");
  if (!value || value->empty()) return {SignatureVerdict::missing_header, "header Authorization is missing"};
  const SignatureCheck bad{SignatureVerdict::bad_signature, "the access token is not one of ours"};
  if (value->size() < 7 || !equal_ignoring_case(value->substr(0, 7), "bearer "))
    return {SignatureVerdict::malformed_header, "header Authorization is not 'Bearer <token>'"};
  auto token = trimmed(value->substr(7));
  if (!token.starts_with("v1.")) return bad;
  token.remove_prefix(3);
  const auto dot = token.find('.');
  if (dot == std::string_view::npos) return bad;
  const auto expires = token.substr(0, dot);
  bool valid = false;
  for (const auto& secret : credential.authentication.secrets)
    valid |= equal_in_constant_time(mac_of(organization, secret, expires), token.substr(dot + 1));
  if (!valid) return bad;
  std::int64_t seconds = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  if (seconds < now.time_since_epoch().count())
    return {SignatureVerdict::stale_timestamp, "the access token has expired"};
  return {};
}

HttpResponse issue_token(const Organization& organization, const HttpRequest& request, std::chrono::sys_seconds now) {
  auto form = form_of(request.body);
  if (form["grant_type"] != "client_credentials") return oauth_error(400, "unsupported_grant_type");
  const auto [id, secret] = client_of(request, form);
  for (const auto& credential : organization.vapi.credentials) {
    if (!credential.is_oauth2() || credential.client_id != id) continue;
    for (const auto& known : credential.authentication.secrets) {
      if (!equal_in_constant_time(digest(HashAlgorithm::sha256, known), digest(HashAlgorithm::sha256, secret)))
        continue;
      HttpResponse out{.body = boost::json::serialize(boost::json::object{
                           {"access_token", make_access_token(organization.id, known, now + kTokenLifetime)},
                           {"token_type", "Bearer"},
                           {"expires_in", kTokenLifetime.count()}})};
      out.headers.add("Cache-Control", "no-store");
      return out;
    }
  }
  return oauth_error(401, "invalid_client");
}

}  // namespace platform::ingress
