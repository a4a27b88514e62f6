#include "platform_fixture.hpp"

#include <boost/json.hpp>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::test {
namespace {

class WebhookSteps : public PlatformTest {
 protected:
  DeliveryKey started() {
    const auto call = receive_report();
    EXPECT_EQ(step(bodies::start_call_webhooks, call).deliveries, 1);
    return {acme_, holdfast::Uuid::parse(owner_value("SELECT integration_id FROM platform.webhook_deliveries")),
            "call-completed-call-1", call.created_at};
  }
  std::string failure_type(const DeliveryKey& key) {
    try {
      bodies::post_webhook(services_, key);
    } catch (const holdfast::ApplicationError& e) {
      return e.failure().type + (e.failure().non_retryable ? "!" : "");
    }
    return "";
  }
};

TEST_F(WebhookSteps, each_subscribed_enabled_endpoint_gets_a_run_with_a_deterministic_id) {
  owner(
      "INSERT INTO platform.integrations (organization_id, name, url, secrets, event_types) SELECT organization_id, "
      "'other', 'https://other.test', secrets, '{usage.alert}' FROM platform.integrations");
  owner(
      "INSERT INTO platform.integrations (organization_id, name, url, secrets, disabled_at, disabled_reason) SELECT "
      "organization_id, 'off', 'https://off.test', secrets, now(), 'gone' FROM platform.integrations WHERE name <> "
      "'other'");
  const auto key = started();
  EXPECT_EQ(owner_value("SELECT workflow_id || ' ' || workflow_type || ' ' || task_queue FROM holdfast.runs"),
            "webhook-" + key.integration_id.to_string() + "-call-completed-call-1 WebhookDelivery webhooks");
  EXPECT_EQ(holdfast::decode<DeliveryKey>(owner_value("SELECT input FROM holdfast.runs")).created_at, key.created_at);
  EXPECT_EQ(owner_value("SELECT search_attributes FROM holdfast.runs"),
            R"({"CallId": "call-1", "IntegrationId": ")" + key.integration_id.to_string() +
                R"(", "OrganizationId": ")" + acme_.to_string() + R"("})");
}

TEST_F(WebhookSteps, the_runs_start_if_and_only_if_the_step_commits) {
  const auto call = receive_report();
  {
    auto tx = begin();
    EXPECT_EQ(bodies::start_call_webhooks(services_, tx, call).deliveries, 1);
  }
  EXPECT_EQ(owner_value("SELECT count(*) FROM holdfast.runs"), "0");
}

TEST_F(WebhookSteps, the_message_has_the_standard_form_and_is_signed_with_every_secret) {
  const auto key = started();
  owner("UPDATE platform.integrations SET secrets = secrets || 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx'::text");
  const auto answer = bodies::post_webhook(services_, key);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.response, "thanks");
  const auto& post = endpoint_.posts.at(0);
  EXPECT_EQ(post.url, "https://acme.example.com/hook");
  EXPECT_EQ(post.secrets.size(), 2u);
  EXPECT_EQ(post.message_id, "call-completed-call-1");
  const auto body = boost::json::parse(post.body);
  EXPECT_EQ(body.at("type"), "call.completed");
  EXPECT_EQ(body.at("timestamp"), "2026-01-01T10:01:00.001000Z");
  EXPECT_EQ(body.at("data").at("call_id"), "call-1");
  EXPECT_EQ(body.at("data").at("cost_usd").as_double(), 0.1234);
  EXPECT_NE(post.body.find("\"duration_seconds\":60.001,"), std::string::npos) << post.body;  // and not 6.0001E1
}

TEST_F(WebhookSteps, attempts_are_logged_and_success_clears_the_endpoints_failure) {
  const auto key = started();
  const WebhookAttempt failed{
      key, 1, {.status = 503, .latency_ms = 12, .response = "busy", .error = "http_503"}, false};
  step(bodies::log_webhook_attempt, failed);
  step(bodies::log_webhook_attempt, failed);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.webhook_attempts"), "1");
  EXPECT_EQ(owner_value("SELECT failing_since IS NOT NULL FROM platform.integrations WHERE url LIKE '%acme%'"), "t");
  step(bodies::log_webhook_attempt, WebhookAttempt{key, 2, {.status = 204, .latency_ms = 3}, true});
  EXPECT_EQ(owner_value("SELECT failing_since IS NULL FROM platform.integrations WHERE url LIKE '%acme%'"), "t");
  EXPECT_EQ(owner_value("SELECT status || ' ' || attempts FROM platform.webhook_deliveries"), "delivered 2");
  EXPECT_EQ(owner_value("SELECT string_agg(concat_ws('/', attempt, status_code, latency_ms, response), ' ' "
                        "ORDER BY attempt) FROM platform.webhook_attempts"),
            "1/503/12/busy 2/204/3/");
}

TEST_F(WebhookSteps, giving_up_disables_only_an_endpoint_that_failed_for_days) {
  const auto key = started();
  const WebhookGivenUp end{key, "failed", "HTTP 500", false};
  owner("UPDATE platform.integrations SET failing_since = now() - interval '1 day'");
  EXPECT_FALSE(step(bodies::give_up_webhook, end).newly_disabled);
  owner("UPDATE platform.integrations SET failing_since = now() - interval '4 days'");
  EXPECT_TRUE(step(bodies::give_up_webhook, end).newly_disabled);
  EXPECT_FALSE(step(bodies::give_up_webhook, end).newly_disabled);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.integrations WHERE disabled_at IS NOT NULL"), "1");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.notifications WHERE kind = 'integration.disabled'"), "1");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.audit_log WHERE action = 'integration.disabled'"), "1");
  EXPECT_EQ(failure_type(key), "WebhookDisabled!");
}

TEST_F(WebhookSteps, a_gone_endpoint_is_disabled_at_once_and_its_owner_told_once) {
  const auto key = started();
  EXPECT_TRUE(step(bodies::give_up_webhook, WebhookGivenUp{key, "cancelled", "410 Gone", true}).newly_disabled);
  bodies::email_endpoint_disabled(services_, {key, "410 Gone"});
  bodies::email_endpoint_disabled(services_, {key, "410 Gone"});
  EXPECT_EQ(owner_value("SELECT string_agg(recipient, ',') FROM platform.outbox"), "owner@example.com");
}

TEST_F(WebhookSteps, deleted_endpoints_and_lost_messages_are_final) {
  auto key = started();
  auto other = key;
  other.message_id = "never-written";
  EXPECT_EQ(failure_type(other), "DeliveryNotFound!");
  owner("DELETE FROM platform.integrations");
  EXPECT_EQ(failure_type(key), "WebhookDisabled!");
}

}  // namespace
}  // namespace platform::test
