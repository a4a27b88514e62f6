#include <holdfast/http/signature/stripe_signature.hpp>
#include <holdfast/http/signature/twilio_signature.hpp>

#include <holdfast/http/signature/hash.hpp>

#include <gtest/gtest.h>

namespace holdfast::http {
namespace {

const std::vector<std::string> kStripeSecrets{"whsec_test_secret"};
const std::string kStripeBody = R"({"id":"evt_test","object":"event"})";
const UnixTime kTime{std::chrono::seconds{1700000000}};
const std::string kStripeMac = "8042376f6ca064adbe037642a718227dfd59047137eb49497a54c49eb0cfb724";

SignatureVerdict stripe(std::string header, UnixTime now = kTime, std::string_view body = kStripeBody) {
  return verify_stripe(kStripeSecrets, {{"stripe-signature", std::move(header)}}, body, now).verdict;
}

TEST(StripeSignature, VectorIsReproduced) {
  EXPECT_EQ(sign_stripe(kStripeSecrets[0], kTime, kStripeBody), "t=1700000000,v1=" + kStripeMac);
}

TEST(StripeSignature, AnyV1MayMatchAndV0IsIgnored) {
  EXPECT_EQ(stripe("t=1700000000,v1=00,v1=" + kStripeMac + ",v0=11"), SignatureVerdict::valid);
  EXPECT_EQ(stripe("t=1700000000, v1=" + kStripeMac), SignatureVerdict::valid);
  EXPECT_EQ(stripe("t=1700000000,v0=" + kStripeMac), SignatureVerdict::malformed_header);
}

TEST(StripeSignature, EveryKindOfRefusalHasItsOwnVerdict) {
  EXPECT_EQ(verify_stripe(kStripeSecrets, {}, kStripeBody, kTime).verdict, SignatureVerdict::missing_header);
  EXPECT_EQ(stripe("v1=" + kStripeMac), SignatureVerdict::malformed_header);
  EXPECT_EQ(stripe("t=x,v1=" + kStripeMac), SignatureVerdict::malformed_header);
  EXPECT_EQ(stripe("t=1700000000,v1=" + kStripeMac, kTime + std::chrono::seconds{301}),
            SignatureVerdict::stale_timestamp);
  EXPECT_EQ(stripe("t=1700000000,v1=" + kStripeMac, kTime - std::chrono::seconds{301}),
            SignatureVerdict::stale_timestamp);
  EXPECT_EQ(stripe("t=1700000000,v1=" + kStripeMac, kTime, kStripeBody + " "), SignatureVerdict::bad_signature);
}

TEST(StripeSignature, AnEmptySecretNeverVerifies) {
  const std::vector<std::string> unset{""};
  const HeaderList headers{{"Stripe-Signature", sign_stripe("", kTime, kStripeBody)}};
  EXPECT_EQ(verify_stripe(unset, headers, kStripeBody, kTime).verdict, SignatureVerdict::bad_signature);
}

const std::vector<std::string> kTokens{"12345"};
const std::string kUrl = "https://mycompany.com/myapp.php?foo=1&bar=2";
const std::string kUrlWithPort = "https://mycompany.com:443/myapp.php?foo=1&bar=2";
const FormFields kFields{{"To", "+18005551212"},
                         {"CallSid", "CA1234567890ABCDE"},
                         {"Digits", "1234"},
                         {"Caller", "+14158675309"},
                         {"From", "+14158675309"}};

HeaderList twilio_header(std::string value) { return {{"X-Twilio-Signature", std::move(value)}}; }

TEST(TwilioSignature, VectorsOfTheTwilioLibraryAreReproduced) {
  EXPECT_EQ(sign_twilio("12345", kUrl, kFields), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
  EXPECT_EQ(sign_twilio("12345", kUrlWithPort, kFields), "kvajT1Ptam85bY51eRf/AJRuM3w=");
}

TEST(TwilioSignature, TheUrlIsTriedWithAndWithoutPort) {
  for (const auto* signature : {"RSOYDt4T1cUTdK1PDd93/VVr8B8=", "kvajT1Ptam85bY51eRf/AJRuM3w="}) {
    EXPECT_TRUE(verify_twilio_form(kTokens, twilio_header(signature), kUrl, kFields)) << signature;
    EXPECT_TRUE(verify_twilio_form(kTokens, twilio_header(signature), kUrlWithPort, kFields)) << signature;
  }
}

TEST(TwilioSignature, AChangedFieldUrlOrTokenIsABadSignature) {
  const auto headers = twilio_header("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
  auto changed = kFields;
  changed[2].second = "1235";
  const std::vector<std::string> other_token{"12346"};
  EXPECT_EQ(verify_twilio_form(kTokens, headers, kUrl, changed).verdict, SignatureVerdict::bad_signature);
  EXPECT_EQ(verify_twilio_form(kTokens, headers, kUrl + "&x=1", kFields).verdict, SignatureVerdict::bad_signature);
  EXPECT_EQ(verify_twilio_form(other_token, headers, kUrl, kFields).verdict, SignatureVerdict::bad_signature);
  EXPECT_EQ(verify_twilio_form(kTokens, {}, kUrl, kFields).verdict, SignatureVerdict::missing_header);
}

TEST(TwilioSignature, JsonBodiesAreBoundThroughTheirHashInTheUrl) {
  const std::string body = R"({"hello":"world"})";
  const auto url = "https://example.com/hook?bodySHA256=" + hex_encode(digest(HashAlgorithm::sha256, body));
  const auto headers = twilio_header(sign_twilio("12345", url, {}));
  EXPECT_TRUE(verify_twilio_json(kTokens, headers, url, body));
  EXPECT_EQ(verify_twilio_json(kTokens, headers, url, body + " ").verdict, SignatureVerdict::bad_signature);
  EXPECT_EQ(verify_twilio_json(kTokens, headers, "https://example.com/hook", body).verdict,
            SignatureVerdict::malformed_header);
}

}  // namespace
}  // namespace holdfast::http
