#include "platform_fixture.hpp"

#include <holdfast/core/errors.hpp>

namespace platform::test {
namespace {

using holdfast::ApplicationError;

/// Endpoints' limits and secrets, and redelivery, on the database.
class WebhookLimits : public PlatformTest {
 protected:
  WebhookLimits() {
    call_ = receive_report();
    step(bodies::start_call_webhooks, call_);
    key_ = {acme_,
            holdfast::Uuid::parse(owner_value("SELECT integration_id FROM platform.webhook_deliveries")),
            "call-completed-call-1",
            call_.created_at,
            {}};
  }
  DeliveryKey message(const std::string& id, const std::string& status = "pending", const std::string& age = "0") {
    owner(
        "INSERT INTO platform.webhook_deliveries (organization_id, created_at, integration_id, message_id, type, body, "
        "status, attempts) SELECT organization_id, created_at - interval '" +
        age + " seconds', integration_id, '" + id + "', type, body, '" + status +
        "', 3 FROM platform.webhook_deliveries WHERE message_id = 'call-completed-call-1'");
    auto key = key_;
    key.message_id = id;
    return key;
  }
  /// What the attempt failed with; empty: it went out.
  std::string posted(const DeliveryKey& key, int attempt = 1) {
    try {
      bodies::post_webhook(services_, key, attempt);
      return "";
    } catch (const ApplicationError& e) {
      last_wait_ = e.failure().next_retry_delay.value_or(holdfast::Duration(-1));
      return e.failure().type;
    }
  }
  void hold(int slot, const std::string& by, const std::string& until) {
    owner("UPDATE platform.webhook_slots SET taken_by = '" + by + "', taken_until = " + until +
          " WHERE slot = " + std::to_string(slot));
  }

  CallKey call_;
  DeliveryKey key_;
  holdfast::Duration last_wait_{};
};

TEST_F(WebhookLimits, an_attempt_gives_its_place_back) {
  EXPECT_EQ(posted(key_), "");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.webhook_slots"), "8");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.webhook_slots WHERE taken_until > now()"), "0");
}

TEST_F(WebhookLimits, no_more_attempts_than_allowed_are_under_way_and_the_others_wait_without_posting) {
  owner("UPDATE platform.integrations SET max_concurrent = 2");
  EXPECT_EQ(posted(key_), "");
  hold(1, "a", "now() + interval '1 hour'");
  EXPECT_EQ(posted(key_), "");
  hold(2, "b", "now() + interval '1 hour'");
  const auto before = endpoint_.posts.size();
  EXPECT_EQ(posted(key_), kEndpointBusy);
  EXPECT_GE(last_wait_, std::chrono::milliseconds(250));
  EXPECT_EQ(endpoint_.posts.size(), before);
  EXPECT_EQ(posted(key_, 30), kEndpointBusy);
  EXPECT_GE(last_wait_, std::chrono::seconds(60));
  EXPECT_LE(last_wait_, std::chrono::seconds(120));
}

TEST_F(WebhookLimits, one_busy_endpoint_does_not_hold_up_another) {
  owner("UPDATE platform.integrations SET max_concurrent = 1");
  EXPECT_EQ(posted(key_), "");
  hold(1, "a", "now() + interval '1 hour'");
  EXPECT_EQ(posted(key_), kEndpointBusy);
  owner(
      "INSERT INTO platform.integrations (organization_id, name, url, secrets) SELECT organization_id, 'second', "
      "'https://second.test', secrets FROM platform.integrations WHERE organization_id = '" +
      acme_.to_string() + "'");
  auto other = key_;
  other.integration_id =
      holdfast::Uuid::parse(owner_value("SELECT id FROM platform.integrations WHERE name = 'second'"));
  owner(
      "INSERT INTO platform.webhook_deliveries (organization_id, created_at, integration_id, message_id, type, body) "
      "SELECT organization_id, created_at, '" +
      other.integration_id.to_string() + "', message_id, type, body FROM platform.webhook_deliveries");
  EXPECT_EQ(posted(other), "");
}

TEST_F(WebhookLimits, the_place_of_a_worker_that_died_is_free_again_after_its_lease) {
  owner("UPDATE platform.integrations SET max_concurrent = 1");
  EXPECT_EQ(posted(key_), "");
  hold(1, "of the dead", "now() - interval '1 second'");
  EXPECT_EQ(posted(key_), "");
}

TEST_F(WebhookLimits, a_repeated_attempt_finds_its_own_place) {
  owner("UPDATE platform.integrations SET max_concurrent = 1");
  EXPECT_EQ(posted(key_), "");
  hold(1, key_.message_id, "now() + interval '1 hour'");
  EXPECT_EQ(posted(key_), "");
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.webhook_slots WHERE taken_until > now()"), "0");
}

TEST_F(WebhookLimits, a_limit_that_is_lowered_or_raised_holds_at_once) {
  EXPECT_EQ(posted(key_), "");
  owner("UPDATE platform.webhook_slots SET taken_by = 'x', taken_until = now() + interval '1 hour' WHERE slot = 1");
  owner("UPDATE platform.integrations SET max_concurrent = 1");
  EXPECT_EQ(posted(key_), kEndpointBusy);
  owner("UPDATE platform.integrations SET max_concurrent = 9");
  owner("UPDATE platform.webhook_slots SET taken_by = 'x', taken_until = now() + interval '1 hour'");
  EXPECT_EQ(posted(key_), "");
}

TEST_F(WebhookLimits, the_rate_lets_a_seconds_worth_through_and_says_how_long_to_wait) {
  owner("UPDATE platform.integrations SET max_per_second = 1");
  EXPECT_EQ(posted(key_), "");
  owner("UPDATE platform.webhook_rates SET next_at = now() + interval '50 seconds'");
  EXPECT_EQ(posted(key_), kEndpointBusy);
  EXPECT_GT(last_wait_, std::chrono::seconds(40));
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.webhook_slots WHERE taken_until > now()"), "0");
  owner("UPDATE platform.integrations SET max_per_second = 1000");
  owner("UPDATE platform.webhook_rates SET next_at = '-infinity'");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(posted(key_), "");
}

TEST_F(WebhookLimits, an_old_secret_signs_until_its_end_and_no_longer) {
  owner(
      "UPDATE platform.integrations SET secrets = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx'::text || secrets, "
      "old_secrets_until = now() + interval '1 hour'");
  posted(key_);
  EXPECT_EQ(endpoint_.posts.back().secrets.size(), 2u);
  owner("UPDATE platform.integrations SET old_secrets_until = now()");
  posted(key_);
  EXPECT_EQ(endpoint_.posts.back().secrets, std::vector<std::string>{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"});
}

TEST_F(WebhookLimits, another_tenant_cannot_take_places) {
  auto foreign = key_;
  foreign.organization_id = globex_;
  EXPECT_EQ(posted(foreign), kWebhookDisabled);  // for them it does not exist
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.webhook_slots"), "0");
}

class WebhookRange : public WebhookLimits {
 protected:
  RedeliveryRange range() const {
    return {.organization_id = acme_,
            .integration_id = key_.integration_id,
            .from = call_.created_at - std::chrono::minutes(10),
            .until = call_.created_at - std::chrono::seconds(1),
            .statuses = {"failed", "cancelled"}};
  }
  std::string runs() {
    return owner_value(
        "SELECT coalesce(string_agg(input ->> 'message_id', ' ' ORDER BY input ->> 'message_id'), '') "
        "FROM holdfast.runs WHERE input ->> 'message_id' <> 'call-completed-call-1'");
  }
};

TEST_F(WebhookRange, messages_of_the_range_with_the_statuses_start_again_and_others_do_not) {
  message("a-failed", "failed", "60");
  message("b-cancelled", "cancelled", "30");
  message("c-delivered", "delivered", "30");
  message("d-pending", "pending", "30");
  message("e-too-old", "failed", "601");
  message("f-too-new", "failed", "1");
  const auto page = step(bodies::redeliver_page, range());
  EXPECT_EQ(page.started, 2);
  EXPECT_FALSE(page.last);
  EXPECT_EQ(runs(), "a-failed b-cancelled");
  EXPECT_EQ(owner_value("SELECT input ->> 'attempts_before' FROM holdfast.runs WHERE workflow_id LIKE '%a-failed'"),
            "3");
  EXPECT_EQ(owner_value("SELECT status FROM platform.webhook_deliveries WHERE message_id = 'a-failed'"), "pending");
}

TEST_F(WebhookRange, a_message_that_is_under_way_gets_no_second_run) {
  message("a", "failed", "60");
  EXPECT_EQ(step(bodies::redeliver_page, range()).started, 1);
  owner("UPDATE platform.webhook_deliveries SET status = 'failed' WHERE message_id = 'a'");
  EXPECT_EQ(step(bodies::redeliver_page, range()).started, 1);
  EXPECT_EQ(runs(), "a");
}

TEST_F(WebhookRange, more_than_a_page_goes_on_where_the_page_ended) {
  owner(
      "INSERT INTO platform.webhook_deliveries (organization_id, created_at, integration_id, message_id, type, body, "
      "status) SELECT organization_id, created_at - (n / 10 + 2) * interval '1 second', integration_id, 'm' || n, "
      "type, "
      "body, 'failed' FROM platform.webhook_deliveries, generate_series(1, 250) n");
  auto next = range();
  std::int64_t started = 0;
  int pages = 0;
  for (;; ++pages) {
    const auto page = step(bodies::redeliver_page, next);
    started += page.started;
    if (!page.last) break;
    next.after = page.last;
  }
  EXPECT_EQ(started, 250);
  EXPECT_EQ(pages, 2);
  EXPECT_EQ(owner_value("SELECT count(DISTINCT workflow_id) FROM holdfast.runs"), "251");
}

TEST_F(WebhookRange, a_disabled_endpoint_and_bad_statuses_are_refused) {
  auto bad = range();
  bad.statuses = {"pending"};
  EXPECT_THROW(step(bodies::redeliver_page, bad), ApplicationError);
  owner("UPDATE platform.integrations SET disabled_at = now(), disabled_reason = 'x'");
  EXPECT_THROW(step(bodies::redeliver_page, range()), ApplicationError);
}

}  // namespace
}  // namespace platform::test
