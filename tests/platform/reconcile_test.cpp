#include "platform_fixture.hpp"

#include <algorithm>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::test {
namespace {

/// The vendor's list, latest first.
class FakeCalls final : public vendors::VapiCalls {
 public:
  std::vector<vendors::VapiCall> updated_between(const std::string&, const std::string&, int limit) override {
    auto page = calls;
    if (page.size() > static_cast<std::size_t>(limit)) page.resize(static_cast<std::size_t>(limit));
    return page;
  }
  void add(const std::string& id, const std::string& status, const std::string& more = "") {
    const std::string updated = "2026-01-01T10:05:00.000Z";
    calls.push_back({id, status, updated,
                     R"({"id": ")" + id + R"(", "status": ")" + status + R"(", "endedReason": "customer-ended-call",
        "assistantId": "assistant-acme", "type": "inboundPhoneCall", "updatedAt": ")" +
                         updated + R"(",
        "startedAt": "2026-01-01T10:00:00.000Z", "endedAt": "2026-01-01T10:01:00.001Z", "cost": 0.5,
        "artifact": {"transcript": "User: hello"}, "analysis": {"summary": "A greeting"}, "customer": {"number": "+1415"})" +
                         more + "}"});
  }
  std::vector<vendors::VapiCall> calls;
};

class Reconcile : public PlatformTest {
 protected:
  Reconcile() { services_.vapi_calls = &calls_; }
  ReconciledPage page(std::int64_t limit = 100) {
    return bodies::reconcile_calls(services_, {.after = {}, .before = {}, .limit = limit});
  }
  std::string runs() {
    return owner_value("SELECT coalesce(string_agg(workflow_id, ' ' ORDER BY workflow_id), '') FROM holdfast.runs");
  }
  FakeCalls calls_;
};

TEST_F(Reconcile, a_call_that_never_reported_is_processed_as_if_it_had_and_only_once) {
  calls_.add("c1", "ended");
  const auto first = page();
  EXPECT_EQ(first.seen, 1);
  EXPECT_EQ(first.filed, 1);
  EXPECT_EQ(runs(), "call-" + acme_.to_string() + "-c1");
  const auto key = holdfast::decode<CallKey>(owner_value("SELECT input FROM holdfast.runs"));
  EXPECT_EQ(key.call_id, "c1");
  const auto facts = step(bodies::update_call_record, key);
  EXPECT_EQ(facts.duration_ms, 60'001);
  EXPECT_TRUE(facts.has_transcript);
  EXPECT_EQ(owner_value("SELECT concat_ws(' ', status, direction, from_number, cost_usd) FROM platform.calls"),
            "completed inboundPhoneCall +1415 0.500000");
  EXPECT_EQ(page().filed, 0);
  EXPECT_EQ(owner_value("SELECT count(*) FROM holdfast.runs"), "1");
}

TEST_F(Reconcile, a_call_that_reported_is_left_alone_and_a_late_report_is_a_duplicate) {
  const auto created = R"(, "createdAt": ")" +
                       owner_value(
                           "SELECT to_char(now() AT TIME ZONE 'UTC' - interval '1 hour', "
                           "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')") +
                       "\"";
  calls_.add("c1", "ended", created);
  EXPECT_EQ(page().filed, 1);
  EXPECT_EQ(owner_value("SELECT is_new FROM platform.receive_vapi_event('" + acme_.to_string() +
                        "', 'c1', 'end-of-call-report', '', (SELECT created_at FROM platform.vapi_events), '{}')"),
            "f");
  receive("end-of-call-report", "", kReport, "c2");
  calls_.add("c2", "ended",
             R"(, "createdAt": ")" +
                 owner_value("SELECT platform.utc_text(created_at) FROM platform.vapi_events WHERE call_id "
                             "= 'c2'") +
                 "\"");
  EXPECT_EQ(page().filed, 0);
}

TEST_F(Reconcile, a_run_that_exists_under_another_time_is_not_started_again_and_leaves_no_second_event) {
  owner("SELECT holdfast.start_workflow('CallProcessing', 'call-" + acme_.to_string() + "-c1', '{}', 'calls')");
  calls_.add("c1", "ended");
  EXPECT_EQ(page().filed, 0);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.vapi_events"), "0");
}

TEST_F(Reconcile, calls_that_go_on_belong_to_nobody_or_to_a_suspended_organization_are_not_filed) {
  calls_.add("c1", "in-progress");
  EXPECT_EQ(page().seen, 0);
  calls_.calls.clear();
  calls_.add("c2", "ended");
  owner("UPDATE platform.organizations SET status = 'suspended' WHERE slug = 'acme'");
  EXPECT_EQ(page().filed, 0);
  owner("UPDATE platform.assistants SET vapi_assistant_id = 'another'");
  EXPECT_EQ(page().ownerless, 1);
  EXPECT_EQ(runs(), "");
}

TEST_F(Reconcile, the_number_that_was_called_tells_whose_a_call_is_if_the_assistant_does_not) {
  owner("UPDATE platform.assistants SET vapi_assistant_id = 'shared'");
  owner("INSERT INTO platform.phone_numbers (organization_id, number) VALUES ('" + globex_.to_string() +
        "', '+14155550199')");
  calls_.add("c1", "ended", R"(, "phoneNumber": {"number": "+14155550199"})");
  EXPECT_EQ(page().filed, 1);
  EXPECT_EQ(runs(), "call-" + globex_.to_string() + "-c1");
}

TEST_F(Reconcile, a_full_page_says_where_to_go_on) {
  for (int i = 0; i < 3; ++i) calls_.add("c" + std::to_string(i), "ended");
  EXPECT_FALSE(page(4).oldest);
  ASSERT_TRUE(page(3).oldest);
  EXPECT_EQ(*page(3).oldest, holdfast::parse_rfc3339("2026-01-01T10:05:00Z"));
}

TEST_F(Reconcile, partitions_are_made_once) {
  EXPECT_EQ(bodies::make_partitions(services_, {.months_ahead = 3}).created, 0);
  EXPECT_GT(bodies::make_partitions(services_, {.months_ahead = 4}).created, 0);
  EXPECT_EQ(bodies::make_partitions(services_, {.months_ahead = 4}).created, 0);
}

TEST_F(Reconcile, a_suppressed_address_gets_no_notice) {
  const auto call = receive_report();
  EXPECT_TRUE(bodies::send_call_email(services_, {call, 0}).sent);
  owner("INSERT INTO platform.suppressions VALUES ('" + acme_.to_string() +
        "', 'email', 'acme@example.com', 'bounced')");
  Caches nothing_cached;
  Services services{{},     database_,    nothing_cached, extractor_,       sms_,
                    email_, broadcaster_, endpoint_,      services_.billing};
  EXPECT_FALSE(bodies::send_call_email(services, {call, 0}).sent);
  EXPECT_TRUE(bodies::send_call_sms(services, {call, 0}).sent);
}

}  // namespace
}  // namespace platform::test
