#include "platform_fixture.hpp"

#include <holdfast/core/errors.hpp>

namespace platform::test {
namespace {

using CallSteps = PlatformTest;

TEST_F(CallSteps, the_report_completes_the_call_that_a_status_update_began) {
  auto started = receive("status-update", "in-progress", kStatusUpdate);
  step(bodies::insert_call, started);
  EXPECT_EQ(owner_value("SELECT status || ' ' || from_number FROM platform.calls"), "in-progress +14155550100");

  auto call = receive_report();
  call.created_at = started.created_at;  // the vendor's createdAt is the same in both events
  owner("UPDATE platform.vapi_events SET created_at = (SELECT created_at FROM platform.calls)");
  const auto facts = step(bodies::update_call_record, call);
  EXPECT_EQ(facts.duration_ms, 60'001);
  EXPECT_TRUE(facts.has_transcript && facts.has_recording && facts.notify_by_sms && facts.notify_by_email);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.calls"), "1");
  EXPECT_EQ(owner_value("SELECT concat_ws(' ', status, duration_ms, cost_usd, ended_reason, assistant_id) "
                        "FROM platform.calls"),
            "completed 60001 0.123400 customer-ended-call assistant-acme");
}

TEST_F(CallSteps, a_call_whose_beginning_was_never_reported_is_inserted) {
  step(bodies::update_call_record, receive_report());
  EXPECT_EQ(owner_value("SELECT status FROM platform.calls"), "completed");
}

TEST_F(CallSteps, a_beginning_that_comes_late_changes_nothing) {
  const auto call = receive_report();
  step(bodies::update_call_record, call);
  step(bodies::insert_call, call);
  EXPECT_EQ(owner_value("SELECT status FROM platform.calls"), "completed");
}

TEST_F(CallSteps, repeating_every_step_changes_nothing) {
  const auto call = receive_report();
  const auto all = [&] {
    const auto facts = step(bodies::update_call_record, call);
    step(bodies::store_transcript, call);
    step(bodies::store_recording, call);
    const auto items = bodies::extract_action_items(services_, call);
    EXPECT_FALSE(items.items.empty());
    step(bodies::store_action_items, StoreActionItems{call, items.items});
    const CallNotice notice{call, 1};
    step(bodies::record_call_notices,
         SentNotices{notice, {bodies::send_call_sms(services_, notice), bodies::send_call_email(services_, notice)}});
    step(bodies::add_usage, CallUsage{call, facts.duration_ms});
    return step(bodies::start_call_webhooks, call).deliveries;
  };
  const auto counts = [&] {
    std::string text;
    for (const auto& table : {"calls", "call_transcripts", "call_recordings", "call_actions", "outbox", "usage_ledger",
                              "webhook_deliveries"})
      text += owner_value(std::string("SELECT count(*) FROM platform.") + table) + " ";
    return text + owner_value("SELECT count(*) FROM holdfast.runs");
  };
  EXPECT_EQ(all(), 1);
  const auto once = counts();
  EXPECT_EQ(once.substr(0, 6), "1 1 1 ");
  EXPECT_EQ(all(), 0);
  EXPECT_EQ(counts(), once);
  EXPECT_EQ(owner_value("SELECT minutes_used FROM platform.organization_usage WHERE slug = 'acme'"), "2");
}

TEST_F(CallSteps, a_step_reads_the_report_again_when_it_runs_elsewhere) {
  const auto call = receive_report();
  Caches other_process;
  Services services{{}, database_, other_process, extractor_, sms_, email_, broadcaster_, endpoint_, billing_};
  auto tx = begin();
  bodies::store_transcript(services, tx, call);
  bodies::store_recording(services, tx, call);
  tx.commit();
  EXPECT_EQ(owner_value("SELECT summary FROM platform.call_transcripts"), "The customer wants to be called back.");
}

TEST_F(CallSteps, transcripts_are_found_by_full_text_search) {
  step(bodies::store_transcript, receive_report());
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.call_transcripts "
                        "WHERE search @@ to_tsquery('simple', 'tomorrow & back')"),
            "1");
}

TEST_F(CallSteps, the_recording_has_its_place_in_object_storage) {
  const auto call = receive_report();
  step(bodies::store_recording, call);
  const auto month = holdfast::to_rfc3339(call.created_at).substr(0, 7);
  EXPECT_EQ(owner_value("SELECT object_key FROM platform.call_recordings"),
            "/" + acme_.to_string() + "/" + month.substr(0, 4) + "/" + month.substr(5) + "/call-1.wav");
}

TEST_F(CallSteps, text_with_nul_characters_and_giant_transcripts_are_stored) {
  std::string words;
  for (int i = 0; i < 150'000; ++i) words += "word" + std::to_string(i) + " ";
  const auto call = receive_report(R"({"message": {"artifact": {"transcript": "a\u0000b )" + words + R"("}}})");
  step(bodies::update_call_record, call);
  step(bodies::store_transcript, call);
  EXPECT_EQ(owner_value("SELECT left(transcript, 2) FROM platform.call_transcripts"), "ab");
}

TEST_F(CallSteps, a_missing_report_or_organization_is_a_failure_that_is_not_retried) {
  const CallKey unknown{acme_, "nobody", holdfast::parse_rfc3339("2026-11-30T00:00:00Z")};
  try {
    step(bodies::update_call_record, unknown);
    FAIL() << "no report is stored";
  } catch (const holdfast::ApplicationError& e) {
    EXPECT_EQ(e.failure().type, "ReportNotFound");
    EXPECT_TRUE(e.failure().non_retryable);
  }
  auto usage = CallUsage{unknown, 1};
  usage.call.organization_id = holdfast::Uuid::parse("00000000-0000-7000-8000-0000000000ff");
  EXPECT_THROW(step(bodies::add_usage, usage), holdfast::ApplicationError);
}

TEST_F(CallSteps, a_failed_optional_step_is_recorded) {
  const auto call = receive_report();
  step(bodies::record_step_failure, StepFailure{call, "action_items", "the model is down: \"503\"\n"});
  EXPECT_EQ(owner_value("SELECT action || ' ' || subject || ' ' || (detail ->> 'step') FROM platform.audit_log"),
            "call.step_failed call-1 action_items");
}

TEST_F(CallSteps, broadcasts_are_recorded_for_the_local_dashboard) {
  const auto call = receive_report();
  bodies::broadcast_call(services_, {call, "call_completed", 60'001});
  broadcasts_.flush();
  EXPECT_EQ(owner_value("SELECT event || ' ' || (payload ->> 'duration_ms') FROM platform.broadcasts"),
            "call_completed 60001");
}

TEST_F(CallSteps, messages_to_people_hold_summary_and_action_items) {
  const auto call = receive_report();
  step(bodies::update_call_record, call);
  step(bodies::store_transcript, call);
  step(bodies::store_action_items, StoreActionItems{call, {{"call back tomorrow", "callback", "tomorrow"}}});
  const CallNotice notice{call, 1};
  const auto sent = bodies::send_call_email(services_, notice);
  step(bodies::record_call_notices, SentNotices{notice, {sent}});
  Caches other_process;
  Services services{{}, database_, other_process, extractor_, sms_, email_, broadcaster_, endpoint_, billing_};
  EXPECT_EQ(bodies::send_call_email(services, notice).vendor_id, sent.vendor_id);
  auto tx = begin();
  bodies::record_call_notices(services, tx, {notice, {sent}});  // the same key: recorded once
  tx.commit();
  EXPECT_EQ(
      owner_value("SELECT string_agg(DISTINCT recipient || '|' || subject || '|' || body, '//') FROM platform.outbox"),
      "acme@example.com|Call from +14155550100|Call from +14155550100 (1 min 0 s)\n"
      "The customer wants to be called back.\nTo do:\n- call back tomorrow");
}

TEST_F(CallSteps, an_organization_without_a_recipient_is_skipped) {
  owner("UPDATE platform.organizations SET settings = '{\"notify\": {\"sms\": true}}'");
  const auto call = receive_report();
  const auto facts = step(bodies::update_call_record, call);
  EXPECT_TRUE(facts.notify_by_sms);
  EXPECT_FALSE(facts.notify_by_email);
  EXPECT_FALSE(bodies::send_call_sms(services_, {call, 0}).sent);
  EXPECT_EQ(owner_value("SELECT count(*) FROM platform.outbox"), "0");
}

}  // namespace
}  // namespace platform::test
