#include "api_fixture.hpp"

#include <atomic>
#include <latch>
#include <thread>

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace platform::ingress::test {
namespace {

using testing::HasSubstr;

class Webhook : public ApiTest {};

TEST_F(Webhook, a_report_is_stored_byte_for_byte_and_starts_its_workflow_in_the_same_transaction) {
  const auto body = report() + "\n \n";
  const auto answer = post(body);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"status":"stored"})");
  EXPECT_EQ(value("SELECT body FROM platform.vapi_events"), body);
  EXPECT_EQ(value("SELECT workflow_type || ' ' || workflow_id || ' ' || task_queue FROM holdfast.runs"),
            "CallProcessing call-" + organization_.to_string() + "-call-1 calls");
  EXPECT_EQ(value("SELECT r.xmin::text = e.xmin::text FROM holdfast.runs r, platform.vapi_events e"), "t");
}

TEST_F(Webhook, the_workflow_is_given_the_key_under_which_the_event_is_filed) {
  const auto created =
      value("SELECT to_char(now() AT TIME ZONE 'UTC' - interval '1 hour', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
  const auto body =
      R"({"message": {"type": "end-of-call-report", "call": {"id": "c", "createdAt": ")" + created + R"("}}})";
  EXPECT_EQ(post(body).status, 200);
  const auto input = boost::json::parse(value("SELECT input FROM holdfast.runs"));
  EXPECT_EQ(input.at("call_id").as_string(), "c");
  EXPECT_EQ(input.at("organization_id").as_string(), organization_.to_string());
  EXPECT_EQ(value("SELECT count(*) FROM platform.vapi_events e, holdfast.runs r "
                  "WHERE e.created_at = (r.input ->> 'created_at')::timestamptz"),
            "1");
}

TEST_F(Webhook, a_call_in_progress_starts_call_started) {
  EXPECT_EQ(post(status_update("in-progress")).status, 200);
  EXPECT_EQ(value("SELECT workflow_type || ' ' || workflow_id FROM holdfast.runs"),
            "CallStarted call-started-" + organization_.to_string() + "-call-1");
  EXPECT_EQ(value("SELECT concat(search_attributes ->> 'OrganizationId', ' ', search_attributes ->> 'CallId') "
                  "FROM holdfast.runs"),
            organization_.to_string() + " call-1")
      << "what operators find it by";
}

TEST_F(Webhook, other_states_of_a_call_are_stored_and_start_nothing) {
  for (const auto* status : {"queued", "ringing", "ended", "a-new-state"})
    EXPECT_EQ(post(status_update(status)).status, 200);
  EXPECT_EQ(count_of_events(), "4");
  EXPECT_EQ(count_of_runs(), "0");
}

TEST_F(Webhook, a_repeated_delivery_answers_200_and_starts_nothing) {
  post(report());
  const auto again = post(report());
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, R"({"status":"duplicate"})");
  EXPECT_EQ(count_of_events(), "1");
  EXPECT_EQ(count_of_runs(), "1");
}

TEST_F(Webhook, a_report_that_comes_again_under_another_time_starts_no_second_run) {
  post(report());
  const auto body = R"({"message": {"type": "end-of-call-report", "call": {"id": "call-1", "createdAt": ")" +
                    value("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')") + R"("}}})";
  EXPECT_EQ(post(body).status, 200);
  EXPECT_EQ(count_of_runs(), "1");
}

TEST_F(Webhook, many_deliveries_of_one_report_at_once_start_exactly_one_run) {
  constexpr int kDeliveries = 24;
  std::atomic<int> stored = 0, duplicates = 0;
  std::latch together(kDeliveries);
  {
    std::vector<std::jthread> senders;
    for (int i = 0; i < kDeliveries; ++i) {
      senders.emplace_back([&] {
        together.arrive_and_wait();
        const auto answer = post(report());
        EXPECT_EQ(answer.status, 200) << answer.body;
        ++(answer.body == R"({"status":"stored"})" ? stored : duplicates);
      });
    }
  }
  EXPECT_EQ(stored, 1);
  EXPECT_EQ(duplicates, kDeliveries - 1);
  EXPECT_EQ(count_of_runs(), "1");
}

TEST_F(Webhook, many_calls_at_once_are_all_stored_and_all_started) {
  constexpr int kSenders = 8, kEach = 25;
  {
    std::vector<std::jthread> senders;
    for (int sender = 0; sender < kSenders; ++sender) {
      senders.emplace_back([&, sender] {
        for (int i = 0; i < kEach; ++i)
          EXPECT_EQ(post(report("call-" + std::to_string(sender) + "-" + std::to_string(i))).status, 200);
      });
    }
  }
  EXPECT_EQ(count_of_events(), std::to_string(kSenders * kEach));
  EXPECT_EQ(count_of_runs(), std::to_string(kSenders * kEach));
}

TEST_F(Webhook, an_event_that_cannot_be_filed_does_not_fail_those_beside_it) {
  PlatformApiOptions options;
  options.connections = 1;  // what waits while a transaction is held up makes one batch
  options.remember_organizations = std::chrono::hours(1);
  serve(options);
  const auto other = holdfast::Uuid::parse("00000000-0000-7000-8000-00000000000b").to_string();
  owner(
      "INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end, settings) "
      "SELECT '" +
      other +
      "', 'other', 'other', plan_id, plan_minutes, period_start, period_end, settings "
      "FROM platform.organizations");
  const auto post_to_other = [&](const std::string& body) {
    auto connection = client();
    const auto result =
        connection.Post("/webhooks/vapi/" + other, {{"Authorization", "Bearer " + kSecret}}, body, "application/json");
    return result ? result->status : 0;
  };
  EXPECT_EQ(post_to_other(report("first")), 200);
  owner("UPDATE platform.organizations SET status = 'suspended' WHERE slug = 'other'");  // remembered as active

  pqxx::connection blocker(database_.connection_string());
  pqxx::work lock(blocker);
  lock.exec("LOCK TABLE platform.vapi_events IN ACCESS EXCLUSIVE MODE");
  std::atomic<int> good = 0, unknown = 0;
  std::vector<std::jthread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&, i] { good += post(report("good-" + std::to_string(i))).status == 200; });
    senders.emplace_back([&, i] { unknown += post_to_other(report("bad-" + std::to_string(i))) == 404; });
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0" &&
         std::chrono::steady_clock::now() < deadline) {}
  lock.commit();
  senders.clear();
  EXPECT_EQ(good, 4);
  EXPECT_EQ(unknown, 4);
  EXPECT_EQ(count_of_runs(), "5");
}

TEST_F(Webhook, two_organizations_with_one_call_id_each_get_their_run) {
  const auto other = holdfast::Uuid::parse("00000000-0000-7000-8000-00000000000b").to_string();
  owner(
      "INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end, settings) "
      "SELECT '" +
      other +
      "', 'other', 'other', plan_id, plan_minutes, period_start, period_end, settings "
      "FROM platform.organizations");
  EXPECT_EQ(post(report()).status, 200);
  auto connection = client();
  const httplib::Headers headers{{"Authorization", "Bearer " + kSecret}};
  const auto theirs = connection.Post("/webhooks/vapi/" + other, headers, report(), "application/json");
  ASSERT_TRUE(theirs);
  EXPECT_EQ(theirs->body, R"({"status":"stored"})");
  EXPECT_EQ(value("SELECT string_agg(input ->> 'organization_id', ' ' ORDER BY workflow_id) FROM holdfast.runs"),
            organization_.to_string() + " " + other);
}

TEST_F(Webhook, of_types_that_recur_in_a_call_each_event_is_stored_and_a_repetition_is_not) {
  const auto transcript = [](const std::string& text, const std::string& link) {
    return R"({"message": {"type": "transcript", "timestamp": 1, "call": {"id": "c"}, "transcript": ")" + text +
           R"(", "artifact": {"presignedRecordingUrl": ")" + link + R"("}}})";
  };
  EXPECT_EQ(post(transcript("Hello", "a")).body, R"({"status":"stored"})");
  EXPECT_EQ(post(transcript("Goodbye", "a")).body, R"({"status":"stored"})");
  EXPECT_EQ(post(transcript("Hello", "a")).body, R"({"status":"duplicate"})");
  EXPECT_EQ(post(transcript("Hello", "another link")).body, R"({"status":"duplicate"})");
  EXPECT_EQ(count_of_events(), "2");
  EXPECT_EQ(count_of_runs(), "0");
}

TEST_F(Webhook, types_that_nobody_knows_are_stored) {
  EXPECT_EQ(post(R"({"message": {"type": "brand-new", "call": {"id": "c"}}})").status, 200);
  EXPECT_EQ(post(R"({"message": {"type": "transcript[transcriptType=\"final\"]", "call": {"id": "c"}}})").status, 200);
  EXPECT_EQ(post(R"({"message": {"type": "chat.created", "chat": {"id": "x"}}})").status, 200);  // no call at all
  EXPECT_EQ(post(R"({"message": {"type": "chat.created", "chat": {"id": "x"}}})").body, R"({"status":"duplicate"})");
  EXPECT_EQ(post(R"({"message": {"type": "chat.created", "chat": {"id": "y"}}})").body, R"({"status":"stored"})");
  EXPECT_EQ(count_of_events(), "4");
  EXPECT_EQ(count_of_runs(), "0");
}

TEST_F(Webhook, an_assistant_request_is_answered_with_the_assistant_of_the_number) {
  const std::string request =
      R"({"message": {"type": "assistant-request", "call": {"id": "c1"}, "phoneNumber": {"number": "+14155550199"}}})";
  EXPECT_EQ(post(request).body, R"({"assistantId":"assistant-acme"})");
  owner("INSERT INTO platform.assistants (organization_id, name, vapi_assistant_id) VALUES ('" +
        organization_.to_string() + "', 'Night', 'assistant-night')");
  owner(
      "INSERT INTO platform.phone_numbers (organization_id, number, assistant_id) "
      "SELECT organization_id, '+14155550199', id FROM platform.assistants WHERE name = 'Night'");
  EXPECT_EQ(post(request).body, R"({"assistantId":"assistant-night"})");  // also for a repeated delivery
  owner("DELETE FROM platform.phone_numbers");
  owner("DELETE FROM platform.assistants");
  EXPECT_THAT(post(request).body, HasSubstr("\"error\":"));
}

TEST_F(Webhook, tool_calls_get_one_result_each) {
  const auto answer = post(R"({"message": {"type": "tool-calls", "call": {"id": "c"}, "toolCallList": [
      {"id": "t1", "name": "book", "parameters": {}}, {"id": "t2", "function": {"name": "cancel"}}]}})");
  EXPECT_EQ(answer.status, 200);
  const auto results = boost::json::parse(answer.body).at("results").as_array();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].at("toolCallId").as_string(), "t1");
  EXPECT_EQ(results[0].at("name").as_string(), "book");
  EXPECT_EQ(results[1].at("name").as_string(), "cancel");
  EXPECT_TRUE(results[1].at("result").is_string());
  post(R"({"message": {"type": "tool-calls", "call": {"id": "c"}, "toolCallList": [{"id": "t3", "name": "book"}]}})");
  EXPECT_EQ(count_of_events(), "2");  // further tool calls of the same call are no duplicates
}

TEST_F(Webhook, transfers_and_knowledge_bases_get_their_fixed_answers) {
  EXPECT_THAT(post(R"({"message": {"type": "transfer-destination-request", "call": {"id": "c"}}})").body,
              HasSubstr("\"error\""));
  EXPECT_EQ(post(R"({"message": {"type": "knowledge-base-request", "call": {"id": "c"}}})").body,
            R"({"documents":[]})");
}

}  // namespace
}  // namespace platform::ingress::test
