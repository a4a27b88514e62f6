#include <activities/vendors/twilio_sms_sender.hpp>
#include <tests/vendors/standin_fixture.hpp>

namespace platform::vendors {
namespace {

using standin::FaultMode;
using namespace std::chrono_literals;

class TwilioTest : public StandinTest {
 protected:
  TwilioConfig config() {
    const auto& keys = standin.state().keys;
    return {.base_url = standin.url(),
            .account_sid = keys.twilio_account,
            .secret = keys.twilio_token,
            .from = "+14155550100"};
  }
  static SmsMessage message(std::string body = "Call 17 is done ✓ & filed") {
    return {.organization_id = "o", .idempotency_key = "sms:call:17", .to = "+14155550123", .body = std::move(body)};
  }
  static std::chrono::sys_seconds now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }

  TwilioSmsSender sms{client, config()};
};

TEST_F(TwilioTest, SendsAFormSignedInWithTheAccount) {
  EXPECT_EQ(sms.send(message()).id, "SM00000000000000000000000000000001");
  ASSERT_EQ(journal().size(), 1u);
  const auto form = standin::parse_form(journal()[0].request.body);
  EXPECT_EQ(standin::field(form, "To"), "+14155550123");
  EXPECT_EQ(standin::field(form, "From"), "+14155550100");
  EXPECT_EQ(standin::field(form, "Body"), "Call 17 is done ✓ & filed");
}

TEST_F(TwilioTest, SendsThroughAMessagingServiceAndAnApiKey) {
  auto other = config();
  other.from = "MG0123";
  other.key_sid = "SK0123";
  EXPECT_FALSE(TwilioSmsSender(client, other).send(message()).id.empty());
  const auto form = standin::parse_form(journal()[0].request.body);
  EXPECT_EQ(standin::field(form, "MessagingServiceSid"), "MG0123");
  EXPECT_EQ(standin::field(form, "From"), "");
}

TEST_F(TwilioTest, TwiliosRefusalsKeepTheirCodes) {
  const auto code_for = [&](const char* to) {
    auto bad = message();
    bad.to = to;
    const auto fault = fault_from([&] { sms.send(bad); });
    EXPECT_EQ(fault.kind, VendorErrorKind::permanent);
    EXPECT_EQ(fault.vendor, "twilio");
    return fault.code;
  };
  EXPECT_EQ(code_for("+15005550001"), "21211");
  EXPECT_EQ(code_for("+15005550004"), "21610");
  EXPECT_EQ(code_for("+15005550009"), "21614");
  EXPECT_EQ(effects("twilio"), 0);
}

TEST_F(TwilioTest, BadCredentialsArePermanent) {
  auto bad = config();
  bad.secret = "wrong";
  const auto fault = fault_from([&] { TwilioSmsSender(client, bad).send(message()); });
  EXPECT_EQ(fault.kind, VendorErrorKind::permanent);
  EXPECT_EQ(fault.status, 401);
  EXPECT_EQ(fault.code, "20003");
}

TEST_F(TwilioTest, ABadMessageIsRefusedBeforeAnythingIsSent) {
  auto bad = message();
  bad.to = "0151 123";
  EXPECT_EQ(fault_from([&] { sms.send(bad); }).code, "invalid_to");
  EXPECT_EQ(fault_from([&] { sms.send(message("")); }).code, "invalid_body");
  EXPECT_EQ(fault_from([&] { sms.send(message(std::string(1601, 'x'))); }).code, "invalid_body");
  EXPECT_TRUE(journal().empty());
}

TEST_F(TwilioTest, TooManyRequestsMayBeRepeatedAfterAWait) {
  answer_with(429, R"({"code":20429,"message":"Too Many Requests","status":429})", "3");
  const auto fault = fault_from([&] { sms.send(message()); });
  EXPECT_EQ(fault.kind, VendorErrorKind::retry);
  EXPECT_EQ(fault.code, "20429");
  EXPECT_EQ(fault.retry_after, 3s);
}

TEST_F(TwilioTest, AServerErrorMayHaveSentTheMessageUnlessItIsUnavailable) {
  for (const int status : {500, 502, 504}) {
    answer_with(status, "oops");
    EXPECT_EQ(fault_from([&] { sms.send(message()); }).kind, VendorErrorKind::unknown_outcome) << status;
  }
  answer_with(503, "oops");
  EXPECT_EQ(fault_from([&] { sms.send(message()); }).kind, VendorErrorKind::retry);
}

TEST_F(TwilioTest, ALostAnswerIsReconciledInsteadOfSentAgain) {
  const auto started = now();
  inject(FaultMode::reset_after_commit);
  EXPECT_EQ(fault_from([&] { sms.send(message()); }).kind, VendorErrorKind::unknown_outcome);
  const auto found = sms.find_sent(message(), started);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "SM00000000000000000000000000000001");
  EXPECT_EQ(effects("twilio"), 1);
}

TEST_F(TwilioTest, AMessageThatWasNotTakenIsNotFound) {
  inject(FaultMode::reset_before_commit);
  EXPECT_EQ(fault_from([&] { sms.send(message()); }).kind, VendorErrorKind::unknown_outcome);
  EXPECT_FALSE(sms.find_sent(message(), now()));
  sms.send(message("another text"));
  EXPECT_FALSE(sms.find_sent(message(), now()));
}

TEST_F(TwilioTest, AnUnreadableSuccessIsAnUnknownOutcome) {
  inject(FaultMode::malformed_body);
  const auto fault = fault_from([&] { sms.send(message()); });
  EXPECT_EQ(fault.kind, VendorErrorKind::unknown_outcome);
  EXPECT_EQ(fault.code, "bad_answer");
  EXPECT_TRUE(sms.find_sent(message(), now()));
}

TEST_F(TwilioTest, TheSearchReadsFurtherPages) {
  const auto started = now();
  sms.send(message());
  for (int i = 0; i < 1000; ++i) sms.send(message("filler " + std::to_string(i)));
  standin.state().journal.clear();
  EXPECT_TRUE(sms.find_sent(message(), started));
  EXPECT_EQ(journal().size(), 2u);
}

TEST_F(TwilioTest, OlderMessagesDoNotCount) {
  sms.send(message());
  EXPECT_FALSE(sms.find_sent(message(), now() + 1h));
}

TEST_F(TwilioTest, ASearchThatFailsMayBeRepeated) {
  answer_with(500, "oops");
  EXPECT_EQ(fault_from([&] { sms.find_sent(message(), now()); }).kind, VendorErrorKind::retry);
  inject(FaultMode::malformed_body);
  EXPECT_EQ(fault_from([&] { sms.find_sent(message(), now()); }).code, "bad_answer");
}

}  // namespace
}  // namespace platform::vendors
