#include <holdfast/core/event.hpp>

#include <gtest/gtest.h>

#include <holdfast/core/history_error.hpp>

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

Failure declined() {
  Failure failure;
  failure.type = "Declined";
  failure.message = "no \u4e2d"s + "\0"s;
  failure.details = R"({"code":51})";
  return failure;
}

const Uuid kChild = Uuid::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");

std::vector<Event> one_of_each() {
  return {
      event::WorkflowStarted{},
      event::ActivityScheduled{1, "charge \"card\"", R"({"a":"\u0000","b":[1, 2]})", "default"},
      event::ActivityCompleted{1, R"( "sliced \\\" text" )"},
      event::ActivityFailed{2, declined(), RetryState::maximum_attempts_reached, 3},
      event::ActivityCancelRequested{2},
      event::TimerStarted{3, parse_rfc3339("2026-11-30T17:13:15.000123Z")},
      event::TimerFired{3},
      event::TimerCanceled{4},
      event::WorkflowSignaled{"approve\u00e9"s + "\0x"s, "null", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"},
      event::WorkflowCancelRequested{"caller hung up"},
      event::WorkflowCompleted{"3.25"},
      event::WorkflowFailed{declined()},
      event::WorkflowCanceled{},
      event::WorkflowTimedOut{},
      event::WorkflowTerminated{"by hand"},
      event::ChildWorkflowInitiated{5, "Order \"x\"", "order-1", kChild, "orders", ParentClosePolicy::request_cancel,
                                    "[1]"},
      event::ChildWorkflowStarted{5},
      event::ChildWorkflowStartFailed{6, declined()},
      event::ChildWorkflowCompleted{5, R"({"a": 1})"},
      event::ChildWorkflowFailed{7, declined()},
      event::ChildWorkflowCancelRequested{7},
      event::WorkflowContinuedAsNew{kChild, "Order", "default", R"({"page":2})"},
      event::WorkflowPropertiesModified{8, R"({"note":{"a":null}})", ""},
      event::WorkflowUpdateAccepted{"u1", "deposit", R"({"cents":1})"},
      event::WorkflowUpdateCompleted{"u1", {}, declined()},
  };
}

TEST(Events, EveryTypeReadsBackAsWritten) {
  const auto events = one_of_each();
  ASSERT_EQ(events.size(), std::variant_size_v<Event>) << "a new event type needs a line above";
  const auto text = encode_events(events);
  const auto read = decode_events(text);
  ASSERT_EQ(read.size(), events.size());
  for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(event_name(read[i]), event_name(events[i]));
  EXPECT_EQ(encode_events(read), encode_events(decode_events(encode_events(read))));

  const auto& scheduled = std::get<event::ActivityScheduled>(read[1]);
  EXPECT_EQ(scheduled.seq, 1);
  EXPECT_EQ(scheduled.activity, "charge \"card\"");
  EXPECT_EQ(scheduled.input, R"({"a":"\u0000","b":[1, 2]})") << "payloads are not touched";
  EXPECT_EQ(scheduled.task_queue, "default");
  EXPECT_EQ(std::get<event::ActivityCompleted>(read[2]).result, R"("sliced \\\" text")");
  const auto& child = std::get<event::ChildWorkflowInitiated>(read[15]);
  EXPECT_EQ(child.workflow_type, "Order \"x\"");
  EXPECT_EQ(child.workflow_id, "order-1");
  EXPECT_EQ(child.run_id, kChild);
  EXPECT_EQ(child.task_queue, "orders");
  EXPECT_EQ(child.parent_close_policy, ParentClosePolicy::request_cancel);
  EXPECT_EQ(child.input, "[1]");
  EXPECT_EQ(std::get<event::ChildWorkflowFailed>(read[19]).failure.type, "Declined");
  EXPECT_EQ(std::get<event::WorkflowContinuedAsNew>(read[21]).run_id, kChild);
  EXPECT_EQ(std::get<event::WorkflowContinuedAsNew>(read[21]).input, R"({"page":2})");
  EXPECT_EQ(std::get<event::WorkflowPropertiesModified>(read[22]).memo, R"({"note":{"a":null}})");
  EXPECT_EQ(std::get<event::WorkflowPropertiesModified>(read[22]).search_attributes, "");
  const auto& failed = std::get<event::ActivityFailed>(read[3]);
  EXPECT_EQ(failed.attempt, 3);
  EXPECT_EQ(failed.retry_state, RetryState::maximum_attempts_reached);
  EXPECT_EQ(failed.failure.message, declined().message);
  EXPECT_EQ(failed.failure.details, declined().details);
  EXPECT_EQ(std::get<event::TimerStarted>(read[5]).fire_at, std::get<event::TimerStarted>(events[5]).fire_at);
  const auto& signaled = std::get<event::WorkflowSignaled>(read[8]);
  EXPECT_EQ(signaled.signal, "approve\u00e9"s + "\0x"s);
  EXPECT_EQ(signaled.input, "null");
  EXPECT_EQ(signaled.message_id, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(std::get<event::WorkflowFailed>(read[11]).failure.type, "Declined");
  EXPECT_EQ(std::get<event::WorkflowTerminated>(read[14]).reason, "by hand");
}

// The stored format: these lines are in people's databases. Do not adapt them to the code.
TEST(Events, TheStoredFormatIsFixed) {
  EXPECT_EQ(encode_events({event::WorkflowStarted{}, event::ActivityScheduled{7, "charge", "{\"a\":1}", "q"}}),
            R"([{"type":"WorkflowStarted"},{"type":"ActivityScheduled","seq":7,"activity":"charge","task_queue":"q",)"
            R"("input":{"a":1}}])");
  EXPECT_EQ(encode_events({event::ActivityFailed{7, {}, RetryState::timeout, 2}}),
            R"([{"type":"ActivityFailed","seq":7,"attempt":2,"retry_state":"timeout",)"
            R"("failure":{"kind":"application","message":""}}])");
  EXPECT_EQ(encode_events({event::TimerStarted{8, Timestamp(1s)}}),
            R"([{"type":"TimerStarted","seq":8,"fire_at":"1970-01-01T00:00:01.000000Z"}])");
  EXPECT_EQ(encode_events({event::WorkflowSignaled{"s", "1", "id"}}),
            R"([{"type":"WorkflowSignaled","signal":"s","message_id":"id","input":1}])");
  EXPECT_EQ(encode_events({}), "[]");
}

TEST(Events, UnknownMembersSpacesAndOrderDoNotMatter) {
  const auto read = decode_events(
      " [ { \"later\" : { \"deep\" : [ 1, \"}\" ] } , \"seq\" : 4 , \"result\" : [ 1 ] , \"type\" : "
      "\"ActivityCompleted\" , \"x\" : null } ]\n");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(std::get<event::ActivityCompleted>(read[0]).seq, 4);
  EXPECT_EQ(std::get<event::ActivityCompleted>(read[0]).result, "[ 1 ]");
}

TEST(Events, NoPayloadIsNotNull) {
  EXPECT_EQ(std::get<event::WorkflowCompleted>(decode_events(R"([{"type":"WorkflowCompleted"}])")[0]).result, "");
  EXPECT_EQ(encode_events({event::WorkflowCompleted{}}), R"([{"type":"WorkflowCompleted"}])");
}

TEST(Events, MalformedRowsAreRejected) {
  for (const auto* text : {
           "",
           "{}",
           "null",
           "[",
           "[{}]",
           "[{\"type\":\"WorkflowStarted\"}",
           "[{\"type\":\"WorkflowStarted\"},]",
           "[{\"type\":\"WorkflowStarted\"}]x",
           "[1]",
           "[null]",
           "[{\"type\":1}]",
           "[{\"type\":\"Invented\"}]",
           "[{\"type\":\"workflowstarted\"}]",
           "[{\"type\":\"TimerFired\"}]",
           "[{\"type\":\"TimerFired\",\"seq\":0}]",
           "[{\"type\":\"TimerFired\",\"seq\":\"1\"}]",
           "[{\"type\":\"TimerFired\",\"seq\":4294967297}]",
           "[{\"type\":\"TimerFired\",\"seq\":1.5}]",
           "[{\"type\":\"ActivityScheduled\",\"seq\":1}]",
           "[{\"type\":\"TimerStarted\",\"seq\":1}]",
           "[{\"type\":\"TimerStarted\",\"seq\":1,\"fire_at\":\"soon\"}]",
           "[{\"type\":\"WorkflowSignaled\"}]",
           "[{\"type\":\"WorkflowCompleted\",\"result\":}]",
           "[{\"type\":\"WorkflowCompleted\",\"result\":{]}]",
           "[{\"type\":\"ActivityFailed\",\"seq\":1,\"retry_state\":\"odd\"}]",
           "[{\"type\":\"ActivityFailed\",\"seq\":1,\"failure\":3}]",
       }) {
    EXPECT_THROW(decode_events(text), HistoryError) << text;
  }
}

TEST(Events, TheErrorSaysWhichEventOfTheRow) {
  try {
    decode_events(R"([{"type":"WorkflowStarted"},{"type":"Invented"}])");
    FAIL();
  } catch (const HistoryError& error) {
    EXPECT_NE(std::string(error.what()).find("event 2"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("Invented"), std::string::npos) << error.what();
  }
}

TEST(Events, CommandsAreWhatTheRunAskedFor) {
  const std::vector<bool> expected{false, true,  false, false, true,  true,  false, true,  false,
                                   false, true,  true,  true,  false, false, true,  // up to ChildWorkflowInitiated
                                   false, false, false, false, true,  true,  true,  false, true};
  const auto events = one_of_each();
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(is_command_event(events[i]), expected[i]) << event_name(events[i]);
  }
}

}  // namespace
}  // namespace holdfast
