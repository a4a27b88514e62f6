#include <activities/vendors/resend_email_sender.hpp>
#include <tests/vendors/standin_fixture.hpp>

namespace platform::vendors {
namespace {

using standin::FaultMode;
using namespace std::chrono_literals;

class ResendTest : public StandinTest {
 protected:
  ResendConfig config() {
    return {.base_url = standin.url() + "/", .api_key = standin.state().keys.resend, .from = "Acme <hi@acme.test>"};
  }
  static EmailMessage message() {
    return {.organization_id = "o",
            .idempotency_key = "call.completed/17",
            .to = "owner@example.com",
            .subject = "Call 17",
            .text = "Line \"one\"\nLine two"};
  }

  ResendEmailSender email{client, config()};
};

TEST_F(ResendTest, SendsJsonWithTheIdempotencyKey) {
  EXPECT_FALSE(email.send(message()).id.empty());
  ASSERT_EQ(journal().size(), 1u);
  EXPECT_EQ(journal()[0].request.path, "/emails");
  EXPECT_EQ(journal()[0].request.headers.find("Idempotency-Key")->substr(0), "o/call.completed/17");
}

TEST_F(ResendTest, TwoOrganizationsMayUseOneKey) {
  email.send(message());
  auto other = message();
  other.organization_id = "p";
  other.text = "something else";
  EXPECT_FALSE(email.send(other).id.empty());
  other.organization_id = std::string(200, 'p');
  other.idempotency_key = std::string(256, 'k');
  EXPECT_FALSE(email.send(other).id.empty());
  EXPECT_EQ(effects("resend"), 3);
}

TEST_F(ResendTest, TheSameKeySendsOnce) {
  const auto first = email.send(message()).id;
  EXPECT_EQ(email.send(message()).id, first);
  EXPECT_EQ(effects("resend"), 1);
}

TEST_F(ResendTest, ALostAnswerIsRepeatedWithTheSameKeyAndSendsOnce) {
  inject(FaultMode::reset_after_commit);
  const auto fault = fault_from([&] { email.send(message()); });
  EXPECT_EQ(fault.kind, VendorErrorKind::retry);
  EXPECT_EQ(fault.code, "connection_lost");
  EXPECT_FALSE(email.send(message()).id.empty());
  EXPECT_EQ(effects("resend"), 1);
}

TEST_F(ResendTest, TheSameKeyWithOtherContentIsPermanent) {
  email.send(message());
  auto other = message();
  other.text = "something else";
  const auto fault = fault_from([&] { email.send(other); });
  EXPECT_EQ(fault.kind, VendorErrorKind::permanent);
  EXPECT_EQ(fault.code, "invalid_idempotent_request");
}

TEST_F(ResendTest, AConcurrentAttemptWithTheSameKeyIsTriedAgain) {
  answer_with(409, R"({"statusCode":409,"name":"concurrent_idempotent_requests","message":"busy"})");
  const auto fault = fault_from([&] { email.send(message()); });
  EXPECT_EQ(fault.kind, VendorErrorKind::retry);
  EXPECT_EQ(fault.message, "busy");
}

TEST_F(ResendTest, RatesAreRetriedSoonAndQuotasLater) {
  answer_with(429, R"({"statusCode":429,"name":"rate_limit_exceeded","message":"slow down"})", "1");
  EXPECT_EQ(fault_from([&] { email.send(message()); }).retry_after, 1s);
  answer_with(429, R"({"statusCode":429,"name":"daily_quota_exceeded","message":"enough"})", "1");
  const auto quota = fault_from([&] { email.send(message()); });
  EXPECT_EQ(quota.kind, VendorErrorKind::retry);
  EXPECT_EQ(quota.retry_after, 3600s);
}

TEST_F(ResendTest, ABadKeyAndABadMessageArePermanent) {
  auto bad = config();
  bad.api_key = "re_wrong";
  EXPECT_EQ(fault_from([&] { ResendEmailSender(client, bad).send(message()); }).code, "invalid_api_key");
  const auto code = [&](auto change) {
    auto wrong = message();
    change(wrong);
    const auto fault = fault_from([&] { email.send(wrong); });
    EXPECT_EQ(fault.kind, VendorErrorKind::permanent);
    return fault.code;
  };
  EXPECT_EQ(code([](EmailMessage& m) { m.to = "nobody"; }), "invalid_to");
  EXPECT_EQ(code([](EmailMessage& m) { m.to = "a@b.c, d@e.f"; }), "invalid_to");
  EXPECT_EQ(code([](EmailMessage& m) { m.subject = "a\nBcc: x@y.z"; }), "invalid_subject");
  EXPECT_EQ(code([](EmailMessage& m) { m.idempotency_key = ""; }), "invalid_idempotency_key");
  EXPECT_EQ(effects("resend"), 0);
}

TEST_F(ResendTest, AnUnreadableSuccessIsTriedAgainAndSendsOnce) {
  inject(FaultMode::malformed_body);
  EXPECT_EQ(fault_from([&] { email.send(message()); }).code, "bad_answer");
  EXPECT_FALSE(email.send(message()).id.empty());
  EXPECT_EQ(effects("resend"), 1);
}

TEST_F(ResendTest, ServerErrorsAreRetried) {
  answer_with(500, R"({"statusCode":500,"name":"internal_server_error","message":"oops"})");
  const auto fault = fault_from([&] { email.send(message()); });
  EXPECT_EQ(fault.kind, VendorErrorKind::retry);
  EXPECT_EQ(fault.code, "internal_server_error");
}

}  // namespace
}  // namespace platform::vendors
