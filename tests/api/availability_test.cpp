#include "api_fixture.hpp"

#include <functional>
#include <thread>

#include <gmock/gmock.h>

namespace platform::ingress::test {
namespace {

using testing::HasSubstr;

class Availability : public ApiTest {
 protected:
  Availability() {
    PlatformApiOptions options;
    options.timeout = std::chrono::milliseconds(500);
    options.remember_organizations = std::chrono::hours(1);
    serve(options);
  }

  /// Until the answer is `status`, or a deadline.
  static int until(int status, const std::function<int()>& ask) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    int last = 0;
    do last = ask();
    while (last != status && std::chrono::steady_clock::now() < deadline);
    return last;
  }
  int post_until(int status, const std::string& body) {
    return until(status, [&] { return post(body).status; });
  }
  int ready_until(int status) {
    return until(status, [&] { return client().Get("/readyz")->status; });
  }
};

TEST_F(Availability, without_a_database_webhooks_are_503_and_work_again_when_it_is_back) {
  EXPECT_EQ(post(report("before")).status, 200);
  database_away();
  const auto answer = post(report("meanwhile"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("{\"error\":"));
  EXPECT_EQ(post(report("meanwhile"), {{"Authorization", "Bearer wrong"}}).status, 401);  // remembered: still checked
  EXPECT_EQ(client().Get("/readyz")->status, 503);
  EXPECT_EQ(client().Get("/healthz")->status, 200);
  database_back();
  EXPECT_EQ(post_until(200, report("meanwhile")), 200);
  EXPECT_EQ(ready_until(200), 200);
  EXPECT_EQ(count_of_runs(), "2");
}

TEST_F(Availability, an_organization_that_is_not_remembered_is_503_without_a_database_rather_than_404) {
  database_away();
  EXPECT_EQ(post(report()).status, 503);
  database_back();
  EXPECT_EQ(post_until(200, report()), 200);
}

TEST_F(Availability, connections_that_the_server_ended_are_replaced_without_anybody_noticing) {
  EXPECT_EQ(post(report("before")).status, 200);
  owner(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
      "pg_backend_pid()");
  for (int i = 0; i < 12; ++i) EXPECT_EQ(post(report("after-" + std::to_string(i))).status, 200) << i;
}

TEST_F(Availability, a_database_that_does_not_answer_is_503_after_the_timeout) {
  EXPECT_EQ(post(report("before")).status, 200);
  pqxx::connection blocker(database_.connection_string());
  pqxx::work lock(blocker);
  lock.exec("LOCK TABLE platform.vapi_events IN ACCESS EXCLUSIVE MODE");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post(report("held-" + std::to_string(i))).status, 503);
  EXPECT_EQ(client().Get("/healthz")->status, 200);
  lock.abort();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post_until(200, report("held-" + std::to_string(i))), 200);
  EXPECT_EQ(count_of_runs(), "4");  // those that were written after their 503 are duplicates now
}

TEST_F(Availability, a_database_without_the_schema_is_503) {
  owner("DROP SCHEMA platform CASCADE");
  EXPECT_EQ(post(report()).status, 503);
}

TEST_F(Availability, metrics_count_what_was_answered) {
  post(report("a"));
  post(report("a"));
  post(report("b"), {});
  const auto result = client().Get("/metrics");
  ASSERT_TRUE(result);
  EXPECT_THAT(result->get_header_value("Content-Type"), HasSubstr("version=0.0.4"));
  EXPECT_THAT(result->body, HasSubstr("holdfast_api_webhooks_total{status=\"200\"} 2\n"));
  EXPECT_THAT(result->body, HasSubstr("holdfast_api_webhooks_total{status=\"401\"} 1\n"));
  EXPECT_THAT(result->body, HasSubstr("holdfast_api_events_duplicate_total 1\n"));
  EXPECT_THAT(result->body, HasSubstr("holdfast_api_runs_started_total 1\n"));
  EXPECT_THAT(result->body, HasSubstr("holdfast_api_webhook_seconds_bucket{le=\"+Inf\"} 3\n"));
}

TEST_F(Availability, stopping_finishes_the_requests_that_are_running) {
  pqxx::connection blocker(database_.connection_string());
  pqxx::work lock(blocker);
  lock.exec("LOCK TABLE platform.vapi_events IN ACCESS EXCLUSIVE MODE");
  PlatformApiOptions options;
  options.timeout = std::chrono::seconds(20);
  serve(options);
  int status = 0;
  std::jthread sender([&] { status = post(report()).status; });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0" &&
         std::chrono::steady_clock::now() < deadline) {}
  std::jthread stopper([&] { server_->stop(); });
  lock.abort();
  sender.join();
  stopper.join();
  EXPECT_EQ(status, 200);
  EXPECT_EQ(count_of_runs(), "1");
}

}  // namespace
}  // namespace platform::ingress::test
