#include "workflow_driver.hpp"

#include <workflows/webhook_delivery.hpp>
#include <workflows/webhook_redelivery.hpp>

namespace platform::test {
namespace {

using namespace holdfast;
using namespace std::chrono_literals;

class Delivery : public testing::Test {
 protected:
  Delivery() {
    driver_.on(post_webhook, [this](const DeliveryKey&) {
      const auto n = std::min(posts_++, answers_.size() - 1);
      if (answers_[n].error == "disabled") throw WorkflowDriver::fail(kWebhookDisabled, "the endpoint is disabled");
      if (answers_[n].error == "ours") throw WorkflowDriver::fail("Broken", "no connection");
      return answers_[n];
    });
    driver_.on(log_webhook_attempt, [this](const WebhookAttempt& attempt) {
      log_.push_back(attempt);
      return Nothing{};
    });
    driver_.on(give_up_webhook, [this](const WebhookGivenUp& end) {
      end_ = end;
      return EndpointState{newly_disabled_};
    });
  }
  static WebhookAnswer status(std::int64_t code, std::int64_t retry_after = -1) {
    return {.status = code, .latency_ms = 5, .retry_after_s = retry_after};
  }
  static WebhookAnswer error(std::string what) { return {.error = std::move(what)}; }

  std::vector<WebhookAnswer> answers_{status(200)};  // the last one repeats
  std::size_t posts_ = 0;
  bool newly_disabled_ = false;
  std::vector<WebhookAttempt> log_;
  WebhookGivenUp end_;
  const DeliveryKey key_{.organization_id = Uuid::parse("00000000-0000-7000-8000-00000000000a"),
                         .integration_id = Uuid::parse("00000000-0000-7000-8000-0000000000f1"),
                         .message_id = "call-completed-1",
                         .created_at = parse_rfc3339("2026-11-30T17:00:00Z")};
  WorkflowDriver driver_{define(kWebhookDelivery, webhook_delivery), encode(key_)};
};

TEST(WebhookSchedule, is_the_specifications) {
  Duration total{};
  for (std::int64_t attempt = 1; attempt <= kWebhookAttempts; ++attempt) total += webhook_wait(attempt);
  EXPECT_EQ(total, 75h + 35min + 5s);
}

TEST_F(Delivery, an_accepted_message_is_one_attempt) {
  driver_.run();
  ASSERT_TRUE(driver_.completed());
  EXPECT_EQ(driver_.result<WebhookDelivered>().attempts, 1);
  EXPECT_EQ(driver_.calls_text(), "post_webhook log_webhook_attempt");
  EXPECT_TRUE(log_.at(0).delivered);
}

TEST_F(Delivery, failures_are_repeated_after_the_schedules_waits_and_each_attempt_is_logged) {
  answers_ = {status(500), status(302), error("timeout"), error("ours"), status(204)};
  driver_.run();
  ASSERT_TRUE(driver_.completed());
  EXPECT_EQ(driver_.result<WebhookDelivered>().attempts, 5);
  ASSERT_EQ(log_.size(), 5u);
  for (std::int64_t i = 0; i < 5; ++i) EXPECT_EQ(log_[static_cast<std::size_t>(i)].attempt, i + 1);
  EXPECT_FALSE(log_[1].delivered) << "a redirect is not an acceptance";
  const auto planned = 5s + 5min + 30min + 2h;
  EXPECT_GE(driver_.elapsed(), planned * 9 / 10);
  EXPECT_LE(driver_.elapsed(), planned * 11 / 10);
}

TEST_F(Delivery, a_redelivery_goes_on_with_the_numbers_of_the_log) {
  auto key = key_;
  key.attempts_before = 10;
  WorkflowDriver again(define(kWebhookDelivery, webhook_delivery), encode(key));
  again.on(post_webhook, [](const DeliveryKey&) { return status(200); });
  again.on(log_webhook_attempt, [](const WebhookAttempt& attempt) {
    EXPECT_EQ(attempt.attempt, 11);
    return Nothing{};
  });
  again.run();
  EXPECT_EQ(again.result<WebhookDelivered>().attempts, 1);
}

TEST(Redelivery, goes_through_the_range_page_by_page) {
  RedeliveryRange range{.organization_id = {}, .integration_id = {}, .from = {}, .until = {}, .statuses = {"failed"}};
  WorkflowDriver driver(define(kWebhookRedelivery, webhook_redelivery), encode(range));
  std::vector<std::string> after;
  driver.on(redeliver_page, [&](const RedeliveryRange& in) {
    after.push_back(in.after ? in.after->message_id : "");
    RedeliveredPage page{.started = 100, .last = DeliveryPosition{{}, "m" + std::to_string(after.size())}};
    if (after.size() == 3) page = {.started = 7};
    return page;
  });
  driver.run();
  EXPECT_EQ(driver.result<Redelivered>().messages, 207);
  EXPECT_EQ(after, (std::vector<std::string>{"", "m1", "m2"}));
}

TEST_F(Delivery, the_schedule_ends_after_ten_attempts_and_fails_the_run) {
  answers_ = {status(503)};
  driver_.run();
  EXPECT_EQ(driver_.failure().type, "WebhookFailed");
  EXPECT_EQ(log_.size(), 10u);
  EXPECT_EQ(end_.status, "failed");
  EXPECT_FALSE(end_.disable_endpoint);
  EXPECT_GE(driver_.elapsed(), 67h);
  EXPECT_EQ(driver_.calls().back(), "give_up_webhook") << "nobody is told while the endpoint stays enabled";
}

TEST_F(Delivery, retry_after_delays_the_next_attempt) {
  answers_ = {status(429, 3600), status(200)};
  driver_.run();
  EXPECT_EQ(driver_.elapsed(), 1h);
}

TEST_F(Delivery, an_absurd_retry_after_is_bounded) {
  answers_ = {status(503, 1'000'000'000), status(200)};
  driver_.run();
  EXPECT_TRUE(driver_.completed());
  EXPECT_LE(driver_.elapsed(), 25h);
}

TEST_F(Delivery, a_short_retry_after_does_not_hasten_the_schedule) {
  answers_ = {status(500), status(500, 0), status(200)};
  driver_.run();
  EXPECT_GE(driver_.elapsed(), 4min);
}

TEST_F(Delivery, a_gone_endpoint_ends_it_at_once_and_its_owner_is_told) {
  answers_ = {status(410)};
  newly_disabled_ = true;
  driver_.run();
  EXPECT_EQ(driver_.failure().type, kWebhookDisabled);
  EXPECT_TRUE(driver_.failure().non_retryable);
  EXPECT_TRUE(end_.disable_endpoint);
  EXPECT_EQ(driver_.calls_text(), "post_webhook log_webhook_attempt give_up_webhook email_endpoint_disabled");
  EXPECT_EQ(driver_.elapsed(), 0s);
}

TEST_F(Delivery, a_disabled_endpoint_ends_it_without_an_attempt) {
  answers_ = {status(500), error("disabled")};
  driver_.run();
  EXPECT_EQ(driver_.failure().type, kWebhookDisabled);
  EXPECT_EQ(log_.size(), 1u);
  EXPECT_EQ(end_.status, "cancelled");
  EXPECT_FALSE(end_.disable_endpoint);
}

TEST_F(Delivery, an_owner_who_cannot_be_told_does_not_change_the_end) {
  answers_ = {status(410)};
  newly_disabled_ = true;
  driver_.on(email_endpoint_disabled,
             [](const EndpointNotice&) -> Nothing { throw WorkflowDriver::fail("resend.500"); });
  driver_.run();
  EXPECT_EQ(driver_.failure().type, kWebhookDisabled);
}

}  // namespace
}  // namespace platform::test
