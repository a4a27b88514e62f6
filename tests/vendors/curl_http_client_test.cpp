#include <tests/vendors/standin_fixture.hpp>

#include <thread>

namespace platform::vendors {
namespace {

using standin::FaultMode;
using namespace std::chrono_literals;

class CurlHttpClientTest : public StandinTest {
 protected:
  HttpRequest post(bool repeatable = false, std::string body = "{\"n\":1}") {
    HttpRequest request{
        .method = "POST", .url = standin.url() + "/hooks/a", .body = std::move(body), .repeatable = repeatable};
    request.headers.add("Content-Type", "application/json");
    return request;
  }
  HttpRequest get() { return {.method = "GET", .url = standin.url() + "/__standin/health"}; }
};

TEST_F(CurlHttpClientTest, SendsMethodHeadersAndExactBytes) {
  std::string body("\x00\xff{\"a\": 1}\r\n", 12);
  auto request = post(false, body);
  request.headers.add("X-Thing", "a b");
  const auto result = client.send(request);
  EXPECT_EQ(result.outcome, HttpOutcome::ok) << result.error;
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.body, "{\"ok\":true}");
  EXPECT_EQ(result.headers.find("content-type"), "application/json");
  ASSERT_EQ(journal().size(), 1u);
  const auto seen = journal()[0].request;
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/hooks/a");
  EXPECT_EQ(seen.body, body);
  EXPECT_EQ(seen.headers.find("X-Thing"), "a b");
  EXPECT_EQ(seen.headers.find("Content-Type"), "application/json");
  EXPECT_FALSE(seen.headers.find("Expect"));
}

TEST_F(CurlHttpClientTest, LargeAndEmptyBodiesArrive) {
  const std::string large(3 << 20, 'x');
  for (const bool repeatable : {false, true}) {
    EXPECT_EQ(client.send(post(repeatable, large)).outcome, HttpOutcome::ok);
    EXPECT_EQ(client.send(post(repeatable, "")).outcome, HttpOutcome::ok);
  }
  ASSERT_EQ(journal().size(), 4u);
  EXPECT_EQ(journal()[0].request.body.size(), large.size());
  EXPECT_EQ(journal()[1].request.body, "");
  EXPECT_EQ(journal()[2].request.body, large);
  EXPECT_EQ(journal()[3].request.body, "");
}

TEST_F(CurlHttpClientTest, AnswersAreClassifiedByStatus) {
  answer_with(503, "{}", "7");
  const auto busy = client.send(post());
  EXPECT_EQ(busy.outcome, HttpOutcome::retry);
  EXPECT_EQ(busy.retry_after, 7s);
  EXPECT_EQ(busy.error_code, "http_503");
  answer_with(404, "{}");
  const auto missing = client.send(post());
  EXPECT_EQ(missing.outcome, HttpOutcome::permanent);
  EXPECT_EQ(missing.error_code, "http_404");
}

TEST_F(CurlHttpClientTest, RedirectsAreNotFollowed) {
  answer_with(302, "");
  EXPECT_EQ(client.send(post()).outcome, HttpOutcome::permanent);
  EXPECT_EQ(journal().size(), 1u);
}

TEST_F(CurlHttpClientTest, ALostAnswerIsAnUnknownOutcomeUnlessTheRequestMayBeRepeated) {
  inject(FaultMode::reset_after_commit);
  const auto lost = client.send(post());
  EXPECT_EQ(lost.outcome, HttpOutcome::unknown_outcome);
  EXPECT_EQ(lost.status, 0);
  EXPECT_EQ(lost.error_code, "connection_lost");
  inject(FaultMode::reset_after_commit);
  EXPECT_EQ(client.send(post(true)).outcome, HttpOutcome::retry);
}

TEST_F(CurlHttpClientTest, AReusedConnectionThatDiesNeverSendsAPostTwice) {
  for (const auto* body : {"{\"n\":1}", ""}) {
    for (const bool repeatable : {false, true}) {
      standin.state().journal.clear();
      ASSERT_EQ(client.send(post(false, "warm up")).outcome, HttpOutcome::ok);
      inject(FaultMode::reset_after_commit);
      const auto lost = client.send(post(repeatable, body));
      EXPECT_EQ(lost.outcome, repeatable ? HttpOutcome::retry : HttpOutcome::unknown_outcome);
      EXPECT_EQ(journal().size(), 2u);
      standin.state().faults.clear();
    }
  }
}

TEST_F(CurlHttpClientTest, TheDeadlineCoversADripThatNeverStalls) {
  standin.state().faults.add({.mode = FaultMode::slow_drip, .delay = 50ms});
  auto request = post();
  request.deadline = 200ms;
  const auto result = client.send(request);
  EXPECT_EQ(result.outcome, HttpOutcome::unknown_outcome);
  EXPECT_EQ(result.error_code, "timeout");
  EXPECT_EQ(result.status, 200);
}

TEST_F(CurlHttpClientTest, ADeadlineWithoutAnyAnswerIsATimeout) {
  standin.state().faults.add({.times = 2, .mode = FaultMode::delay, .delay = 60s});
  auto request = post();
  request.deadline = 100ms;
  const auto result = client.send(request);
  EXPECT_EQ(result.outcome, HttpOutcome::unknown_outcome);
  EXPECT_EQ(result.error_code, "timeout");
  request.repeatable = true;
  EXPECT_EQ(client.send(request).outcome, HttpOutcome::retry);
}

TEST_F(CurlHttpClientTest, WhatWasNeverSentMayBeSentAgain) {
  const auto port = standin.port();
  standin.stop();
  HttpRequest request{.method = "POST", .url = "http://127.0.0.1:" + std::to_string(port) + "/", .body = "x"};
  const auto refused = client.send(request);
  EXPECT_EQ(refused.outcome, HttpOutcome::retry);
  EXPECT_EQ(refused.error_code, "connection_failed");
  request.url = "http://no-such-host.invalid/";
  request.deadline = 5s;
  EXPECT_EQ(client.send(request).outcome, HttpOutcome::retry);
}

TEST_F(CurlHttpClientTest, LongAnswersAreCutOff) {
  standin.state().hooks.configure("a", {.body = std::string(1 << 20, 'y')});
  auto request = post();
  request.max_response_bytes = 1000;
  const auto result = client.send(request);
  EXPECT_EQ(result.outcome, HttpOutcome::ok);
  EXPECT_TRUE(result.body_truncated);
  EXPECT_EQ(result.body, std::string(1000, 'y'));
}

TEST_F(CurlHttpClientTest, ANameThatResolvesToAPrivateAddressIsRefusedAtThePeer) {
  CurlHttpClient strict{CurlOptions{.policy = {.allow_plain_http = true}}};
  auto request = post();
  request.url = "http://localhost:" + std::to_string(standin.port()) + "/hooks/a";
  const auto result = strict.send(request);
  EXPECT_EQ(result.outcome, HttpOutcome::permanent);
  EXPECT_EQ(result.error_code, "address_refused");
  EXPECT_EQ(result.error.find("/hooks"), std::string::npos) << result.error;
  EXPECT_TRUE(journal().empty());
}

TEST_F(CurlHttpClientTest, ARefusedUrlIsPermanentAndSendsNothing) {
  CurlHttpClient strict;
  const auto result = strict.send(post());
  EXPECT_EQ(result.outcome, HttpOutcome::permanent);
  EXPECT_EQ(result.error_code, "url_refused");
  EXPECT_TRUE(journal().empty());
}

TEST_F(CurlHttpClientTest, HeadersThatAreNotHttpAreTheCallersMistake) {
  auto request = get();
  request.headers.add("X-Thing", "a\r\nX-Other: b");
  EXPECT_THROW(client.send(request), std::invalid_argument);
  request = get();
  request.headers.add("X Thing", "a");
  EXPECT_THROW(client.send(request), std::invalid_argument);
  request = get();
  request.method = "GET /";
  EXPECT_THROW(client.send(request), std::invalid_argument);
}

TEST_F(CurlHttpClientTest, ManyThreadsMayUseOneClient) {
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) good += client.send(post(i % 2 == 0)).outcome == HttpOutcome::ok ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
  EXPECT_EQ(journal().size(), 200u);
}

}  // namespace
}  // namespace platform::vendors
