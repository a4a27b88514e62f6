#include <holdfast/schedule/planner.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/core/codec.hpp>
#include <holdfast/schedule/errors.hpp>

namespace holdfast::schedule {
namespace {

using namespace std::chrono_literals;
using State = WatchedRun::State;
using testing::ElementsAre;
using testing::IsEmpty;

const Timestamp kStart = parse_rfc3339("2026-11-30T12:00:00Z");

/// One schedule that fires every minute, planned again and again as the store would do it.
class PlannerTest : public testing::Test {
 protected:
  PlannerTest() {
    definition.workflow_type = "Report";
    definition.spec.cron = {"* * * * *"};
  }

  /// Plans at kStart + `after`; the runs that it waits for are in `state`.
  const Plan& plan_at(Duration after, State state = State::open, std::vector<ScheduleRequest> requests = {}) {
    PlanInput input{.schedule_id = "r",
                    .definition = definition,
                    .state = last.state,
                    .requests = std::move(requests),
                    .watched = {},
                    .paused = last.paused,
                    .remaining_actions = last.remaining_actions,
                    .since = since,
                    .now = kStart + after,
                    .new_run_id =
                        [this] {
                          Uuid id;
                          id.bytes[15] = static_cast<std::uint8_t>(++ids);
                          return id;
                        },
                    .most_starts = most_starts};
    for (const auto& id : last.watch) input.watched.push_back({id, run_ids.at(id), state});
    last = plan(std::move(input));
    for (const auto& start : last.starts) run_ids[start.workflow_id] = start.run_id;
    return last;
  }
  /// Minutes after kStart of the starts of the last plan.
  std::vector<int> minutes() const {
    std::vector<int> out;
    for (const auto& start : last.starts)
      out.push_back(static_cast<int>(std::chrono::floor<std::chrono::minutes>(start.scheduled_at - kStart).count()));
    return out;
  }
  std::optional<Duration> next_in() const {
    return last.next_at ? std::optional(*last.next_at - kStart) : std::nullopt;
  }

  ScheduleDefinition definition;
  Plan last;
  Timestamp since = kStart;
  std::map<std::string, Uuid> run_ids;
  int ids = 0;
  std::size_t most_starts = 100;
};

TEST_F(PlannerTest, EachTickIsStartedOnceAndNamesItsTime) {
  EXPECT_THAT(plan_at(0s).starts, IsEmpty());
  EXPECT_EQ(next_in(), 60s);
  plan_at(61s);
  EXPECT_THAT(minutes(), ElementsAre(1));
  EXPECT_EQ(last.starts[0].workflow_id, "r-2026-11-30T12:01:00Z");
  EXPECT_EQ(next_in(), 120s);
  EXPECT_THAT(plan_at(62s).starts, IsEmpty());
  plan_at(121s, State::completed);
  EXPECT_THAT(minutes(), ElementsAre(2));
  EXPECT_EQ(last.state.actions, 2);
}

TEST_F(PlannerTest, SkipLeavesOutTicksWhileARunIsOpen) {
  plan_at(60s);
  EXPECT_THAT(plan_at(120s).starts, IsEmpty());
  EXPECT_THAT(plan_at(180s).starts, IsEmpty());
  EXPECT_EQ(last.state.overlap_skipped, 2);
  plan_at(240s, State::completed);
  EXPECT_THAT(minutes(), ElementsAre(4));
}

TEST_F(PlannerTest, BufferOneStartsOneWhenTheRunEnds) {
  definition.overlap = Overlap::buffer_one;
  plan_at(60s);
  plan_at(120s);
  EXPECT_EQ(next_in(), 121s);  // looks soon whether the run ended
  plan_at(180s);
  EXPECT_EQ(last.state.overlap_skipped, 1);
  plan_at(185s, State::completed);
  EXPECT_THAT(minutes(), ElementsAre(2));
  EXPECT_EQ(next_in(), 240s);
}

TEST_F(PlannerTest, BufferAllStartsThemInOrderOneAfterTheOther) {
  definition.overlap = Overlap::buffer_all;
  plan_at(60s);
  plan_at(185s);
  EXPECT_EQ(last.state.buffer.size(), 2u);
  plan_at(190s, State::completed);
  EXPECT_THAT(minutes(), ElementsAre(2));
  plan_at(191s, State::completed);
  EXPECT_THAT(minutes(), ElementsAre(3));
  EXPECT_THAT(last.state.buffer, IsEmpty());
}

TEST_F(PlannerTest, LooksAtABufferBecomeRarer) {
  definition.overlap = Overlap::buffer_all;
  definition.spec.cron = {"0,1 12 * * *"};
  plan_at(60s);
  definition.spec.cron = {"2 12 * * *"};
  std::vector<Duration> waits;
  Duration t = 120s;
  for (int i = 0; i < 7; ++i) {
    plan_at(t);
    waits.push_back(*next_in() - t);
    t = *next_in();
  }
  EXPECT_THAT(waits, ElementsAre(1s, 2s, 4s, 8s, 16s, 30s, 30s));
}

TEST_F(PlannerTest, CancelOtherAsksOnceAndStartsTheNewestWhenTheRunEnded) {
  definition.overlap = Overlap::cancel_other;
  plan_at(60s);
  plan_at(120s);
  EXPECT_THAT(last.cancel, ElementsAre("r-2026-11-30T12:01:00Z"));
  EXPECT_THAT(plan_at(180s).cancel, IsEmpty());
  plan_at(181s, State::other);
  EXPECT_THAT(minutes(), ElementsAre(3));
}

TEST_F(PlannerTest, TerminateOtherEndsTheRunAndStartsAtOnce) {
  definition.overlap = Overlap::terminate_other;
  plan_at(60s);
  plan_at(185s);  // two ticks: the first of them is not even begun
  EXPECT_THAT(last.terminate, ElementsAre("r-2026-11-30T12:01:00Z"));
  EXPECT_THAT(minutes(), ElementsAre(3));
  EXPECT_THAT(last.watch, ElementsAre("r-2026-11-30T12:03:00Z"));
  EXPECT_EQ(last.state.actions, 2);
}

TEST_F(PlannerTest, AllowAllStartsEveryTickAndWatchesNothing) {
  definition.overlap = Overlap::allow_all;
  plan_at(185s);
  EXPECT_THAT(minutes(), ElementsAre(1, 2, 3));
  EXPECT_THAT(last.watch, IsEmpty());
}

TEST_F(PlannerTest, TicksOlderThanTheCatchUpWindowAreMissed) {
  definition.overlap = Overlap::allow_all;
  definition.catch_up_window = "2m";
  plan_at(10min + 30s);
  EXPECT_THAT(minutes(), ElementsAre(9, 10));
  EXPECT_EQ(last.state.missed_catch_up, 8);
}

TEST_F(PlannerTest, CatchUpLatestStartsOnlyTheLastOfAnOutage) {
  definition.overlap = Overlap::allow_all;
  definition.catch_up = CatchUp::latest;
  plan_at(10min + 30s);
  EXPECT_THAT(minutes(), ElementsAre(10));
  EXPECT_EQ(last.state.missed_catch_up, 9);
  plan_at(11min + 1s);
  EXPECT_THAT(minutes(), ElementsAre(11));
}

TEST_F(PlannerTest, CatchUpNoneStartsNothingThatIsLate) {
  definition.catch_up = CatchUp::none;
  plan_at(10min + 30s);
  EXPECT_THAT(minutes(), IsEmpty());
  plan_at(11min + 1s);
  EXPECT_THAT(minutes(), ElementsAre(11));
}

TEST_F(PlannerTest, ALongOutageOfADenseScheduleIsDecidedInBoundedSteps) {
  definition.overlap = Overlap::allow_all;
  definition.spec.cron = {"* * * * * * *"};
  plan_at(1h);
  EXPECT_EQ(last.starts.size(), 100u);
  EXPECT_LE(*next_in(), 1h);  // at once again
  std::size_t started = 100;
  for (int i = 0; i < 40 && *last.next_at <= kStart + 1h; ++i) started += plan_at(1h).starts.size();
  EXPECT_EQ(started, 3600u);
  most_starts = 2;
  plan_at(2h);
  EXPECT_EQ(last.starts.size(), 2u);
  EXPECT_LE(*next_in(), 2h);
  definition.catch_up = CatchUp::latest;
  plan_at(24h * 360);
  EXPECT_EQ(last.starts.size(), 1u);
}

TEST_F(PlannerTest, LimitedActionsEndTheScheduleAndTriggersDoNotCount) {
  last.remaining_actions = 2;
  plan_at(60s);
  plan_at(61s, State::completed, {{.trigger = kStart + 61s, .backfill = {}, .overlap = {}}});
  EXPECT_EQ(last.starts.size(), 1u);
  EXPECT_EQ(last.remaining_actions, 1);
  plan_at(120s, State::completed);
  EXPECT_EQ(last.remaining_actions, 0);
  EXPECT_EQ(next_in(), std::nullopt);
  EXPECT_THAT(plan_at(180s, State::completed).starts, IsEmpty());
}

TEST_F(PlannerTest, APausedScheduleStartsOnlyWhatIsAskedFor) {
  last.paused = true;
  EXPECT_THAT(plan_at(180s).starts, IsEmpty());
  EXPECT_EQ(next_in(), std::nullopt);
  plan_at(200s, State::open, {{.trigger = kStart + 200s, .backfill = {}, .overlap = {}}});
  EXPECT_EQ(last.starts.at(0).workflow_id, "r-2026-11-30T12:03:20Z");
  last.paused = false;
  since = kStart + 210s;  // as a resume sets it
  plan_at(240s, State::completed);
  EXPECT_THAT(minutes(), ElementsAre(4));
}

TEST_F(PlannerTest, ABackfillRunsTheTicksOfARangeThatIncludesItsEnds) {
  const Backfill range{kStart - 10min, kStart - 7min, Overlap::allow_all};
  plan_at(30s, State::open, {{.trigger = {}, .backfill = range, .overlap = {}}});
  EXPECT_THAT(minutes(), ElementsAre(-10, -9, -8, -7));
  plan_at(60s);
  EXPECT_THAT(minutes(), ElementsAre(1));
}

TEST_F(PlannerTest, ALargeBackfillIsDoneInSeveralPlans) {
  const Backfill range{kStart - 250min, kStart - 1min, Overlap::allow_all};
  plan_at(30s, State::open, {{.trigger = {}, .backfill = range, .overlap = {}}});
  std::size_t started = last.starts.size();
  EXPECT_EQ(next_in(), 30s);
  for (int i = 0; i < 5 && !last.state.backfills.empty(); ++i) started += plan_at(31s).starts.size();
  EXPECT_EQ(started, 250u);
}

TEST_F(PlannerTest, TheNextRunLearnsHowTheLastOnesEnded) {
  plan_at(60s);
  const Uuid first = last.starts[0].run_id;
  EXPECT_EQ(last.starts[0].last_completed, std::nullopt);
  plan_at(120s, State::completed);
  const Uuid second = last.starts[0].run_id;
  EXPECT_EQ(last.starts[0].last_completed, first);
  plan_at(180s, State::failed);
  EXPECT_EQ(last.starts[0].last_completed, first);
  EXPECT_EQ(last.starts[0].last_failed, second);
  const Uuid third = last.starts[0].run_id;
  plan_at(240s, State::completed);
  EXPECT_EQ(last.starts[0].last_completed, third);
  EXPECT_EQ(last.starts[0].last_failed, std::nullopt);
}

TEST_F(PlannerTest, AFailedRunPausesTheScheduleIfItShould) {
  definition.pause_on_failure = true;
  plan_at(60s);
  plan_at(120s, State::failed);
  EXPECT_TRUE(last.paused);
  EXPECT_THAT(last.note, testing::HasSubstr("of r-2026-11-30T12:01:00Z failed"));
  EXPECT_THAT(last.starts, IsEmpty());
  EXPECT_EQ(next_in(), std::nullopt);
}

TEST_F(PlannerTest, TheStateSurvivesItsJson) {
  definition.overlap = Overlap::buffer_all;
  plan_at(60s);
  plan_at(185s, State::open, {{.trigger = {}, .backfill = Backfill{kStart, kStart + 1h, {}}, .overlap = {}}});
  const auto text = encode(last.state);
  EXPECT_EQ(encode(decode<ScheduleState>(text)), text);
}

TEST(Definition, ReadsWhatIsThereAndRefusesWhatItDoesNotKnow) {
  const auto d = parse_definition(R"({"workflow_type":"A","spec":{"cron":["@daily"],"calendars":[{"hour":"5"}]},
                                      "overlap":"buffer_one"})");
  EXPECT_EQ(d.task_queue, "default");
  EXPECT_EQ(d.overlap, Overlap::buffer_one);
  EXPECT_EQ(d.spec.calendars.at(0).minute, "0");
  const auto error = [](const char* json) -> std::string {
    try {
      validate(parse_definition(json));
    } catch (const SpecError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_THAT(error(R"({"workflow_type":"A","spec":{"calendars":[{"hours":"5"}]}})"),
              testing::StartsWith("not a schedule: the member of $.spec.calendars[0] is 'hours'; allowed: second, "));
  EXPECT_THAT(error(R"({"overlap":"sometimes"})"), testing::HasSubstr("allowed: skip, buffer_one"));
  EXPECT_THAT(error("{}"), testing::StartsWith("workflow_type is empty"));
  EXPECT_THAT(error("["), testing::StartsWith("not a schedule: "));
  EXPECT_THAT(error(R"({"workflow_type":"A","catch_up_window":"9s"})"),
              testing::StartsWith("catch_up_window is '9s'; allowed: 10s to "));
  EXPECT_THAT(error(R"({"workflow_type":"A","priority":9})"), testing::StartsWith("priority is '9'; allowed: 1 to 5"));
  EXPECT_THAT(error(R"({"workflow_type":"A","limited_actions":-1})"), testing::StartsWith("limited_actions is '-1'"));
  EXPECT_EQ(error(R"({"workflow_type":"A"})"), "no error");
  EXPECT_THROW(validate_schedule_id(""), SpecError);
  EXPECT_THROW(validate_schedule_id(std::string(901, 'x')), SpecError);
  EXPECT_THROW(validate_schedule_id(std::string_view("a\0b", 3)), SpecError);
}

}  // namespace
}  // namespace holdfast::schedule
