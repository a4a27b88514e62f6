#include <ingress/vapi_settings.hpp>

#include <stdexcept>

#include <boost/json.hpp>

namespace platform::ingress {
namespace {

namespace json = boost::json;
using namespace holdfast::http;

[[noreturn]] void fail(std::string_view key, std::string_view what) {
  throw std::invalid_argument("settings.vapi: " + std::string(key) + " " + std::string(what));
}

std::string text(std::string_view key, const json::value& value) {
  if (!value.is_string() || value.get_string().empty()) fail(key, "must be a text that is not empty");
  return std::string(value.get_string());
}

bool flag(std::string_view key, const json::value& value) {
  if (!value.is_bool()) fail(key, "must be true or false");
  return value.get_bool();
}

std::vector<std::string> texts(std::string_view key, const json::value& value) {
  if (!value.is_array() || value.get_array().empty()) fail(key, "must be a list of at least one text");
  std::vector<std::string> out;
  for (const auto& entry : value.get_array()) out.push_back(text(key, entry));
  return out;
}

HashAlgorithm algorithm(std::string_view key, const json::value& value) {
  const auto name = text(key, value);
  const auto found = hash_algorithm(name);
  if (!found) fail(key, "is '" + name + "'; allowed: sha256, sha512, sha1");
  return *found;
}

SignatureEncoding encoding(std::string_view key, const json::value& value) {
  const auto name = text(key, value);
  if (name != "hex" && name != "base64") fail(key, "is '" + name + "'; allowed: hex, base64");
  return name == "hex" ? SignatureEncoding::hex : SignatureEncoding::base64;
}

/// One key of an HMAC credential, by the name that VAPI's dashboard gives it. False: there is no such key.
bool read_hmac(VapiHmac& hmac, std::string_view key, const json::value& value) {
  if (key == "algorithm")
    hmac.algorithm = algorithm(key, value);
  else if (key == "signatureHeader")
    hmac.signature_header = text(key, value);
  else if (key == "timestampHeader")
    hmac.timestamp_header = text(key, value);
  else if (key == "signaturePrefix")
    hmac.signature_prefix = text(key, value);
  else if (key == "includeTimestamp")
    hmac.include_timestamp = flag(key, value);
  else if (key == "payloadFormat")
    hmac.payload_format = text(key, value);
  else if (key == "messageIdHeader")
    hmac.message_id_header = text(key, value);
  else if (key == "signatureEncoding")
    hmac.encoding = encoding(key, value);
  else if (key == "secretIsBase64")
    hmac.secret_is_base64 = flag(key, value);
  else
    return false;
  return true;
}

VapiAuthentication defaults_of(const std::string& type) {
  if (type == "bearer" || type == "oauth2") return {.scheme = VapiScheme::bearer};
  if (type == "secret") return {.scheme = VapiScheme::secret_header};
  if (type == "hmac") return {.scheme = VapiScheme::hmac};
  if (type == "standard-webhooks") return VapiAuthentication::standard_webhooks({});
  if (type == "sample-page") return VapiAuthentication::sample_page({});
  fail("type", "is '" + type + "'; allowed: bearer, secret, oauth2, hmac, standard-webhooks, sample-page");
}

VapiCredential credential(const json::value& value) {
  if (!value.is_object()) fail("authentication", "must be an object, or a list of objects");
  const auto& object = value.get_object();
  const auto* type_value = object.if_contains("type");
  const auto type = type_value ? text("type", *type_value) : std::string("bearer");
  VapiCredential out{.authentication = defaults_of(type), .url = {}, .client_id = {}};
  auto& authentication = out.authentication;
  for (const auto& [key, entry] : object) {
    if (key == "type") continue;
    if (key == "secret")
      authentication.secrets.push_back(text(key, entry));
    else if (key == "secrets")
      for (auto& secret : texts(key, entry)) authentication.secrets.push_back(std::move(secret));
    else if (key == "url")
      out.url = text(key, entry);
    else if (key == "clientId" && type == "oauth2")
      out.client_id = text(key, entry);
    else if (authentication.scheme != VapiScheme::hmac || !read_hmac(authentication.hmac, key, entry))
      fail(key, "is not known for type " + type);
  }
  if (type == "oauth2" && out.client_id.empty()) fail("clientId", "is missing; oauth2 needs it");
  try {
    validate(authentication);
  } catch (const std::invalid_argument& error) {
    fail("authentication:", error.what());
  }
  return out;
}

std::vector<VapiCredential> credentials(const json::value& value) {
  if (!value.is_array()) return {credential(value)};
  std::vector<VapiCredential> out;
  for (const auto& entry : value.get_array()) out.push_back(credential(entry));
  return out;
}

}  // namespace

VapiSettings parse_vapi_settings(std::string_view text_of_settings) {
  boost::system::error_code error;
  const auto document = json::parse(text_of_settings, error);
  if (error || !document.is_object()) throw std::invalid_argument("settings.vapi must be an object");
  VapiSettings out;
  for (const auto& [key, value] : document.get_object()) {
    if (key == "authentication")
      out.credentials = credentials(value);
    else if (key == "assistant_id")
      out.assistant_id = text(key, value);
    else if (key == "tool_result")
      out.tool_result = text(key, value);
    else
      fail(key, "is unknown; allowed: authentication, assistant_id, tool_result");
  }
  return out;
}

}  // namespace platform::ingress
