#include "api_fixture.hpp"

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include <holdfast/http/signature/standard_webhooks.hpp>
#include <ingress/oauth_tokens.hpp>
#include <ingress/vapi_settings.hpp>

namespace platform::ingress::test {
namespace {

using namespace holdfast::http;
using testing::HasSubstr;

std::chrono::sys_seconds now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

class Authentication : public ApiTest {
 protected:
  /// The headers that VAPI would send for this credential.
  httplib::Headers signed_headers(const VapiHmac& hmac, const std::string& secret, const std::string& body,
                                  const std::string& url = "") {
    HeaderList headers;
    if (hmac.include_timestamp) headers.add(hmac.timestamp_header, std::to_string(now().time_since_epoch().count()));
    headers.add(hmac.message_id_header, "msg_1");
    headers.add(hmac.signature_header, sign_vapi(hmac, secret, {"POST", url, headers, body}));
    httplib::Headers out;
    for (const auto& [name, value] : headers.fields()) out.emplace(name, value);
    return out;
  }

  /// `good` is let in and changing one byte of the body keeps it out; nothing and a wrong secret are kept out.
  void expect_hmac(const std::string& settings, const VapiHmac& hmac, const std::string& secret = kSecret,
                   const std::string& wrong = "another-secret", const std::string& url = "") {
    set_authentication(settings);
    const auto body = report(secret.substr(0, 4) + std::to_string(calls_++));
    EXPECT_EQ(post(body, {}).status, 401) << settings;
    EXPECT_EQ(post(body, signed_headers(hmac, wrong, body, url)).status, 401) << settings;
    EXPECT_EQ(post(body + " ", signed_headers(hmac, secret, body, url)).status, 401) << settings;
    EXPECT_EQ(count_of_events(), std::to_string(events_)) << settings;
    EXPECT_EQ(post(body, signed_headers(hmac, secret, body, url)).status, 200) << settings;
    EXPECT_EQ(count_of_events(), std::to_string(++events_)) << settings;
  }

  int calls_ = 0, events_ = 0;
};

TEST_F(Authentication, bearer_token) {
  EXPECT_EQ(post(report(), {}).status, 401);
  EXPECT_EQ(post(report(), {{"Authorization", "Bearer wrong"}}).status, 401);
  EXPECT_EQ(post(report(), {{"Authorization", kSecret}}).status, 401);
  EXPECT_EQ(post(report(), {{"X-Vapi-Secret", kSecret}}).status, 401);
  EXPECT_EQ(count_of_events(), "0");
  EXPECT_EQ(post(report(), {{"Authorization", "Bearer " + kSecret}}).status, 200);
}

TEST_F(Authentication, a_refusal_names_the_header_and_never_the_secret) {
  const auto answer = post(report(), {{"Authorization", "Bearer wrong"}});
  EXPECT_THAT(answer.body, HasSubstr("Authorization"));
  EXPECT_THAT(answer.body, testing::Not(HasSubstr(kSecret)));
}

TEST_F(Authentication, legacy_secret_header) {
  set_authentication(R"({"type": "secret", "secret": ")" + kSecret + R"("})");
  EXPECT_EQ(post(report(), {{"Authorization", "Bearer " + kSecret}}).status, 401);
  EXPECT_EQ(post(report(), {{"X-Vapi-Secret", "wrong"}}).status, 401);
  EXPECT_EQ(post(report(), {{"X-Vapi-Secret", kSecret}}).status, 200);
}

TEST_F(Authentication, hmac_in_every_form) {
  const std::string start = R"({"type": "hmac", "secret": ")" + kSecret + "\"";
  expect_hmac(start + "}", {});
  expect_hmac(start + R"(, "algorithm": "sha512"})", {.algorithm = HashAlgorithm::sha512});
  expect_hmac(start + R"(, "algorithm": "sha1", "signatureEncoding": "base64"})",
              {.algorithm = HashAlgorithm::sha1, .encoding = SignatureEncoding::base64});
  expect_hmac(start + R"(, "signatureHeader": "x-sig", "timestampHeader": "x-time", "signaturePrefix": "sha256="})",
              {.signature_header = "x-sig", .timestamp_header = "x-time", .signature_prefix = "sha256="});
  expect_hmac(start + R"(, "includeTimestamp": false})", {.include_timestamp = false});
  expect_hmac(start + R"(, "payloadFormat": "{method} {url} {timestamp} {body}", "url": "https://api.example.com/v"})",
              {.payload_format = "{method} {url} {timestamp} {body}"}, kSecret, "another-secret",
              "https://api.example.com/v");
  expect_hmac(start + R"(, "payloadFormat": "{svix-id}/{body}", "messageIdHeader": "x-id"})",
              {.payload_format = "{svix-id}/{body}", .message_id_header = "x-id"});
  expect_hmac(R"({"type": "hmac", "secret": "c2VjcmV0LXNlY3JldA==", "secretIsBase64": true})",
              {.secret_is_base64 = true}, "c2VjcmV0LXNlY3JldA==", "d3Jvbmctc2VjcmV0LS0=");
}

TEST_F(Authentication, the_variant_of_the_sample_pages) {
  expect_hmac(R"({"type": "sample-page", "secret": ")" + kSecret + R"("})",
              VapiAuthentication::sample_page({kSecret}).hmac);
}

TEST_F(Authentication, standard_webhooks) {
  const auto secret = random_webhook_secret();
  expect_hmac(R"({"type": "standard-webhooks", "secret": ")" + secret + R"("})",
              VapiAuthentication::standard_webhooks({secret}).hmac, secret, random_webhook_secret());
}

TEST_F(Authentication, an_old_timestamp_is_refused) {
  set_authentication(R"({"type": "hmac", "secret": ")" + kSecret + R"("})");
  const auto old = std::to_string((now() - std::chrono::minutes(10)).time_since_epoch().count());
  HeaderList headers{{"x-timestamp", old}};
  const auto signature = sign_vapi({}, kSecret, {"POST", "", headers, report()});
  const auto answer = post(report(), {{"x-timestamp", old}, {"x-signature", signature}});
  EXPECT_EQ(answer.status, 401);
  EXPECT_THAT(answer.body, HasSubstr("x-timestamp"));
}

TEST_F(Authentication, both_secrets_work_while_one_is_rotated_and_so_do_two_kinds_of_credential) {
  set_authentication(R"([{"type": "bearer", "secrets": ["new", "old"]}, {"type": "secret", "secret": "legacy"}])");
  EXPECT_EQ(post(report("1"), {{"Authorization", "Bearer new"}}).status, 200);
  EXPECT_EQ(post(report("2"), {{"Authorization", "Bearer old"}}).status, 200);
  EXPECT_EQ(post(report("3"), {{"X-Vapi-Secret", "legacy"}}).status, 200);
  EXPECT_EQ(post(report("4"), {{"Authorization", "Bearer older"}}).status, 401);
}

class Oauth : public Authentication {
 protected:
  Oauth() { set_authentication(R"({"type": "oauth2", "clientId": "vapi", "secret": "client secret"})"); }

  httplib::Result ask(const std::string& form, const httplib::Headers& headers = {}) {
    auto connection = client();
    return connection.Post("/oauth/vapi/" + organization_.to_string() + "/token", headers, form,
                           "application/x-www-form-urlencoded");
  }
};

TEST_F(Oauth, a_token_is_issued_for_client_credentials_and_opens_the_door) {
  const std::string form = "grant_type=client_credentials&client_id=vapi&client_secret=client+secret";
  const auto basic = "Basic " + base64_encode("vapi:client%20secret");
  for (const auto& result : {ask(form), ask("grant_type=client_credentials", {{"Authorization", basic}})}) {
    ASSERT_TRUE(result);
    ASSERT_EQ(result->status, 200) << result->body;
    EXPECT_EQ(result->get_header_value("Cache-Control"), "no-store");
    const auto token = boost::json::parse(result->body);
    EXPECT_EQ(token.at("token_type").as_string(), "Bearer");
    EXPECT_EQ(token.at("expires_in").as_int64(), 3600);
    const auto bearer = "Bearer " + std::string(token.at("access_token").as_string());
    EXPECT_EQ(post(report(), {{"Authorization", bearer}}).status, 200);
    EXPECT_EQ(post(report(), {{"Authorization", bearer + "0"}}).status, 401);
  }
}

TEST_F(Oauth, wrong_clients_get_no_token) {
  EXPECT_EQ(ask("grant_type=client_credentials&client_id=vapi&client_secret=wrong")->status, 401);
  EXPECT_EQ(ask("grant_type=client_credentials&client_id=other&client_secret=client+secret")->status, 401);
  EXPECT_EQ(ask("grant_type=client_credentials")->status, 401);
  EXPECT_EQ(ask("grant_type=password&client_id=vapi&client_secret=client+secret")->status, 400);
  EXPECT_EQ(ask("")->status, 400);
  EXPECT_EQ(ask("%%%=&&&=%zz")->status, 400);
}

TEST_F(Oauth, tokens_that_are_expired_forged_or_of_another_organization_are_refused) {
  const auto send = [&](const std::string& token) {
    return post(report(), {{"Authorization", "Bearer " + token}}).status;
  };
  EXPECT_EQ(send(make_access_token(organization_, "client secret", now() - std::chrono::seconds(1))), 401);
  EXPECT_EQ(send(make_access_token(organization_, "other secret", now() + std::chrono::hours(1))), 401);
  EXPECT_EQ(send(make_access_token({}, "client secret", now() + std::chrono::hours(1))), 401);
  EXPECT_EQ(send("client secret"), 401);
  EXPECT_EQ(send("v1."), 401);
  EXPECT_EQ(send("v1.99999999999999999999."), 401);
  EXPECT_EQ(send(make_access_token(organization_, "client secret", now() + std::chrono::hours(1))), 200);
}

TEST(VapiSettings, mistakes_are_named) {
  const auto message = [](const std::string& authentication) {
    try {
      parse_vapi_settings(R"({"authentication": )" + authentication + "}");
      return std::string("accepted");
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(message(R"({"secret": "s"})"), "accepted");
  EXPECT_THAT(message(R"({"type": "basic", "secret": "s"})"), HasSubstr("type is 'basic'; allowed: bearer, secret"));
  EXPECT_THAT(message(R"({"secret": ["s"]})"), HasSubstr("secret must be a text"));
  EXPECT_THAT(message(R"({"secret": "s", "algorithm": "sha1"})"), HasSubstr("algorithm is not known for type bearer"));
  EXPECT_THAT(message(R"({"type": "hmac", "secret": "s", "signatureEncoding": "hexx"})"),
              HasSubstr("'hexx'; allowed: hex, base64"));
  EXPECT_THAT(message(R"({"type": "hmac", "secret": "s", "payloadFormat": "{time}"})"), HasSubstr("{time}"));
  EXPECT_THAT(message(R"({"type": "oauth2", "secret": "s"})"), HasSubstr("clientId is missing"));
  EXPECT_THAT(message("{}"), HasSubstr("at least one"));
  EXPECT_THROW(parse_vapi_settings(R"({"authentification": {}})"), std::invalid_argument);
  EXPECT_THROW(parse_vapi_settings("[]"), std::invalid_argument);
}

}  // namespace
}  // namespace platform::ingress::test
