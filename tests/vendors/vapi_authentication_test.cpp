#include <holdfast/http/signature/vapi_authentication.hpp>

#include <holdfast/http/signature/standard_webhooks.hpp>

#include <gtest/gtest.h>

namespace holdfast::http {
namespace {

const UnixTime kTime{std::chrono::seconds{1700000000}};
const std::string kSecret = "vapi-test-secret";
const std::string kBody = R"({"message":{"type":"status-update","status":"ended"}})";
const std::string kMac = "8273cc1220947173bb6adf66e79df877b86fd6a3f1d28f60f1558c7f806178a2";

SignatureVerdict verdict(const VapiAuthentication& authentication, const HeaderList& headers,
                         std::string_view body = kBody, UnixTime now = kTime) {
  return verify_vapi(authentication, {"POST", "https://api.example.com/vapi", headers, body}, now).verdict;
}

VapiAuthentication with_hmac(VapiHmac hmac = {}, std::vector<std::string> secrets = {kSecret}) {
  return {VapiScheme::hmac, std::move(secrets), std::move(hmac)};
}

TEST(VapiAuthentication, BearerTokenIsTheDefault) {
  const VapiAuthentication bearer{.scheme = VapiScheme::bearer, .secrets = {"old", kSecret}};
  EXPECT_EQ(verdict(bearer, {{"authorization", "Bearer vapi-test-secret"}}), SignatureVerdict::valid);
  EXPECT_EQ(verdict(bearer, {{"Authorization", "bearer old"}}), SignatureVerdict::valid);
  EXPECT_EQ(verdict(bearer, {{"Authorization", "Bearer vapi-test-secre"}}), SignatureVerdict::bad_signature);
  EXPECT_EQ(verdict(bearer, {{"Authorization", "Bearer "}}), SignatureVerdict::bad_signature);
  EXPECT_EQ(verdict(bearer, {{"Authorization", "vapi-test-secret"}}), SignatureVerdict::malformed_header);
  EXPECT_EQ(verdict(bearer, {{"X-Vapi-Secret", kSecret}}), SignatureVerdict::missing_header);
}

TEST(VapiAuthentication, LegacySecretHeaderHasNoPrefix) {
  const VapiAuthentication legacy{.scheme = VapiScheme::secret_header, .secrets = {kSecret}};
  EXPECT_EQ(verdict(legacy, {{"X-Vapi-Secret", kSecret}}), SignatureVerdict::valid);
  EXPECT_EQ(verdict(legacy, {{"X-Vapi-Secret", "Bearer " + kSecret}}), SignatureVerdict::bad_signature);
  EXPECT_EQ(verdict(legacy, {}), SignatureVerdict::missing_header);
}

TEST(VapiAuthentication, HmacWithDefaultsMatchesTheVector) {
  EXPECT_EQ(verdict(with_hmac(), {{"x-signature", kMac}, {"x-timestamp", "1700000000"}}), SignatureVerdict::valid);
  EXPECT_EQ(verdict(with_hmac(), {{"x-signature", kMac}, {"x-timestamp", "1700000000"}}, kBody + " "),
            SignatureVerdict::bad_signature);
  EXPECT_EQ(verdict(with_hmac(), {{"x-signature", kMac}, {"x-timestamp", "1700000001"}}),
            SignatureVerdict::bad_signature);
  EXPECT_EQ(verdict(with_hmac({}, {"other"}), {{"x-signature", kMac}, {"x-timestamp", "1700000000"}}),
            SignatureVerdict::bad_signature);
}

TEST(VapiAuthentication, HmacRefusalsAreTyped) {
  EXPECT_EQ(verdict(with_hmac(), {{"x-timestamp", "1700000000"}}), SignatureVerdict::missing_header);
  EXPECT_EQ(verdict(with_hmac(), {{"x-signature", kMac}}), SignatureVerdict::missing_header);
  EXPECT_EQ(verdict(with_hmac(), {{"x-signature", kMac}, {"x-timestamp", "now"}}), SignatureVerdict::malformed_header);
  const HeaderList good{{"x-signature", kMac}, {"x-timestamp", "1700000000"}};
  EXPECT_EQ(verdict(with_hmac(), good, kBody, kTime + std::chrono::seconds{301}), SignatureVerdict::stale_timestamp);
  EXPECT_EQ(verdict(with_hmac(), good, kBody, kTime - std::chrono::seconds{301}), SignatureVerdict::stale_timestamp);
  EXPECT_EQ(verdict(with_hmac(), {{"x-signature", "zz"}, {"x-timestamp", "1700000000"}}),
            SignatureVerdict::bad_signature);
}

struct Variant {
  const char* name;
  VapiHmac hmac;
  std::string secret = kSecret;
  std::string timestamp = "1700000000";
};

std::vector<Variant> variants() {
  std::vector<Variant> out;
  out.push_back({.name = "sha1", .hmac = {.algorithm = HashAlgorithm::sha1}});
  out.push_back({.name = "sha512", .hmac = {.algorithm = HashAlgorithm::sha512}});
  out.push_back({.name = "base64", .hmac = {.encoding = SignatureEncoding::base64}});
  out.push_back({.name = "prefix", .hmac = {.signature_prefix = "sha256="}});
  out.push_back({.name = "own headers", .hmac = {.signature_header = "X-Sig", .timestamp_header = "X-When"}});
  out.push_back({.name = "milliseconds", .hmac = {}, .timestamp = "1700000000123"});
  out.push_back({.name = "no timestamp", .hmac = {.include_timestamp = false}});
  out.push_back({.name = "base64 secret", .hmac = {.secret_is_base64 = true}, .secret = "dmFwaS10ZXN0LXNlY3JldA=="});
  out.push_back({.name = "method and url", .hmac = {.payload_format = "{method} {url} {timestamp} {body}"}});
  out.push_back({.name = "message id",
                 .hmac = {.payload_format = "{svix-id}.{timestamp}.{body}", .message_id_header = "x-message"}});
  return out;
}

TEST(VapiAuthentication, EveryVariantVerifiesItsOwnSignatureAndNoOtherBody) {
  for (const auto& [name, hmac, secret, timestamp] : variants()) {
    SCOPED_TRACE(name);
    HeaderList headers{{hmac.timestamp_header, timestamp}, {hmac.message_id_header, "msg_1"}};
    headers.add(hmac.signature_header,
                sign_vapi(hmac, secret, {"POST", "https://api.example.com/vapi", headers, kBody}));
    EXPECT_EQ(verdict(with_hmac(hmac, {secret}), headers), SignatureVerdict::valid);
    EXPECT_EQ(verdict(with_hmac(hmac, {"b3RoZXI=", secret}), headers), SignatureVerdict::valid);
    EXPECT_EQ(verdict(with_hmac(hmac, {"b3RoZXI="}), headers), SignatureVerdict::bad_signature);
    EXPECT_EQ(verdict(with_hmac(hmac, {secret}), headers, "{}"), SignatureVerdict::bad_signature);
  }
}

TEST(VapiAuthentication, TheMessageIdHeaderIsNeededOnlyWhenItIsSigned) {
  VapiHmac hmac{.payload_format = "{svix-id}.{timestamp}.{body}"};
  const HeaderList headers{{"x-timestamp", "1700000000"}, {"x-signature", kMac}};
  EXPECT_EQ(verdict(with_hmac(hmac), headers), SignatureVerdict::missing_header);
}

TEST(VapiAuthentication, SamplePageVariantSignsTheBodyAlone) {
  const auto sample = VapiAuthentication::sample_page({kSecret});
  const HeaderList none;
  const HeaderList headers{{"X-Vapi-Signature", "sha256=" + hex_encode(hmac(HashAlgorithm::sha256, kSecret, kBody))}};
  EXPECT_EQ(verdict(sample, headers), SignatureVerdict::valid);
  EXPECT_EQ(verdict(sample, headers, "{}"), SignatureVerdict::bad_signature);
  EXPECT_EQ(verdict(sample, none), SignatureVerdict::missing_header);
}

TEST(VapiAuthentication, CanSpeakStandardWebhooks) {
  const auto secret = random_webhook_secret();
  const std::vector<std::string> secrets{random_webhook_secret(), secret};
  const auto headers = webhook_headers(secrets, "msg_1", kTime, kBody);
  EXPECT_EQ(verdict(VapiAuthentication::standard_webhooks({secret}), headers), SignatureVerdict::valid);
  EXPECT_EQ(verdict(VapiAuthentication::standard_webhooks({secret}), headers, "{}"), SignatureVerdict::bad_signature);
}

TEST(VapiAuthentication, AConfigurationThatCannotVerifyIsAnErrorThatNamesTheSetting) {
  const auto error_of = [](const VapiAuthentication& authentication) -> std::string {
    try {
      validate(authentication);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(error_of({}), "secrets: at least one is needed");
  EXPECT_EQ(error_of({.scheme = VapiScheme::bearer, .secrets = {""}}), "secrets: must not be empty");
  EXPECT_NE(error_of(with_hmac({.payload_format = "{body}{nonce}"})).find("{nonce}"), std::string::npos);
  EXPECT_NE(error_of(with_hmac({.payload_format = "{body"})).find("payloadFormat"), std::string::npos);
  EXPECT_NE(error_of(with_hmac({.payload_format = "{timestamp}"})).find("{body}"), std::string::npos);
  EXPECT_NE(error_of(with_hmac({.secret_is_base64 = true})).find("secretIsBase64"), std::string::npos);
  EXPECT_NE(error_of(with_hmac({.signature_header = ""})).find("signatureHeader"), std::string::npos);
  EXPECT_EQ(error_of(with_hmac()), "accepted");
}

}  // namespace
}  // namespace holdfast::http
