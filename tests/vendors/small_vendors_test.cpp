#include <activities/vendors/supabase_broadcaster.hpp>
#include <activities/vendors/vapi_calls.hpp>
#include <activities/vendors/vendors.hpp>
#include <tests/vendors/standin_fixture.hpp>

#include <map>

namespace platform::vendors {
namespace {

using standin::FaultMode;

class SupabaseTest : public StandinTest {
 protected:
  SupabaseConfig config() { return {.base_url = standin.url(), .service_key = standin.state().keys.supabase}; }
  static Broadcast broadcast() {
    return {.organization_id = "o",
            .id = "b1",
            .topic = "organization:o",
            .event = "call_completed",
            .payload = R"({"call":"17"})"};
  }
  SupabaseBroadcaster realtime{client, config()};
};

TEST_F(SupabaseTest, BroadcastsToAPrivateTopicWithOurId) {
  realtime.send(broadcast());
  EXPECT_EQ(effects("supabase"), 1);
  EXPECT_EQ(journal()[0].request.body, R"({"messages":[{"topic":"organization:o","event":"call_completed",)"
                                       R"("payload":{"call":"17","id":"b1"},"private":true}]})");
}

TEST_F(SupabaseTest, ErrorsHaveTheirClasses) {
  auto bad = config();
  bad.service_key = "wrong";
  const auto refused = fault_from([&] { SupabaseBroadcaster(client, bad).send(broadcast()); });
  EXPECT_EQ(refused.kind, VendorErrorKind::permanent);
  EXPECT_EQ(refused.status, 403);
  answer_with(429, R"({"message":"Too many messages to broadcast, please reduce the batch size"})");
  EXPECT_EQ(fault_from([&] { realtime.send(broadcast()); }).kind, VendorErrorKind::retry);
  auto invalid = broadcast();
  invalid.event = "";
  EXPECT_EQ(fault_from([&] { realtime.send(invalid); }).status, 422);
  invalid = broadcast();
  invalid.payload = "not json";
  EXPECT_EQ(fault_from([&] { realtime.send(invalid); }).code, "invalid_payload");
  inject(FaultMode::reset_after_commit);
  EXPECT_EQ(fault_from([&] { realtime.send(broadcast()); }).kind, VendorErrorKind::retry);
}

class VapiCallsTest : public StandinTest {
 protected:
  VapiCallsTest() {
    for (int i = 1; i <= 5; ++i) {
      standin.state().vapi.put({{"id", "call-" + std::to_string(i)},
                                {"status", "ended"},
                                {"updatedAt", "2024-01-0" + std::to_string(i) + "T00:00:00.000Z"}});
    }
  }
  const std::string kAll = "2999-01-01T00:00:00Z";
  HttpVapiCalls calls{client, {.base_url = standin.url(), .api_key = standin.state().keys.vapi}};
};

TEST_F(VapiCallsTest, ListsCallsThatChangedAfterATime) {
  const auto found = calls.updated_between("2024-01-03T00:00:00.000Z", kAll, 100);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, "call-5");
  EXPECT_EQ(found[0].status, "ended");
  EXPECT_EQ(found[0].updated_at, "2024-01-05T00:00:00.000Z");
  EXPECT_NE(found[0].json.find("\"id\":\"call-5\""), std::string::npos);
  EXPECT_EQ(calls.updated_between("", kAll, 3).size(), 3u);
}

TEST_F(VapiCallsTest, TheEndOfTheTimeCountsAndItsBeginningDoesNot) {
  const auto found = calls.updated_between("2024-01-02T00:00:00.000000Z", "2024-01-04T00:00:00.000000Z", 100);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, "call-4");
  EXPECT_EQ(found[1].id, "call-3");
}

TEST_F(VapiCallsTest, ErrorsHaveTheirClasses) {
  HttpVapiCalls bad{client, {.base_url = standin.url(), .api_key = "wrong"}};
  EXPECT_EQ(fault_from([&] { bad.updated_between("", kAll, 1); }).kind, VendorErrorKind::permanent);
  EXPECT_EQ(fault_from([&] { calls.updated_between("", kAll, 5000); }).kind, VendorErrorKind::permanent);
  answer_with(500, "oops");
  EXPECT_EQ(fault_from([&] { calls.updated_between("", kAll, 1); }).kind, VendorErrorKind::retry);
  inject(FaultMode::malformed_body);
  EXPECT_EQ(fault_from([&] { calls.updated_between("", kAll, 1); }).code, "bad_answer");
}

VendorConfig config_of(std::map<std::string, std::string> variables) {
  return vendor_config_from([variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(VendorConfig, NothingSetIsAllLocalAndStrict) {
  const auto config = config_of({{"OPENAI_API_KEY", ""}});
  EXPECT_FALSE(config.openai || config.gemini || config.twilio || config.resend || config.supabase || config.vapi ||
               config.stripe);
  EXPECT_FALSE(config.webhook_network.allow_loopback);
}

TEST(VendorConfig, KeysChooseVendors) {
  const auto config = config_of({{"GEMINI_API_KEY", "g"},
                                 {"GEMINI_MODEL", "gemini-x"},
                                 {"TWILIO_ACCOUNT_SID", "AC1"},
                                 {"TWILIO_AUTH_TOKEN", "t"},
                                 {"TWILIO_FROM", "+14155550100"},
                                 {"TWILIO_BASE_URL", "http://127.0.0.1:1"},
                                 {"STRIPE_API_KEY", "sk_1"},
                                 {"STRIPE_METER_ID", "mtr_1"},
                                 {"STRIPE_EVENT_NAME", "minutes"},
                                 {"HOLDFAST_ALLOW_LOOPBACK", "1"}});
  EXPECT_EQ(config.stripe.value().event_name, "minutes");
  EXPECT_EQ(config.stripe.value().meter_id, "mtr_1");
  EXPECT_EQ(config.gemini.value().model, "gemini-x");
  EXPECT_EQ(config.twilio.value().base_url, "http://127.0.0.1:1");
  EXPECT_TRUE(config.vendor_network.allow_loopback);
}

TEST(VendorConfig, HalfAVendorIsAnErrorThatNamesTheVariable) {
  const auto error_of = [](std::map<std::string, std::string> variables) -> std::string {
    try {
      config_of(std::move(variables));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(error_of({{"RESEND_API_KEY", "r"}}), "RESEND_FROM: must be set, because RESEND_API_KEY is set");
  EXPECT_EQ(error_of({{"STRIPE_API_KEY", "s"}}), "STRIPE_METER_ID: must be set, because STRIPE_API_KEY is set");
  EXPECT_NE(error_of({{"SUPABASE_URL", "u"}}).find("SUPABASE_SERVICE_KEY"), std::string::npos);
  EXPECT_NE(error_of({{"OPENAI_API_KEY", "a"}, {"GEMINI_API_KEY", "b"}}).find("not both"), std::string::npos);
  EXPECT_NE(error_of({{"HOLDFAST_ALLOW_LOOPBACK", "yes"}}).find("'yes'"), std::string::npos);
}

TEST(LocalVendors, NeedNoKeysAndRecordWhatTheyWouldSend) {
  std::vector<OutboxMessage> outbox;
  std::vector<Broadcast> broadcasts;
  const auto vendors = make_vendors(
      {}, [&](const OutboxMessage& m) { outbox.push_back(m); }, [&](const Broadcast& b) { broadcasts.push_back(b); });
  const SmsMessage sms{.organization_id = "o", .idempotency_key = "k", .to = "+14155550123", .body = "hello"};
  EXPECT_EQ(vendors.sms->send(sms).id, vendors.sms->send(sms).id);
  const EmailMessage email{.organization_id = "o", .idempotency_key = "k", .to = "a@b.c", .subject = "s", .text = "t"};
  EXPECT_NE(vendors.email->send(email).id, vendors.sms->send(sms).id);
  vendors.realtime->send({.organization_id = "o", .id = "1", .topic = "t", .event = "e", .payload = "{}"});
  ASSERT_EQ(outbox.size(), 4u);
  EXPECT_EQ(outbox[0].channel, "sms");
  EXPECT_EQ(outbox[0].recipient, "+14155550123");
  EXPECT_EQ(outbox[2].channel, "email");
  EXPECT_EQ(outbox[2].subject, "s");
  EXPECT_EQ(broadcasts.size(), 1u);
  EXPECT_TRUE(vendors.vapi_calls->updated_between("", "", 10).empty());
}

}  // namespace
}  // namespace platform::vendors
