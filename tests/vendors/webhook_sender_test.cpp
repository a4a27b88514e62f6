#include <activities/vendors/webhook_sender.hpp>
#include <tests/vendors/standin_fixture.hpp>

#include <holdfast/http/signature/standard_webhooks.hpp>

namespace platform::vendors {
namespace {

using standin::FaultMode;
using namespace std::chrono_literals;

class WebhookSenderTest : public StandinTest {
 protected:
  WebhookSenderTest() { standin.state().hooks.configure("acme", {.secrets = {secret}}); }

  WebhookPost post() {
    return {.url = standin.url() + "/hooks/acme",
            .secrets = {secret},
            .message_id = "msg_1",
            .body = R"({"type":"call.completed","data":{"id":"17"}})"};
  }
  std::vector<standin::HookDelivery> deliveries() { return standin.state().hooks.deliveries("acme"); }

  const std::string secret = holdfast::http::random_webhook_secret();
  HttpWebhookSender sender{client};
};

TEST_F(WebhookSenderTest, TheEndpointVerifiesWhatItGets) {
  const auto reply = sender.send(post());
  EXPECT_TRUE(reply.delivered()) << reply.error;
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.response_start, "{\"ok\":true}");
  EXPECT_EQ(reply.error, "");
  ASSERT_EQ(deliveries().size(), 1u);
  EXPECT_EQ(deliveries()[0].verdict, "valid");
  EXPECT_EQ(deliveries()[0].id, "msg_1");
  EXPECT_EQ(deliveries()[0].body, post().body);
  EXPECT_EQ(effects("hook:acme"), 1);
}

TEST_F(WebhookSenderTest, BothSecretsSignDuringRotation) {
  auto rotating = post();
  rotating.secrets.insert(rotating.secrets.begin(), holdfast::http::random_webhook_secret());
  EXPECT_TRUE(sender.send(rotating).delivered());
}

TEST_F(WebhookSenderTest, AWrongSecretIsRefusedByTheEndpoint) {
  auto wrong = post();
  wrong.secrets = {holdfast::http::random_webhook_secret()};
  const auto reply = sender.send(wrong);
  EXPECT_FALSE(reply.delivered());
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(deliveries()[0].verdict, "bad_signature");
}

TEST_F(WebhookSenderTest, StatusRetryAfterAndGoneAreReported) {
  standin.state().hooks.configure("acme", {.secrets = {secret}, .status = 503, .times = 1, .retry_after = "9"});
  const auto busy = sender.send(post());
  EXPECT_EQ(busy.outcome, HttpOutcome::retry);
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.retry_after, 9s);
  EXPECT_NE(busy.error, "");
  EXPECT_TRUE(sender.send(post()).delivered());
  standin.state().hooks.configure("acme", {.status = 410});
  EXPECT_TRUE(sender.send(post()).gone());
}

TEST_F(WebhookSenderTest, TheStartOfTheAnswerIsTextThatPostgresTakes) {
  std::string body(1022, 'a');
  body += "é plus";
  body[0] = '\0';
  body[1] = '\xff';
  standin.state().hooks.configure("acme", {.body = body});
  const auto reply = sender.send(post());
  EXPECT_TRUE(reply.delivered());
  EXPECT_EQ(reply.response_start, " ?" + std::string(1020, 'a') + "é");
  body.insert(0, "b");  // the limit now cuts é in half
  standin.state().hooks.configure("acme", {.body = body});
  EXPECT_LE(sender.send(post()).response_start.size(), HttpWebhookSender::kMostResponseBytes);
}

TEST_F(WebhookSenderTest, ALostAnswerIsTriedAgainWithTheSameId) {
  inject(FaultMode::reset_after_commit);
  const auto lost = sender.send(post());
  EXPECT_FALSE(lost.delivered());
  EXPECT_EQ(lost.outcome, HttpOutcome::retry);
  EXPECT_EQ(lost.status, 0);
  EXPECT_TRUE(sender.send(post()).delivered());
  ASSERT_EQ(deliveries().size(), 2u);
  EXPECT_TRUE(deliveries()[1].repeated);
  EXPECT_EQ(effects("hook:acme"), 1);
}

TEST_F(WebhookSenderTest, ASlowEndpointEndsAtTheDeadline) {
  standin.state().hooks.configure("acme", {.secrets = {secret}, .delay = 60s});
  auto impatient = post();
  impatient.deadline = 100ms;
  const auto reply = sender.send(impatient);
  EXPECT_FALSE(reply.delivered());
  EXPECT_EQ(reply.status, 0);
  EXPECT_EQ(reply.outcome, HttpOutcome::retry);
}

TEST_F(WebhookSenderTest, A200WhoseBodyNeverEndsIsDelivered) {
  standin.state().faults.add({.mode = FaultMode::slow_drip, .delay = 100ms});
  auto impatient = post();
  impatient.deadline = 300ms;
  const auto reply = sender.send(impatient);
  EXPECT_TRUE(reply.delivered());
  EXPECT_EQ(reply.status, 200);
}

TEST_F(WebhookSenderTest, TargetsInOurNetworkAreRefused) {
  CurlHttpClient strict;
  for (const auto* url :
       {"https://127.0.0.1/", "https://169.254.169.254/latest", "https://localhost/", "http://example.com/"}) {
    auto inside = post();
    inside.url = url;
    const auto reply = HttpWebhookSender(strict).send(inside);
    EXPECT_EQ(reply.outcome, HttpOutcome::permanent) << url;
    EXPECT_NE(reply.error, "") << url;
  }
}

TEST_F(WebhookSenderTest, ASecretThatCannotSignIsTheCallersMistake) {
  auto bad = post();
  bad.secrets = {"whsec_%%%"};
  EXPECT_THROW(sender.send(bad), std::invalid_argument);
  bad.secrets = {};
  EXPECT_THROW(sender.send(bad), std::invalid_argument);
  EXPECT_TRUE(journal().empty());
}

}  // namespace
}  // namespace platform::vendors
