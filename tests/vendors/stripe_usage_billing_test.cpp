#include <activities/vendors/stripe_usage_billing.hpp>

#include <tests/vendors/standin_fixture.hpp>

#include <ctime>

namespace platform::vendors {
namespace {

using standin::FaultMode;
using standin::StripeStandin;
using namespace std::chrono_literals;

class StripeTest : public StandinTest {
 protected:
  StripeConfig config() {
    return {.base_url = standin.url() + "/",
            .api_key = standin.state().keys.stripe,
            .meter_id = std::string(StripeStandin::kMeter)};
  }
  /// Of this minute.
  MeterEvent event(std::int64_t quantity = 30, const std::string& identifier = "usage:o:minutes:1:0") {
    const std::chrono::sys_seconds now{std::chrono::seconds(std::time(nullptr))};
    return {.identifier = identifier,
            .request_key = identifier + "/" + std::to_string(++attempts_),
            .customer_id = "cus_1",
            .quantity = quantity,
            .time = std::chrono::floor<std::chrono::minutes>(now)};
  }
  std::int64_t total(const std::string& customer = "cus_1") { return standin.state().stripe.total(customer); }
  VendorFault fault(const MeterEvent& which) {
    return fault_from([&] { billing.report(which); });
  }
  static std::string error(const std::string& type, const std::string& code, const std::string& message) {
    return R"({"error":{"type":")" + type + R"(","code":")" + code + R"(","message":")" + message + R"("}})";
  }

  StripeUsageBilling billing{client, config()};
  int attempts_ = 0;
};

TEST_F(StripeTest, SendsAFormWithAPinnedVersionAndTheIdentifier) {
  const auto sent = event();
  billing.report(sent);
  ASSERT_EQ(journal().size(), 1u);
  const auto request = journal()[0].request;
  EXPECT_EQ(request.path, "/v1/billing/meter_events");
  EXPECT_EQ(request.headers.find("Stripe-Version"), "2025-03-31.basil");
  EXPECT_EQ(request.headers.find("Idempotency-Key"), sent.request_key);
  const auto form = standin::parse_form(request.body);
  EXPECT_EQ(standin::field(form, "event_name"), "call_minutes");
  EXPECT_EQ(standin::field(form, "identifier"), "usage:o:minutes:1:0");
  EXPECT_EQ(standin::field(form, "payload[stripe_customer_id]"), "cus_1");
  EXPECT_EQ(standin::field(form, "payload[value]"), "30");
  EXPECT_EQ(standin::field(form, "timestamp"), std::to_string(sent.time.time_since_epoch().count()));
  EXPECT_EQ(total(), 30);
}

TEST_F(StripeTest, TheSameIdentifierCountsOnceAndIsASuccess) {
  for (int i = 0; i < 3; ++i) billing.report(event());
  EXPECT_EQ(total(), 30);
  standin.state().stripe.configure({.refuse_duplicates = false});  // what Stripe answers is not documented
  billing.report(event());
  EXPECT_EQ(total(), 30);
  EXPECT_EQ(effects("stripe"), 1);
}

TEST_F(StripeTest, ARepetitionOfTheVeryRequestGetsTheSameAnswer) {
  const auto same = event();
  billing.report(same);
  billing.report(same);
  EXPECT_EQ(total(), 30);
}

TEST_F(StripeTest, NegativeQuantitiesAreCorrections) {
  billing.report(event(30, "a"));
  billing.report(event(-12, "b"));
  EXPECT_EQ(total(), 18);
}

TEST_F(StripeTest, ALostAnswerIsUnknownAndRepeatingTheIdentifierCountsOnce) {
  inject(FaultMode::reset_after_commit);
  EXPECT_EQ(fault(event()).kind, VendorErrorKind::unknown_outcome);
  billing.report(event());
  EXPECT_EQ(total(), 30);
}

TEST_F(StripeTest, AConnectionThatIsCutBeforeTheEffectIsUnknownTooAndCountsOnRepetition) {
  inject(FaultMode::reset_before_commit);
  EXPECT_NE(fault(event()).kind, VendorErrorKind::permanent);
  EXPECT_EQ(total(), 0);
  billing.report(event());
  EXPECT_EQ(total(), 30);
}

TEST_F(StripeTest, AfterTheWindowTheSumTellsWhetherALostReportCounted) {
  const auto lost = event();
  inject(FaultMode::reset_after_commit);
  fault(lost);
  standin.state().stripe.skip(25h);
  EXPECT_EQ(billing.reported("cus_1", lost.time, lost.time + 1min), 30);
  EXPECT_EQ(billing.reported("cus_1", lost.time + 1min, lost.time + 2min), 0);
  EXPECT_EQ(billing.reported("cus_2", lost.time, lost.time + 1min), 0);
  billing.report(event());
  EXPECT_EQ(total(), 60) << "the stand-in forgets as Stripe does: who does not ask first bills twice";
}

TEST_F(StripeTest, AStored500IsNotRepeatedForEver) {
  standin.state().stripe.configure({.stored_500 = 1});
  const auto first = event();
  EXPECT_EQ(fault(first).kind, VendorErrorKind::unknown_outcome);
  EXPECT_EQ(fault(first).status, 500) << "the key keeps its answer";
  billing.report(event());
  EXPECT_EQ(total(), 30);
}

TEST_F(StripeTest, OneRequestPerCustomerAtATimeElseItIsTriedAgain) {
  standin.state().stripe.configure({.latency = 1h});
  auto hasty = config();
  hasty.deadline = 200ms;
  StripeUsageBilling impatient(client, hasty);
  const auto first = event(1, "a");
  EXPECT_EQ(fault_from([&] { impatient.report(first); }).kind, VendorErrorKind::unknown_outcome);
  const auto busy = fault(event(1, "b"));
  EXPECT_EQ(busy.kind, VendorErrorKind::retry);
  EXPECT_EQ(busy.code, "lock_timeout");
  const auto conflict = fault(first);
  EXPECT_EQ(conflict.kind, VendorErrorKind::retry);
  EXPECT_EQ(conflict.code, "idempotency_key_in_use");
  EXPECT_EQ(total(), 1);
}

TEST_F(StripeTest, RatesConflictsAndServerErrorsAreTriedAgain) {
  answer_with(429, error("rate_limit_error", "rate_limit", "Too many requests"), "7");
  const auto rate = fault(event());
  EXPECT_EQ(rate.kind, VendorErrorKind::retry);
  EXPECT_EQ(rate.code, "rate_limit");
  EXPECT_EQ(rate.retry_after, 7s);
  answer_with(409, error("idempotency_error", "idempotency_key_in_use", "in progress"));
  const auto conflict = fault(event());
  EXPECT_EQ(conflict.kind, VendorErrorKind::retry);
  EXPECT_EQ(conflict.code, "idempotency_key_in_use");
  answer_with(503, error("api_error", "", "unavailable"));
  EXPECT_EQ(fault(event()).kind, VendorErrorKind::retry);
  answer_with(504, "<html>");
  EXPECT_EQ(fault(event()).kind, VendorErrorKind::unknown_outcome);
  standin.state().stripe.configure({.per_second = 0});
  EXPECT_EQ(fault(event()).code, "rate_limit");
  EXPECT_EQ(total(), 0);
}

TEST_F(StripeTest, WhatStripeRefusesIsPermanent) {
  auto other = config();
  other.api_key = "sk_wrong";
  StripeUsageBilling stranger(client, other);
  const auto refused = fault_from([&] { stranger.report(event()); });
  EXPECT_EQ(refused.kind, VendorErrorKind::permanent);
  EXPECT_EQ(refused.code, "api_key_invalid");

  const auto code = [&](auto change) {
    auto wrong = event();
    change(wrong);
    const auto why = fault(wrong);
    EXPECT_EQ(why.kind, VendorErrorKind::permanent);
    return why.code;
  };
  EXPECT_EQ(code([](MeterEvent& e) { e.time -= 36 * 24h; }), "timestamp_too_far_in_past");
  EXPECT_EQ(code([](MeterEvent& e) { e.time += 10min; }), "timestamp_in_future");
  EXPECT_EQ(code([](MeterEvent& e) { e.identifier.clear(); }), "invalid_identifier");
  EXPECT_EQ(code([](MeterEvent& e) { e.identifier.assign(101, 'x'); }), "invalid_identifier");
  EXPECT_EQ(code([](MeterEvent& e) { e.customer_id.clear(); }), "invalid_customer");
  EXPECT_EQ(total(), 0);
}

TEST_F(StripeTest, AnUnreadableSuccessIsUnknownAndCountsOnceWhenRepeated) {
  inject(FaultMode::malformed_body);
  const auto broken = fault(event());
  EXPECT_EQ(broken.kind, VendorErrorKind::unknown_outcome);
  EXPECT_EQ(broken.code, "bad_answer");
  billing.report(event());
  EXPECT_EQ(total(), 30);
}

TEST_F(StripeTest, ARefusalThatCannotBeReadMayBeADuplicateAndIsUnknown) {
  billing.report(event());
  inject(FaultMode::malformed_body);
  EXPECT_EQ(fault(event()).kind, VendorErrorKind::unknown_outcome);
  billing.report(event());
  EXPECT_EQ(total(), 30);
}

TEST_F(StripeTest, SumsAreOfOneCustomerAndAWindowOfWholeMinutes) {
  const auto first = event(30, "a");
  auto earlier = event(12, "b");
  earlier.time -= 5min;
  billing.report(first);
  billing.report(earlier);
  EXPECT_EQ(billing.reported("cus_1", earlier.time, first.time + 1min), 42);
  EXPECT_EQ(billing.reported("cus_1", earlier.time, first.time), 12);
  EXPECT_EQ(fault_from([&] { billing.reported("cus_1", first.time + 1s, first.time + 1min); }).kind,
            VendorErrorKind::permanent);
}

TEST_F(StripeTest, SumsThatCannotBeReadAreNotTakenForZero) {
  const auto at = event().time;
  const auto ask = [&] { billing.reported("cus_1", at, at + 1min); };
  inject(FaultMode::malformed_body);
  EXPECT_EQ(fault_from(ask).code, "bad_answer");
  answer_with(200, R"({"object":"list","data":[{"aggregated_value":1.5}],"has_more":false})");
  EXPECT_EQ(fault_from(ask).code, "bad_answer");
  answer_with(200, R"({"object":"list","data":[],"has_more":true})");
  EXPECT_EQ(fault_from(ask).kind, VendorErrorKind::permanent);
  inject(FaultMode::reset_before_commit, "", -1);
  EXPECT_EQ(fault_from(ask).kind, VendorErrorKind::retry);
  standin.state().faults.clear();
  auto other = config();
  other.meter_id = "mtr_other";
  StripeUsageBilling lost(client, other);
  EXPECT_EQ(fault_from([&] { lost.reported("cus_1", at, at + 1min); }).code, "resource_missing");
}

TEST_F(StripeTest, ErrorReportsNameTheEventsThatDoNotCount) {
  auto unknown = event(7, "usage:o:minutes:1:9");
  unknown.customer_id = "cus_unknown_1";
  billing.report(unknown);  // taken, and rejected afterwards
  EXPECT_EQ(total("cus_unknown_1"), 0);
  billing.report(event());
  standin.state().stripe.reject("usage:o:minutes:1:0", "archived_meter");
  EXPECT_EQ(total(), 0);

  const auto events = standin.state().stripe.thin_events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].at("type").as_string(), "v1.billing.meter.error_report_triggered");
  EXPECT_FALSE(events[0].as_object().contains("data")) << "a callback is thin: its data is fetched";
  const auto first = billing.error_report(std::string(events[0].at("id").as_string()));
  EXPECT_EQ(first.error_count, 1);
  ASSERT_EQ(first.samples.size(), 1u);
  EXPECT_EQ(first.samples[0].identifier, "usage:o:minutes:1:9");
  EXPECT_EQ(first.samples[0].code, "meter_event_customer_not_found");
  EXPECT_EQ(billing.error_report(std::string(events[1].at("id").as_string())).samples[0].code, "archived_meter");
  EXPECT_EQ(fault_from([&] { billing.error_report("evt_unknown"); }).kind, VendorErrorKind::permanent);
}

TEST(LocalUsageBilling, TakesWhatIsWellFormed) {
  LocalUsageBilling local;
  local.report({.identifier = "a", .customer_id = "cus_1", .quantity = 1});
  EXPECT_EQ(fault_from([&] { local.report({.identifier = "", .customer_id = "cus_1"}); }).code, "invalid_identifier");
  EXPECT_EQ(local.reported("cus_1", {}, {}), 0);
  EXPECT_EQ(fault_from([&] { local.error_report("evt_1"); }).code, "no_vendor");
}

}  // namespace
}  // namespace platform::vendors
