#include "rest_fixture.hpp"

#include <gmock/gmock.h>

namespace platform::rest::test {
namespace {

using testing::HasSubstr;

class Deliveries : public RestTest {
 protected:
  std::string delivery_id(const std::string& integration, const std::string& message) {
    const auto list = get("/v1/integrations/" + integration + "/deliveries?limit=200").json();
    for (const auto& entry : list.at("data").as_array())
      if (entry.at("message_id").as_string() == message) return std::string(entry.at("id").as_string());
    ADD_FAILURE() << "no delivery " << message;
    return {};
  }
  std::string messages(const std::string& target) {
    std::string out;
    const auto page = get(target).json();
    for (const auto& entry : page.at("data").as_array())
      out += (out.empty() ? "" : " ") + std::string(entry.at("message_id").as_string());
    return out;
  }
  const std::string id_ = integration();
  const std::string log_ = "/v1/integrations/" + id_ + "/deliveries";
};

TEST_F(Deliveries, the_log_of_an_endpoint_is_read_newest_first_and_filtered) {
  const auto other = integration();
  delivery(id_, "a", "failed", "3 minutes");
  delivery(id_, "b", "delivered", "2 minutes");
  delivery(id_, "c", "failed", "1 minute");
  delivery(other, "d", "failed");
  // On the first day of a month the month before the last has no partition of its own any more.
  owner(
      "CREATE TABLE platform.deliveries_before PARTITION OF platform.webhook_deliveries "
      "FOR VALUES FROM (MINVALUE) TO (date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '1 "
      "month')");
  delivery(id_, "old", "failed", "31 days");
  EXPECT_EQ(messages(log_), "c b a");
  EXPECT_EQ(messages(log_ + "?status=failed"), "c a");
  EXPECT_EQ(messages(log_ + "?type=other"), "");
  EXPECT_EQ(messages(log_ + "?since=2000-01-01T00:00:00Z&until=" +
                     value("SELECT to_char(now() AT TIME ZONE 'UTC' - "
                           "interval '150 seconds', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")),
            "a old");
  EXPECT_EQ(get(log_ + "?status=lost").status, 400);
  EXPECT_EQ(get(log_ + "?since=yesterday").text("field"), "since");
  const auto first = get(log_ + "?limit=2");
  EXPECT_EQ(messages(log_ + "?limit=2&cursor=" + first.text("next_cursor")), "a");
}

TEST_F(Deliveries, one_shows_its_message_and_every_attempt) {
  delivery(id_, "a", "failed");
  owner(
      "INSERT INTO platform.webhook_attempts (organization_id, created_at, integration_id, message_id, attempt, "
      "status_code, latency_ms, response, error) SELECT organization_id, created_at, integration_id, message_id, n, "
      "500, "
      "12, 'oops', 'http_500' FROM platform.webhook_deliveries, generate_series(1, 2) n");
  const auto one = get(log_ + "/" + delivery_id(id_, "a"));
  ASSERT_EQ(one.status, 200) << one.body;
  EXPECT_EQ(one.json().at("body").at("type").as_string(), "call.completed");
  ASSERT_EQ(one.json().at("log").as_array().size(), 2u);
  EXPECT_EQ(one.json().at("log").at(1).at("status_code").as_int64(), 500);
  EXPECT_EQ(one.json().at("log").at(1).at("response").as_string(), "oops");
  const auto attempts = get("/v1/integrations/" + id_ + "/attempts?limit=1");
  EXPECT_EQ(attempts.json().at("data").at(0).at("attempt").as_int64(), 2);
  EXPECT_EQ(get("/v1/integrations/" + id_ + "/attempts?limit=1&cursor=" + attempts.text("next_cursor"))
                .json()
                .at("data")
                .at(0)
                .at("attempt")
                .as_int64(),
            1);
  EXPECT_EQ(get(log_ + "/nonsense").status, 400);
}

TEST_F(Deliveries, one_is_delivered_again_going_on_with_its_numbers) {
  delivery(id_, "a", "failed");
  const auto target = log_ + "/" + delivery_id(id_, "a") + "/redeliveries";
  const auto again = post(target);
  ASSERT_EQ(again.status, 202) << again.body;
  EXPECT_EQ(again.text("workflow_id"), "webhook-" + id_ + "-a");
  EXPECT_EQ(
      value("SELECT workflow_type || ' ' || task_queue || ' ' || (input ->> 'attempts_before') FROM holdfast.runs"),
      "WebhookDelivery webhooks 2");
  EXPECT_EQ(value("SELECT status FROM platform.webhook_deliveries"), "pending");
  EXPECT_EQ(post(target).status, 409) << "it is under way";
  EXPECT_EQ(value("SELECT count(*) FROM holdfast.runs"), "1");
}

TEST_F(Deliveries, nothing_is_delivered_to_a_disabled_endpoint) {
  delivery(id_, "a", "failed");
  const auto id = delivery_id(id_, "a");
  patch("/v1/integrations/" + id_, R"({"enabled": false})");
  EXPECT_EQ(post(log_ + "/" + id + "/redeliveries").status, 409);
  EXPECT_EQ(post("/v1/integrations/" + id_ + "/redeliveries",
                 R"({"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"})")
                .status,
            409);
}

TEST_F(Deliveries, a_range_is_one_run_that_can_be_watched) {
  const auto started =
      post("/v1/integrations/" + id_ + "/redeliveries",
           R"({"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z", "statuses": ["failed"]})");
  ASSERT_EQ(started.status, 202) << started.body;
  const std::string location(*started.headers.find("Location"));
  EXPECT_EQ(get(location).text("status"), "running");
  EXPECT_EQ(get(location).text("since"), "2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(value("SELECT workflow_type FROM holdfast.runs"), "WebhookRedelivery");
  owner("UPDATE holdfast.runs SET status = 'completed', result = '{\"messages\": 7}', closed_at = now()");
  EXPECT_EQ(get(location).text("messages"), "7");
  const auto range = [&](const std::string& body) { return post("/v1/integrations/" + id_ + "/redeliveries", body); };
  EXPECT_EQ(range("{}").text("field"), "since");
  EXPECT_EQ(range(R"({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"})").text("field"), "until");
  EXPECT_EQ(range(R"({"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "statuses": ["pending"]})")
                .text("field"),
            "statuses");
}

}  // namespace
}  // namespace platform::rest::test
