#include <holdfast/testing/schedule_environment.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/core/codec.hpp>
#include <holdfast/schedule/errors.hpp>
#include <holdfast/schedule/planner.hpp>
#include <holdfast/testing/environment.hpp>

namespace holdfast::testing {
namespace {

using namespace std::chrono_literals;
using schedule::Overlap;
using store::RunStatus;
using ::testing::ElementsAre;

schedule::ScheduleDefinition hourly(Overlap overlap = Overlap::skip) {
  schedule::ScheduleDefinition definition;
  definition.workflow_type = "Report";
  definition.spec.cron = {"@hourly"};
  definition.overlap = overlap;
  return definition;
}

/// Hours since the start at which runs began.
std::vector<int> hours(const ScheduleEnvironment& env) {
  std::vector<int> out;
  for (const auto& run : env.runs())
    out.push_back(
        static_cast<int>(std::chrono::floor<std::chrono::hours>(run.started_at.time_since_epoch()).count() % 24));
  return out;
}

TEST(ScheduleEnvironment, FiresUnderSkippedTime) {
  ScheduleEnvironment env;
  env.create("r", hourly(), R"({"a":1})");
  env.run_for(30 * 24h);
  EXPECT_EQ(env.runs().size(), 720u);
  EXPECT_EQ(env.runs()[0].workflow_id, "r-2026-01-01T01:00:00Z");
  EXPECT_EQ(env.runs()[0].input, R"({"a":1})");
  EXPECT_EQ(env.runs()[1].scheduled.last_result, "{}");
}

TEST(ScheduleEnvironment, RunsTakeTheTimeThatTheTestSays) {
  ScheduleEnvironment env;
  env.on_run([](const ScheduledRun&) { return RunEnding{.after = 90min}; });
  env.create("r", hourly());
  env.run_for(8h + 1min);
  EXPECT_THAT(hours(env), ElementsAre(1, 3, 5, 7));
}

TEST(ScheduleEnvironment, EachOverlapPolicyDoesWhatItSays) {
  const auto hours_of = [](Overlap overlap) {
    ScheduleEnvironment env;
    env.on_run([](const ScheduledRun&) { return RunEnding{.after = 90min}; });
    env.create("r", hourly(overlap));
    env.run_for(4h + 40min);
    return hours(env);
  };
  EXPECT_THAT(hours_of(Overlap::buffer_one), ElementsAre(1, 2, 4));
  EXPECT_THAT(hours_of(Overlap::allow_all), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(hours_of(Overlap::terminate_other), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(hours_of(Overlap::cancel_other), ElementsAre(1, 2, 3, 4));
}

TEST(ScheduleEnvironment, CanceledAndTerminatedRunsSaySo) {
  ScheduleEnvironment env;
  env.on_run([](const ScheduledRun&) { return RunEnding{.after = std::nullopt}; });
  env.create("c", hourly(Overlap::cancel_other));
  env.create("t", hourly(Overlap::terminate_other));
  env.run_for(2h + 1min);
  std::map<std::string, RunStatus> ended;
  for (const auto& run : env.runs())
    if (run.ended_at) ended[run.workflow_id] = run.status;
  EXPECT_EQ(ended["c-2026-01-01T01:00:00Z"], RunStatus::canceled);
  EXPECT_EQ(ended["t-2026-01-01T01:00:00Z"], RunStatus::terminated);
  EXPECT_EQ(ended.size(), 2u);
}

TEST(ScheduleEnvironment, AnOutageIsCaughtUpAsTheDefinitionSays) {
  ScheduleEnvironment env;
  auto definition = hourly(Overlap::allow_all);
  definition.catch_up = schedule::CatchUp::latest;
  env.create("latest", definition);
  definition.catch_up = schedule::CatchUp::all;
  env.create("all", definition);
  env.outage(5h + 10min);
  env.run_for(1min);
  EXPECT_EQ(env.runs().size(), 6u);
  EXPECT_EQ(decode<schedule::ScheduleState>(env.describe("latest").state).missed_catch_up, 4);
}

TEST(ScheduleEnvironment, AFailureReachesTheNextRun) {
  ScheduleEnvironment env;
  env.on_run([](const ScheduledRun& run) {
    return RunEnding{.fails = run.workflow_id.ends_with("T01:00:00Z"), .result = "\"out of paper\""};
  });
  env.create("r", hourly());
  env.run_for(2h);
  ASSERT_EQ(env.runs().size(), 2u);
  ASSERT_TRUE(env.runs()[1].scheduled.last_failure);
  EXPECT_EQ(env.runs()[1].scheduled.last_failure->message, "\"out of paper\"");
}

TEST(ScheduleEnvironment, RefusesABadDefinition) {
  ScheduleEnvironment env;
  auto definition = hourly();
  definition.spec.cron = {"x"};
  EXPECT_THROW(env.create("r", definition), schedule::SpecError);
}

struct Seen {
  std::string id;
  int before = 0;
};
BOOST_DESCRIBE_STRUCT(Seen, (), (id, before))

Workflow<Seen> look(Context ctx, Nothing) {
  co_return Seen{ctx.schedule() ? ctx.schedule()->schedule_id : "",
                 ctx.last_result<Seen>().value_or(Seen{}).before + 1};
}

TEST(Environment, AWorkflowSeesTheScheduleThatTheTestGivesIt) {
  EnvironmentOptions options;
  options.scheduled = ScheduledBy{.schedule_id = "nightly", .scheduled_at = {}, .last_result = R"({"before":4})"};
  Environment env(options);
  const auto seen = env.execute(WorkflowType<Nothing, Seen>{"Look", "default"}, look, {});
  EXPECT_EQ(seen.id, "nightly");
  EXPECT_EQ(seen.before, 5);
  // What was recorded of such a run replays elsewhere too.
  const auto recorded = decode_recorded_run(encode_recorded_run(env.recorded()));
  EXPECT_EQ(recorded.info.scheduled, env.recorded().info.scheduled);
  expect_replays(define(WorkflowType<Nothing, Seen>{"Look", "default"}, look), recorded);
}

}  // namespace
}  // namespace holdfast::testing
