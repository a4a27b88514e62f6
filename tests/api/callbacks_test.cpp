#include "api_fixture.hpp"

#include <gmock/gmock.h>

#include <holdfast/http/signature/standard_webhooks.hpp>
#include <holdfast/http/signature/twilio_signature.hpp>

namespace platform::ingress::test {
namespace {

using namespace holdfast::http;
using testing::HasSubstr;

/// Status callbacks of Twilio and events of Resend, about messages in the outbox.
class Callbacks : public ApiTest {
 protected:
  Callbacks() {
    PlatformApiOptions options;
    options.callbacks = {.twilio_tokens = {"12345"}, .resend_secrets = {kResend}, .public_url = kUrl};
    serve(options);
  }
  void message(const std::string& channel, const std::string& vendor_id) {
    owner(
        "INSERT INTO platform.outbox (organization_id, idempotency_key, channel, recipient, body, vendor_id) VALUES "
        "('" +
        organization_.to_string() + "', '" + vendor_id + "', '" + channel + "', 'somebody', 'x', '" + vendor_id + "')");
  }
  Answer twilio(const std::string& sid, const std::string& status, const std::string& code = "",
                const std::string& token = "12345") {
    FormFields fields{{"MessageSid", sid}, {"MessageStatus", status}, {"To", "+14155550123"}};
    if (!code.empty()) fields.emplace_back("ErrorCode", code);
    std::string body;
    for (const auto& [name, value] : fields)
      body += (body.empty() ? "" : "&") + name + "=" + (value[0] == '+' ? "%2B" + value.substr(1) : value);
    return post_to("/webhooks/twilio", body,
                   {{"X-Twilio-Signature", sign_twilio(token, kUrl + "/webhooks/twilio", fields)}},
                   "application/x-www-form-urlencoded");
  }
  Answer resend(const std::string& id, const std::string& body, const std::string& secret = "") {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const std::vector<std::string> secrets{secret.empty() ? kResend : secret};
    httplib::Headers headers;
    const auto signed_headers = webhook_headers(secrets, id, now, body, WebhookHeaderNames::svix());
    for (const auto& [name, value] : signed_headers.fields()) headers.emplace(name, value);
    return post_to("/webhooks/resend", body, headers, "application/json");
  }
  Answer post_to(const std::string& path, const std::string& body, const httplib::Headers& headers,
                 const std::string& type) {
    auto connection = client();
    const auto result = connection.Post(path.c_str(), headers, body, type.c_str());
    if (!result) return {0, to_string(result.error())};
    return {result->status, result->body};
  }
  std::string state() {
    return value("SELECT trim(concat_ws(' ', delivery_status, delivery_error)) FROM platform.outbox");
  }
  static std::string email(const std::string& type, const std::string& more = "") {
    return R"({"type": "email.)" + type + R"(", "data": {"email_id": "e-1")" + more + "}}";
  }
  const std::string kUrl = "https://api.example.com";
  const std::string kResend = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
};

TEST_F(Callbacks, a_message_moves_forward_and_never_back_whatever_the_order) {
  message("sms", "SM1");
  EXPECT_EQ(twilio("SM1", "sent").body, R"({"status":"stored"})");
  EXPECT_EQ(state(), "sent");
  EXPECT_EQ(twilio("SM1", "delivered").status, 200);
  EXPECT_EQ(twilio("SM1", "queued").status, 200);
  EXPECT_EQ(state(), "delivered");
  EXPECT_EQ(twilio("SM1", "delivered").body, R"({"status":"duplicate"})");
  EXPECT_EQ(value("SELECT count(*) FROM platform.vendor_callbacks"), "3");
}

TEST_F(Callbacks, a_callback_that_comes_before_its_message_is_applied_when_the_message_is_written) {
  EXPECT_EQ(twilio("SM1", "sent").status, 200);
  EXPECT_EQ(twilio("SM1", "undelivered", "30005").status, 200);
  message("sms", "SM1");
  EXPECT_EQ(state(), "undelivered 30005");
}

TEST_F(Callbacks, a_recipient_who_sent_stop_gets_nothing_more) {
  message("sms", "SM1");
  twilio("SM1", "failed", "21610");
  EXPECT_EQ(value("SELECT concat_ws(' ', channel, recipient, reason) FROM platform.suppressions"),
            "sms somebody failed: 21610");
}

TEST_F(Callbacks, resends_events_are_applied_and_permanent_bounces_and_complaints_suppress) {
  message("email", "e-1");
  EXPECT_EQ(resend("msg_1", email("delivered")).status, 200);
  EXPECT_EQ(state(), "delivered");
  EXPECT_EQ(resend("msg_1", email("delivered")).body, R"({"status":"duplicate"})");
  resend("msg_2", email("bounced", R"(, "bounce": {"type": "Transient", "message": "mailbox full"})"));
  EXPECT_EQ(value("SELECT count(*) FROM platform.suppressions"), "0");
  EXPECT_EQ(state(), "bounced mailbox full");
  resend("msg_3", email("complained"));
  EXPECT_EQ(state(), "complained");
  EXPECT_EQ(value("SELECT reason FROM platform.suppressions"), "complained");
}

TEST_F(Callbacks, nothing_is_taken_without_a_valid_signature) {
  message("sms", "SM1");
  EXPECT_EQ(twilio("SM1", "sent", "", "54321").status, 401);
  EXPECT_EQ(resend("msg_1", email("delivered"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx").status, 401);
  EXPECT_EQ(post_to("/webhooks/twilio", "MessageSid=SM1", {}, "application/x-www-form-urlencoded").status, 401);
  EXPECT_EQ(value("SELECT count(*) FROM platform.vendor_callbacks"), "0");
  EXPECT_EQ(client().Get("/webhooks/resend")->status, 405);
  serve();
  EXPECT_EQ(twilio("SM1", "sent").status, 404) << "no token is configured";
}

TEST_F(Callbacks, bad_values_are_400_and_name_the_field) {
  EXPECT_THAT(twilio("", "sent").body, HasSubstr("MessageSid"));
  EXPECT_EQ(twilio("SM1", std::string(300, 'x')).status, 400);
  EXPECT_THAT(resend("msg_1", "[]").body, HasSubstr("JSON object"));
  EXPECT_THAT(resend("msg_1", R"({"data": {}})").body, HasSubstr("type"));
  EXPECT_EQ(resend("msg_1", R"({"type": "contact.created", "data": {"id": "c"}})").status, 200) << "about no e-mail";
}

TEST_F(Callbacks, another_organizations_message_is_not_touched) {
  message("sms", "SM1");
  message("sms", "local-sms-1");
  twilio("SM2", "sent");
  twilio("local-sms-1", "sent");
  EXPECT_EQ(value("SELECT count(*) FROM platform.outbox WHERE delivery_status <> ''"), "0");
}

}  // namespace
}  // namespace platform::ingress::test
