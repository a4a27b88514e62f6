#include "api_fixture.hpp"

#include <gmock/gmock.h>

#include <holdfast/http/signature/stripe_signature.hpp>

namespace platform::ingress::test {
namespace {

using testing::HasSubstr;

const std::string kStripeSecret = "whsec_test_secret";

class Stripe : public ApiTest {
 protected:
  Stripe() { serve({.stripe_secrets = {"whsec_older", kStripeSecret}}); }

  static std::string signature(const std::string& body, const std::string& secret = kStripeSecret,
                               std::chrono::seconds age = std::chrono::seconds(0)) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return holdfast::http::sign_stripe(secret, now - age, body);
  }
  Answer send(const std::string& body, const httplib::Headers& headers) const {
    auto connection = client();
    const auto result = connection.Post("/webhooks/stripe", headers, body, "application/json");
    if (!result) return {0, to_string(result.error())};
    return {result->status, result->body};
  }
  Answer send(const std::string& body) const { return send(body, {{"Stripe-Signature", signature(body)}}); }
  static std::string event(const std::string& id, const std::string& type) {
    return R"({"id":")" + id + R"(","object":"v2.core.event","type":")" + type +
           R"(","livemode":false,"created":"2026-11-30T12:00:00Z","related_object":{"id":"mtr_1"}})";
  }
  static inline const std::string kErrors = "v1.billing.meter.error_report_triggered";
};

TEST_F(Stripe, an_error_report_is_stored_and_starts_its_workflow_in_the_same_transaction) {
  const auto body = event("evt_1", kErrors);
  const auto answer = send(body);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, R"({"status":"stored"})");
  EXPECT_EQ(value("SELECT type || body FROM platform.stripe_events"), kErrors + body);
  EXPECT_EQ(value("SELECT workflow_type || ' ' || workflow_id || ' ' || task_queue || ' ' || input FROM holdfast.runs"),
            R"(MeterErrors stripe-event-evt_1 billing {"event_id":"evt_1"})");
  EXPECT_EQ(value("SELECT r.xmin::text = e.xmin::text FROM holdfast.runs r, platform.stripe_events e"), "t");
}

TEST_F(Stripe, a_repeated_delivery_answers_200_and_starts_nothing) {
  const auto body = event("evt_1", kErrors);
  send(body);
  EXPECT_EQ(send(body).body, R"({"status":"duplicate"})");
  EXPECT_EQ(send(body + " ").body, R"({"status":"duplicate"})") << "the id names the event";
  EXPECT_EQ(count_of_runs(), "1");
}

TEST_F(Stripe, other_events_are_stored_and_start_nothing) {
  EXPECT_EQ(send(event("evt_1", "invoice.paid")).status, 200);
  EXPECT_EQ(send(event("evt_2", "brand.new")).status, 200);
  EXPECT_EQ(value("SELECT string_agg(type, ' ' ORDER BY id) FROM platform.stripe_events"), "invoice.paid brand.new");
  EXPECT_EQ(count_of_runs(), "0");
  EXPECT_EQ(send(event("evt_3", "v1.billing.meter.no_meter_found")).status, 200);
  EXPECT_EQ(count_of_runs(), "1");
}

TEST_F(Stripe, only_a_fresh_signature_by_one_of_the_secrets_is_let_in) {
  const auto body = event("evt_1", kErrors);
  EXPECT_EQ(send(body, {}).status, 401);
  EXPECT_EQ(send(body, {{"Stripe-Signature", "t=1,v1=00"}}).status, 401);
  EXPECT_EQ(send(body, {{"Stripe-Signature", signature(body, "whsec_wrong")}}).status, 401);
  EXPECT_EQ(send(body, {{"Stripe-Signature", signature(body, kStripeSecret, std::chrono::seconds(400))}}).status, 401);
  EXPECT_EQ(send(body + " ", {{"Stripe-Signature", signature(body)}}).status, 401);
  EXPECT_EQ(value("SELECT count(*) FROM platform.stripe_events"), "0");
  EXPECT_EQ(send(body, {{"Stripe-Signature", signature(body, "whsec_older")}}).status, 200);
}

TEST_F(Stripe, what_is_no_event_is_refused_by_name) {
  const auto expect_refused = [&](const std::string& body, const std::string& words) {
    const auto answer = send(body);
    EXPECT_EQ(answer.status, 400) << body.substr(0, 100);
    EXPECT_THAT(answer.body, HasSubstr(words));
  };
  expect_refused("", "not JSON");
  expect_refused("{", "not JSON");
  expect_refused("{\"id\":\"\xff\"}", "not JSON");
  expect_refused(std::string(100'000, '['), "not JSON");
  expect_refused("[]", "object");
  expect_refused(R"({"type":"a"})", "id: must be a string");
  expect_refused(R"({"id":7,"type":"a"})", "id: must be a string");
  expect_refused(R"({"id":"evt_1"})", "type: must be a string");
  expect_refused(R"({"id":"","type":"a"})", "id: has 0 bytes");
  expect_refused(R"({"id":")" + std::string(256, 'x') + R"(","type":"a"})", "id: has 256 bytes");
  expect_refused(R"({"id":"evt\u0000","type":"a"})", "NUL");
  EXPECT_EQ(value("SELECT count(*) FROM platform.stripe_events"), "0");
}

TEST_F(Stripe, without_a_secret_there_is_no_endpoint) {
  serve({});
  EXPECT_EQ(send(event("evt_1", kErrors)).status, 404);
}

TEST_F(Stripe, only_post_is_allowed_and_a_database_that_is_away_is_503) {
  EXPECT_EQ(client().Get("/webhooks/stripe")->status, 405);
  PlatformApiOptions options;
  options.timeout = std::chrono::milliseconds(500);
  options.stripe_secrets = {kStripeSecret};
  serve(options);
  database_away();
  EXPECT_EQ(send(event("evt_1", kErrors)).status, 503);
  database_back();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (send(event("evt_1", kErrors)).status != 200 && std::chrono::steady_clock::now() < deadline) {}
  EXPECT_EQ(count_of_runs(), "1");
}

}  // namespace
}  // namespace platform::ingress::test
