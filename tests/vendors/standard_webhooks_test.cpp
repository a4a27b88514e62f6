#include <holdfast/http/signature/standard_webhooks.hpp>

#include <holdfast/http/signature/hash.hpp>

#include <gtest/gtest.h>

namespace holdfast::http {
namespace {

const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const std::string kBody = R"({"test": 2432232314})";
const UnixTime kTime{std::chrono::seconds{1614265330}};

HeaderList headers_with(std::string signature, std::string timestamp = "1614265330") {
  return {
      {"Webhook-Id", kId}, {"Webhook-Timestamp", std::move(timestamp)}, {"Webhook-Signature", std::move(signature)}};
}

SignatureVerdict verdict(const HeaderList& headers, std::vector<std::string> secrets = {kSecret},
                         std::string_view body = kBody, UnixTime now = kTime) {
  return verify_webhook(secrets, headers, body, now).verdict;
}

TEST(StandardWebhooks, PublishedVectorIsReproduced) {
  EXPECT_EQ(sign_webhook(kSecret, kId, kTime, kBody), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(StandardWebhooks, OwnHeadersVerify) {
  const std::vector<std::string> secrets{kSecret};
  EXPECT_EQ(verdict(webhook_headers(secrets, kId, kTime, kBody)), SignatureVerdict::valid);
}

TEST(StandardWebhooks, AnyV1SignatureOfTheListMayMatchAndOtherVersionsAreIgnored) {
  const auto good = sign_webhook(kSecret, kId, kTime, kBody);
  EXPECT_EQ(verdict(headers_with("v1,AAAA v1a,BBBB " + good)), SignatureVerdict::valid);
  EXPECT_EQ(verdict(headers_with("v1a," + good.substr(3))), SignatureVerdict::bad_signature);
}

TEST(StandardWebhooks, BothSecretsSignAndVerifyDuringRotation) {
  const auto fresh = random_webhook_secret();
  const std::vector<std::string> both{kSecret, fresh};
  const auto headers = webhook_headers(both, kId, kTime, kBody);
  EXPECT_EQ(verdict(headers, {kSecret}), SignatureVerdict::valid);
  EXPECT_EQ(verdict(headers, {fresh}), SignatureVerdict::valid);
  EXPECT_EQ(verdict(headers, {random_webhook_secret()}), SignatureVerdict::bad_signature);
}

TEST(StandardWebhooks, OneChangedByteIsABadSignature) {
  const auto good = sign_webhook(kSecret, kId, kTime, kBody);
  EXPECT_EQ(verdict(headers_with(good), {kSecret}, R"({"test": 2432232315})"), SignatureVerdict::bad_signature);
  EXPECT_EQ(verdict(headers_with(good, "1614265331")), SignatureVerdict::bad_signature);
  EXPECT_EQ(verdict(headers_with(good + "=")), SignatureVerdict::bad_signature);
}

TEST(StandardWebhooks, TimestampsOlderOrNewerThanFiveMinutesAreStale) {
  const auto headers = headers_with(sign_webhook(kSecret, kId, kTime, kBody));
  using std::chrono::seconds;
  EXPECT_EQ(verdict(headers, {kSecret}, kBody, kTime + seconds{300}), SignatureVerdict::valid);
  EXPECT_EQ(verdict(headers, {kSecret}, kBody, kTime - seconds{300}), SignatureVerdict::valid);
  EXPECT_EQ(verdict(headers, {kSecret}, kBody, kTime + seconds{301}), SignatureVerdict::stale_timestamp);
  EXPECT_EQ(verdict(headers, {kSecret}, kBody, kTime - seconds{301}), SignatureVerdict::stale_timestamp);
}

TEST(StandardWebhooks, MissingAndMalformedHeadersAreNamed) {
  const std::vector<std::string> secrets{kSecret};
  const HeaderList no_id{{"webhook-timestamp", "1614265330"}, {"webhook-signature", "v1,x"}};
  const auto missing = verify_webhook(secrets, no_id, kBody, kTime);
  EXPECT_EQ(missing.verdict, SignatureVerdict::missing_header);
  EXPECT_NE(missing.reason.find("webhook-id"), std::string::npos);
  for (const auto* timestamp : {"soon", "-5", "1614265330.5", "99999999999999999999", " 1614265330"}) {
    EXPECT_EQ(verdict(headers_with("v1,x", timestamp)), SignatureVerdict::malformed_header) << timestamp;
  }
}

TEST(StandardWebhooks, ResendUsesTheSameSchemeWithSvixHeaderNames) {
  const std::vector<std::string> secrets{kSecret};
  const auto names = WebhookHeaderNames::svix();
  const auto headers = webhook_headers(secrets, kId, kTime, kBody, names);
  ASSERT_TRUE(headers.find("svix-signature"));
  EXPECT_TRUE(verify_webhook(secrets, headers, kBody, kTime, kSignatureTolerance, names));
  EXPECT_EQ(verify_webhook(secrets, headers, kBody, kTime).verdict, SignatureVerdict::missing_header);
}

TEST(StandardWebhooks, BadIdsAndSecretsAreRefusedWithoutShowingTheSecret) {
  for (const auto* id : {"", "a.b", "a b", "a\nb"}) {
    EXPECT_THROW(sign_webhook(kSecret, id, kTime, kBody), std::invalid_argument) << id;
  }
  for (const auto* secret : {"whsec_", "whsec_abc$", "whsec_c2hvcnQ="}) {
    try {
      sign_webhook(secret, kId, kTime, kBody);
      ADD_FAILURE() << "accepted " << secret;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(std::string(error.what()).find("abc$"), std::string::npos);
    }
  }
}

TEST(StandardWebhooks, NewSecretsAreLongAndDifferent) {
  const auto one = random_webhook_secret();
  EXPECT_TRUE(one.starts_with("whsec_"));
  EXPECT_EQ(webhook_key(one).size(), 32u);
  EXPECT_NE(one, random_webhook_secret());
}

TEST(Encodings, Base64IsStrict) {
  EXPECT_EQ(base64_encode("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
  EXPECT_EQ(base64_decode("YW55IGNhcm5hbCBwbGVhcw=="), "any carnal pleas");
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_decode(""), "");
  const std::string every_byte = [] {
    std::string out;
    for (int i = 0; i < 256; ++i) out += static_cast<char>(i);
    return out;
  }();
  EXPECT_EQ(base64_decode(base64_encode(every_byte)), every_byte);
  for (const auto* text : {"YQ", "YQ=", "Y===", "====", "YQ==YQ==", "YQ= ", " YQ=", "Y Q=", "YQ\n=", "Y-Q=", "Y_Q="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

TEST(Encodings, HexTakesBothCasesAndNothingElse) {
  EXPECT_EQ(hex_encode(std::string("\x00\xff\x1a", 3)), "00ff1a");
  EXPECT_EQ(hex_decode("00Ff1A"), std::string("\x00\xff\x1a", 3));
  EXPECT_FALSE(hex_decode("0"));
  EXPECT_FALSE(hex_decode("0g"));
}

TEST(Encodings, HmacOfRfc4231AndRfc2202) {
  EXPECT_EQ(hex_encode(hmac(HashAlgorithm::sha256, "Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_encode(hmac(HashAlgorithm::sha1, "Jefe", "what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(hex_encode(digest(HashAlgorithm::sha256, "")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace holdfast::http
