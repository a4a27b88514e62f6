#include <gtest/gtest.h>

#include <activities/call_report.hpp>
#include <activities/object_key.hpp>
#include <holdfast/core/errors.hpp>

namespace platform {
namespace {

std::string with(const std::string& members) { return R"({"message": {)" + members + "}}"; }

TEST(CallReport, takes_the_duration_from_the_vendor_or_from_the_two_times) {
  EXPECT_EQ(parse_call_report(with(R"("durationSeconds": 61.2)")).duration_ms, 61'200);
  EXPECT_EQ(parse_call_report(with(R"("durationMs": 1500)")).duration_ms, 1'500);
  EXPECT_EQ(parse_call_report(with(R"("startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:00:30.5Z")"))
                .duration_ms,
            30'500);
  EXPECT_EQ(
      parse_call_report(with(R"("call": {"startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z"})"))
          .duration_ms,
      60'000);
}

TEST(CallReport, an_impossible_duration_is_bounded) {
  EXPECT_EQ(parse_call_report(with(R"("durationSeconds": -5)")).duration_ms, 0);
  EXPECT_EQ(parse_call_report(with(R"("durationSeconds": 1e300)")).duration_ms, 86'400'000);
  EXPECT_EQ(parse_call_report(with(R"("startedAt": "yesterday", "endedAt": "2026-01-01T00:00:30Z")")).duration_ms, 0);
}

TEST(CallReport, tells_failed_calls_by_the_prefix_of_their_reason) {
  EXPECT_EQ(parse_call_report(with(R"("endedReason": "customer-ended-call")")).status, "completed");
  EXPECT_EQ(parse_call_report(with(R"("endedReason": "pipeline-error-openai-llm-failed")")).status, "failed");
  EXPECT_EQ(parse_call_report(with(R"("endedReason": "call.in-progress.error-vapifault")")).status, "failed");
  EXPECT_EQ(parse_call_report(with(R"("endedReason": "a-reason-of-next-year")")).status, "completed");
}

TEST(CallReport, members_of_another_type_than_expected_are_left_out) {
  const auto report = parse_call_report(with(R"("artifact": [], "analysis": null, "cost": "much", "call": 7,
                                                "endedReason": {"a": 1}, "durationMs": "long")"));
  EXPECT_EQ(report.transcript + report.summary + report.cost_usd + report.ended_reason, "");
  EXPECT_EQ(report.messages, "[]");
}

TEST(CallReport, removes_nul_characters) {
  EXPECT_EQ(parse_call_report(with(R"("artifact": {"transcript": "a\u0000b"})")).transcript, "ab");
}

TEST(CallReport, refuses_what_is_not_a_report) {
  for (const auto& body : {"", "{", "[]", "7", "null", R"({"type": "end-of-call-report"})", "{\"message\": \"\xff\"}"})
    EXPECT_THROW(parse_call_report(body), holdfast::ApplicationError) << body;
}

TEST(ObjectKey, keeps_the_vendors_id_inside_its_folder) {
  const CallKey call{holdfast::Uuid::parse("00000000-0000-7000-8000-00000000000a"), "../../etc/passwd%2F",
                     holdfast::parse_rfc3339("2026-03-31T23:59:59.999999Z")};
  EXPECT_EQ(recording_object_key(call),
            "/00000000-0000-7000-8000-00000000000a/2026/03/%2E%2E%2F%2E%2E%2Fetc%2Fpasswd%252F.wav");
}

TEST(MessageId, has_no_separator_and_differs_where_the_ids_differ) {
  CallKey a, b;
  a.call_id = "x.y";
  b.call_id = "x_2Ey";
  EXPECT_EQ(call_message_id(a), "call-completed-x_2Ey");
  EXPECT_NE(call_message_id(a), call_message_id(b));
}

}  // namespace
}  // namespace platform
