#include "workflow_driver.hpp"

#include <activities/action_items.hpp>
#include <activities/broadcasts.hpp>
#include <activities/call_notices.hpp>
#include <activities/call_record.hpp>
#include <activities/call_webhooks.hpp>
#include <activities/recording_copy.hpp>
#include <activities/step_failures.hpp>
#include <activities/usage.hpp>
#include <workflows/call_processing.hpp>
#include <workflows/call_started.hpp>

namespace platform::test {
namespace {

using namespace holdfast;

const CallKey kCall{Uuid::parse("00000000-0000-7000-8000-00000000000a"), "0196a3f1-7c1e-4d5b-9f61-3a3f6f1f6f10",
                    parse_rfc3339("2026-11-30T17:00:00Z")};

class CallWorkflows : public testing::Test {
 protected:
  CallWorkflows() {
    processing_.on(update_call_record, [this](const CallKey& call) {
      EXPECT_EQ(call, kCall);
      return facts_;
    });
    processing_.on(extract_action_items,
                   [](const CallKey&) { return ActionItems{{{"call back", "callback", "at ten"}}}; });
    processing_.on(send_call_sms, [](const CallNotice&) { return NoticeOutcome{true, "sms", "SM1"}; });
    processing_.on(send_call_email, [](const CallNotice&) { return NoticeOutcome{true, "email", "e1"}; });
    processing_.on(add_usage,
                   [](const CallUsage& usage) { return UsageAdded{billable_minutes(usage.duration_ms), true}; });
    processing_.on(start_call_webhooks, [](const CallKey&) { return WebhooksStarted{2}; });
  }
  template <class A>
  void failing(const A& activity, const std::string& type = "Broken") {
    processing_.on(activity,
                   [type](const typename A::Input&) -> typename A::Output { throw WorkflowDriver::fail(type); });
  }
  CallProcessed processed() {
    processing_.run();
    EXPECT_TRUE(processing_.completed()) << describe(processing_.failure());
    return processing_.completed() ? processing_.result<CallProcessed>() : CallProcessed{};
  }

  CallFacts facts_{.duration_ms = 61'000,
                   .has_transcript = true,
                   .has_recording = true,
                   .notify_by_sms = true,
                   .notify_by_email = true};
  WorkflowDriver processing_{define(kCallProcessing, call_processing), encode(kCall)};
};

TEST_F(CallWorkflows, all_eight_steps_run_in_order) {
  const auto done = processed();
  EXPECT_EQ(processing_.calls_text(),
            "update_call_record store_transcript store_recording extract_action_items store_action_items send_call_sms "
            "send_call_email record_call_notices add_usage start_call_webhooks broadcast_call");
  EXPECT_EQ(done.minutes, 2);
  EXPECT_EQ(done.action_items, 1);
  EXPECT_EQ(done.webhooks, 2);
  EXPECT_TRUE(done.failed_steps.empty());
}

TEST_F(CallWorkflows, a_recording_is_copied_beside_the_other_steps_and_may_fail) {
  facts_.copy_recording = true;
  processing_.on(copy_recording, [](const CallKey&) { return RecordingCopied{.bytes = 7}; });
  EXPECT_TRUE(processed().failed_steps.empty());
  EXPECT_EQ(processing_.calls().back(), "record_recording_copy");
}

TEST_F(CallWorkflows, a_recording_that_cannot_be_copied_does_not_fail_the_call) {
  facts_.copy_recording = true;
  failing(copy_recording, "RecordingTooLarge");
  EXPECT_EQ(processed().failed_steps, (std::vector<std::string>{"recording_copy"}));
}

TEST_F(CallWorkflows, steps_without_anything_to_do_are_left_out) {
  facts_ = {.duration_ms = 0};
  EXPECT_EQ(processed().minutes, 0);
  EXPECT_EQ(processing_.calls_text(), "update_call_record add_usage start_call_webhooks broadcast_call");
}

TEST_F(CallWorkflows, optional_steps_that_finally_fail_are_recorded_and_do_not_fail_the_call) {
  failing(extract_action_items);
  failing(send_call_sms);
  failing(broadcast_call);
  std::vector<std::string> recorded;
  processing_.on(record_step_failure, [&](const StepFailure& failure) {
    recorded.push_back(failure.step);
    EXPECT_NE(failure.error.find("Broken"), std::string::npos) << failure.error;
    return Nothing{};
  });
  const auto done = processed();
  EXPECT_EQ(done.failed_steps, (std::vector<std::string>{"action_items", "sms", "broadcast"}));
  EXPECT_EQ(recorded, (std::vector<std::string>{"action_items", "sms", "broadcast"}));
  EXPECT_EQ(done.minutes, 2);
}

TEST_F(CallWorkflows, a_required_step_that_finally_fails_fails_the_call) {
  const auto fails = [](const auto& activity) {
    WorkflowDriver driver(define(kCallProcessing, call_processing), encode(kCall));
    driver.on(update_call_record, [](const CallKey&) { return CallFacts{1, true, true, false, false}; });
    using A = std::remove_cvref_t<decltype(activity)>;
    driver.on(activity, [](const typename A::Input&) -> typename A::Output { throw WorkflowDriver::fail("Broken"); });
    driver.run();
    return !driver.completed() && driver.failure().cause && driver.failure().cause->type == "Broken" &&
           driver.calls().back() == activity.name;
  };
  EXPECT_TRUE(fails(update_call_record));
  EXPECT_TRUE(fails(store_transcript));
  EXPECT_TRUE(fails(store_recording));
  EXPECT_TRUE(fails(add_usage));
  EXPECT_TRUE(fails(start_call_webhooks));
}

TEST_F(CallWorkflows, sms_and_email_are_asked_for_side_by_side) {
  std::size_t unseen = 0;
  processing_.on(send_call_email, [&](const CallNotice&) {
    unseen = processing_.unseen_outcomes();
    return NoticeOutcome{true, "email", "e1"};
  });
  processed();
  EXPECT_EQ(unseen, 1u) << "the e-mail is asked for before the outcome of the SMS is seen";
}

TEST_F(CallWorkflows, the_history_of_a_call_stays_small) {
  processed();
  EXPECT_LT(processing_.history_bytes(), 6'000u);
}

TEST(CallStarted, inserts_the_call_and_tells_the_dashboards_if_it_can) {
  WorkflowDriver driver(define(kCallStarted, call_started), encode(kCall));
  driver.on(broadcast_call, [](const CallBroadcast& broadcast) -> Nothing {
    EXPECT_EQ(broadcast.event, "call_started");
    throw WorkflowDriver::fail("supabase.429");
  });
  driver.run();
  EXPECT_TRUE(driver.completed());
  EXPECT_EQ(driver.calls_text(), "insert_call broadcast_call record_step_failure");
}

TEST(CallStarted, bad_input_fails_the_run_with_a_path) {
  WorkflowDriver driver(define(kCallStarted, call_started), R"({"organization_id": "nobody"})");
  driver.run();
  EXPECT_EQ(driver.failure().type, "InvalidInput");
  EXPECT_NE(driver.failure().message.find("$.organization_id"), std::string::npos) << driver.failure().message;
}

}  // namespace
}  // namespace platform::test
