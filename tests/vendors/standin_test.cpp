#include <holdfast/http/signature/hash.hpp>
#include <holdfast/http/signature/stripe_signature.hpp>
#include <tests/vendors/standin_fixture.hpp>

#include <boost/json/parse.hpp>

namespace platform::vendors {
namespace {

/// The stand-in's own promises: control API over HTTP, and vendors that are as strict as the real ones.
class StandinServerTest : public StandinTest {
 protected:
  HttpResult call(std::string method, const std::string& path, std::string body = "", HeaderList headers = {}) {
    return client.send({.method = std::move(method),
                        .url = standin.url() + path,
                        .headers = std::move(headers),
                        .body = std::move(body)});
  }
  HttpResult form(const std::string& path, std::string body, HeaderList headers) {
    headers.add("Content-Type", "application/x-www-form-urlencoded");
    return call("POST", path, std::move(body), std::move(headers));
  }
  std::string basic(const std::string& user, const std::string& password) {
    return "Basic " + holdfast::http::base64_encode(user + ":" + password);
  }
};

TEST_F(StandinServerTest, TheJournalKeepsRawRequestsInOrderAndNotItsOwnControlCalls) {
  call("POST", "/hooks/a?x=1%202", "raw \xC3\xA9", {{"webhook-id", "m1"}});
  call("GET", "/call");
  const auto journal = boost::json::parse(call("GET", "/__standin/journal").body).as_array();
  ASSERT_EQ(journal.size(), 2u);
  EXPECT_EQ(journal[0].at("number"), 1);
  EXPECT_EQ(journal[0].at("method"), "POST");
  EXPECT_EQ(journal[0].at("path"), "/hooks/a");
  EXPECT_EQ(journal[0].at("query").at("x"), "1 2");
  EXPECT_EQ(journal[0].at("body"), "raw \xC3\xA9");
  EXPECT_EQ(journal[0].at("status"), 200);
  EXPECT_EQ(journal[1].at("status"), 401);
  EXPECT_EQ(call("DELETE", "/__standin/journal").status, 200);
  EXPECT_EQ(call("GET", "/__standin/journal").body, "[]");
}

TEST_F(StandinServerTest, FaultsHitTheRequestsThatTheyMatchAsOftenAsTheySay) {
  const auto added =
      call("POST", "/__standin/faults",
           R"({"match":{"method":"POST","path":"/hooks/b"},"times":2,"mode":"status","status":503,"retry_after":"4"})");
  EXPECT_EQ(added.status, 200) << added.body;
  EXPECT_EQ(call("POST", "/hooks/a", "x").status, 200);
  EXPECT_EQ(call("POST", "/hooks/b", "x").status, 503);
  EXPECT_EQ(call("POST", "/hooks/b", "x").retry_after, std::chrono::seconds{4});
  EXPECT_EQ(call("POST", "/hooks/b", "x").status, 200);
}

TEST_F(StandinServerTest, AFaultCanHitOneOfEveryFewRequests) {
  call("POST", "/__standin/faults", R"({"match":"/hooks/c","times":2,"every":3,"mode":"status","status":503})");
  std::vector<int> statuses;
  for (int i = 0; i < 9; ++i) statuses.push_back(call("POST", "/hooks/c", "x").status);
  EXPECT_EQ(statuses, (std::vector<int>{200, 200, 503, 200, 200, 503, 200, 200, 200}));
}

TEST_F(StandinServerTest, ABadFaultIsAnErrorThatNamesTheField) {
  const auto error = [&](std::string body) {
    const auto result = call("POST", "/__standin/faults", std::move(body));
    EXPECT_EQ(result.status, 400);
    return result.body;
  };
  EXPECT_NE(error("nonsense").find("body"), std::string::npos);
  EXPECT_NE(error("{}").find("mode"), std::string::npos);
  EXPECT_NE(error(R"({"mode":"explode"})").find("reset after commit"), std::string::npos);
  EXPECT_NE(error(R"({"mode":"delay","delay_ms":-1})").find("delay_ms"), std::string::npos);
  EXPECT_NE(error(R"({"mode":"delay","time":1})").find("time"), std::string::npos);
  EXPECT_NE(error(R"({"mode":"status","match":{"url":"x"}})").find("match.url"), std::string::npos);
}

TEST_F(StandinServerTest, HooksAreConfiguredAndReadOverHttp) {
  EXPECT_EQ(call("PUT", "/__standin/hooks/a", R"({"status":500,"times":1,"body":"no"})").status, 200);
  EXPECT_EQ(call("POST", "/hooks/a", "1", {{"webhook-id", "m1"}}).body, "no");
  EXPECT_EQ(call("POST", "/hooks/a", "1", {{"webhook-id", "m1"}}).status, 200);
  const auto deliveries = boost::json::parse(call("GET", "/__standin/hooks/a").body).as_array();
  ASSERT_EQ(deliveries.size(), 2u);
  EXPECT_EQ(deliveries[0].at("status"), 500);
  EXPECT_EQ(deliveries[1].at("verdict"), "unverified");
  EXPECT_EQ(boost::json::parse(call("GET", "/__standin/effects").body).at("hook:a"), 1);
  EXPECT_EQ(call("PUT", "/__standin/hooks/a", R"({"secrets":["short"]})").status, 400);
  EXPECT_EQ(call("PUT", "/__standin/hooks/a", R"({"colour":"red"})").status, 400);
}

TEST_F(StandinServerTest, UnknownPathsAndUnsignedHooksAreRefused) {
  EXPECT_EQ(call("GET", "/nobody").status, 404);
  EXPECT_EQ(call("GET", "/__standin/nothing").status, 404);
  EXPECT_EQ(call("GET", "/__standin/health").status, 200);
  standin.state().hooks.configure("a", {.secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}});
  EXPECT_EQ(call("POST", "/hooks/a", "{}").status, 401);
  EXPECT_EQ(effects("hook:a"), 0);
}

TEST_F(StandinServerTest, TwilioChecksContentTypeAndFields) {
  const auto& keys = standin.state().keys;
  const auto path = "/2010-04-01/Accounts/" + keys.twilio_account + "/Messages.json";
  const HeaderList signed_in{{"Authorization", basic(keys.twilio_account, keys.twilio_token)}};
  const auto code = [](const HttpResult& result) {
    return boost::json::parse(result.body).at("code").to_number<int>();
  };
  EXPECT_EQ(code(call("POST", path, "To=x", {{"Content-Type", "application/json"}})), 20003);
  EXPECT_EQ(code(call("POST", path, "{}", {signed_in.fields()[0], {"Content-Type", "application/json"}})), 20415);
  EXPECT_EQ(code(form(path, "", signed_in)), 21604);
  EXPECT_EQ(code(form(path, "To=0151", signed_in)), 21211);
  EXPECT_EQ(code(form(path, "To=%2B14155550123", signed_in)), 21603);
  EXPECT_EQ(code(form(path, "To=%2B14155550123&From=%2B14155550100", signed_in)), 21602);
  EXPECT_EQ(code(form(path, "To=%2B14155550123&From=%2B14155550100&Body=" + std::string(1601, 'x'), signed_in)), 21617);
  EXPECT_EQ(code(form("/2010-04-01/Accounts/ACother/Messages.json", "", signed_in)), 20404);
  EXPECT_EQ(effects("twilio"), 0);
}

TEST_F(StandinServerTest, AFormLargerThanEightKilobytesArrives) {
  call("POST", "/hooks/a", "x=" + std::string(9000, 'y'), {{"Content-Type", "application/x-www-form-urlencoded"}});
  EXPECT_EQ(journal().at(0).request.body.size(), 9002u);
}

TEST_F(StandinServerTest, StripeTakesWholeNumbersOncePerIdentifier) {
  const std::string path = "/v1/billing/meter_events";
  const HeaderList key{{"Authorization", "Bearer " + standin.state().keys.stripe}};
  const std::string event =
      "event_name=minutes&payload[stripe_customer_id]=cus_1&payload[value]=12&identifier=usage%3A1";
  EXPECT_EQ(form(path, event, {}).status, 401);
  EXPECT_EQ(call("POST", path, "{}", {key.fields()[0], {"Content-Type", "application/json"}}).status, 400);
  EXPECT_EQ(form(path, "event_name=minutes&payload[stripe_customer_id]=cus_1&payload[value]=1.5", key).status, 400);
  EXPECT_EQ(form(path, "payload[stripe_customer_id]=cus_1&payload[value]=1", key).status, 400);
  EXPECT_EQ(form(path, event + "&timestamp=1000", key).status, 400);
  const auto taken = form(path, event, key);
  EXPECT_EQ(taken.status, 200) << taken.body;
  EXPECT_EQ(boost::json::parse(taken.body).at("payload").at("value"), "12");
  const auto again = form(path, event, key);
  EXPECT_EQ(again.status, 400);
  EXPECT_NE(again.body.find("already exists with this identifier"), std::string::npos);
  EXPECT_EQ(effects("stripe"), 1);
}

TEST_F(StandinServerTest, StripeReplaysAnIdempotencyKey) {
  const std::string path = "/v1/billing/meter_events";
  HeaderList key{{"Authorization", basic(standin.state().keys.stripe, "")}, {"Idempotency-Key", "k1"}};
  const std::string event = "event_name=minutes&payload[stripe_customer_id]=cus_1&payload[value]=12";
  const auto first = form(path, event, key);
  EXPECT_EQ(form(path, event, key).body, first.body);
  EXPECT_EQ(form(path, event + "3", key).status, 400);
  EXPECT_EQ(effects("stripe"), 1);
}

TEST_F(StandinServerTest, StripesBehaviourIsSetAndItsCallbacksAreToldOverTheControlApi) {
  const HeaderList key{{"Authorization", "Bearer " + standin.state().keys.stripe}};
  EXPECT_EQ(call("PUT", "/__standin/stripe/behaviour", R"({"stored_500":1})").status, 200);
  const std::string event = "event_name=minutes&payload[stripe_customer_id]=cus_1&payload[value]=12&identifier=usage-1";
  EXPECT_EQ(form("/v1/billing/meter_events", event, key).status, 500);
  EXPECT_EQ(form("/v1/billing/meter_events", event, key).status, 200);
  EXPECT_EQ(call("GET", "/__standin/stripe/totals").body, R"({"cus_1":12})");

  const auto rejected = call("POST", "/__standin/stripe/reject", R"({"identifier":"usage-1","code":"archived_meter"})");
  ASSERT_EQ(rejected.status, 200);
  const auto callback = boost::json::parse(rejected.body);
  const std::string body(callback.at("body").as_string()), signature(callback.at("signature").as_string());
  const std::vector<std::string> secrets{standin.state().keys.stripe_webhook};
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  EXPECT_TRUE(holdfast::http::verify_stripe(secrets, {{"Stripe-Signature", signature}}, body, now));
  EXPECT_EQ(boost::json::parse(body).at("type"), "v1.billing.meter.error_report_triggered");
  EXPECT_EQ(call("GET", "/__standin/stripe/totals").body, "{}");
  EXPECT_EQ(boost::json::parse(call("GET", "/__standin/stripe/events").body).as_array().size(), 1u);

  const auto refusal = [&](const std::string& what, const std::string& json) {
    const auto result = call("PUT", "/__standin/stripe/" + what, json);
    EXPECT_EQ(result.status, 400) << json;
    return result.body;
  };
  EXPECT_NE(refusal("behaviour", R"({"latency_ms":-1})").find("latency_ms: -1"), std::string::npos);
  EXPECT_NE(refusal("behaviour", R"({"refuse_duplicates":1})").find("refuse_duplicates: 1"), std::string::npos);
  EXPECT_NE(refusal("behaviour", R"({"colour":"red"})").find("colour"), std::string::npos);
  EXPECT_NE(refusal("reject", R"({"identifier":"x"})").find("code"), std::string::npos);
  EXPECT_EQ(call("PUT", "/__standin/stripe/nothing", "{}").status, 404);
}

TEST_F(StandinServerTest, ATakenPortIsAnError) {
  standin::StandinServer second;
  EXPECT_THROW(second.start(standin.port()), std::runtime_error);
}

TEST_F(StandinServerTest, StopEndsDelaysAtOnce) {
  standin.state().faults.add({.mode = standin::FaultMode::delay, .delay = std::chrono::hours{1}});
  HttpRequest request{
      .method = "POST", .url = standin.url() + "/hooks/a", .body = "x", .deadline = std::chrono::milliseconds{50}};
  EXPECT_EQ(client.send(request).outcome, HttpOutcome::unknown_outcome);
  standin.stop();  // would hang for an hour
}

}  // namespace
}  // namespace platform::vendors
