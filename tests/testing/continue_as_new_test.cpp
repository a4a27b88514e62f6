#include <gtest/gtest.h>

#include <holdfast/testing/environment.hpp>

namespace holdfast::testing {
namespace {

using namespace std::chrono_literals;

struct State {
  int round = 0;
  std::string seen;
};
BOOST_DESCRIBE_STRUCT(State, (), (round, seen))
struct Letter {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Letter, (), (text))

const WorkflowType<State, State> kLoop{"Loop", "default"};
const WorkflowType<State, State> kPart{"Part", "default"};
const Activity<State> work{"work", {.start_to_close = 1h}};
const Signal<Letter> mail{"mail"}, other{"other"};

Workflow<State> counting(Context ctx, State state) {
  co_await ctx.run(work, state);
  co_await ctx.sleep(1h);
  if (++state.round < 3) throw ctx.continue_as_new(kLoop, state);
  co_return state;
}

Workflow<State> awaiting(Context ctx, State state) {
  if (++state.round < 4) co_await ctx.continue_as_new(state);
  co_return state;
}

/// Reads one letter per run.
Workflow<State> reading(Context ctx, State state) {
  const auto letter = co_await ctx.receive(mail);
  state.seen += letter.text;
  if (letter.text == "last") co_return state;
  throw ctx.continue_as_new(kLoop, state);
}

/// Asks for a letter and continues without having looked at it.
Workflow<State> forgetful(Context ctx, State state) {
  auto asked = ctx.receive(mail);
  co_await ctx.sleep(1h);
  if (state.round++ == 0) throw ctx.continue_as_new(state);
  state.seen = (co_await asked).text + (co_await ctx.receive(mail)).text + (co_await ctx.receive(other)).text;
  co_return state;
}

Workflow<State> timers(Context ctx, State state) {
  auto long_one = ctx.sleep(10h);
  auto short_one = ctx.sleep(state.round == 0 ? 1h : 20h);
  if (co_await when_any(long_one, short_one) == 0) co_return State{state.round, "long"};
  throw ctx.continue_as_new(State{state.round + 1, ""});
}

Workflow<Nothing> inner(Context ctx, State state) {
  co_await ctx.sleep(1h);
  throw ctx.continue_as_new(State{state.round + 1, "from the inside"});
}
Workflow<State> outer(Context ctx, State state) {
  if (state.round > 0) co_return state;
  try {
    co_await inner(ctx, state);
  } catch (const std::exception&) {
    co_return State{-1, "caught by accident"};
  }
  co_return state;
}

Workflow<State> tagged(Context ctx, State state) {
  ctx.upsert_search_attributes(Attributes().set("Round", state.round).set("First", "x"));
  if (state.round == 0) throw ctx.continue_as_new(State{1, ""});
  ctx.upsert_search_attributes(Attributes().remove("First"));
  ctx.upsert_memo(state);
  co_return state;
}

Workflow<State> suggested(Context ctx, State state) {
  while (!ctx.continue_as_new_suggested()) {
    co_await ctx.run(work, state);
    ++state.round;
  }
  co_return state;
}

TEST(ContinueAsNew, GoesOnWithTheNextInputUntilTheEnd) {
  Environment env;
  env.on(work, [](const State&) {});
  EXPECT_EQ(env.execute(kLoop, counting, {}).round, 3);
  EXPECT_EQ(env.continuations(), 2);
  EXPECT_EQ(env.elapsed(), 3h);
  EXPECT_EQ(env.count(work), 3);
  EXPECT_TRUE(env.event_names().ends_with("WorkflowCompleted")) << env.event_names();
  ASSERT_EQ(env.earlier().size(), 2u);
  EXPECT_NE(env.earlier()[0].rows.back().events.find("WorkflowContinuedAsNew"), std::string::npos);
}

TEST(ContinueAsNew, SearchAttributesAndMemoAreHandedOn) {
  Environment env;
  env.execute(kLoop, tagged, {});
  EXPECT_EQ(env.search_attributes(), R"({"Round":1})");
  EXPECT_EQ(env.memo(), R"({"round":1,"seen":""})");
}

TEST(ContinueAsNew, MayBeAwaited) {
  Environment env;
  EXPECT_EQ(env.execute(kLoop, awaiting, {}).round, 4);
  EXPECT_EQ(env.continuations(), 3);
}

TEST(ContinueAsNew, SignalsThatNobodyReceivedMoveAlongInTheirOrder) {
  Environment env;
  for (const char* text : {"a", "b", "c", "last"}) env.signal(mail, {text});
  EXPECT_EQ(env.execute(kLoop, reading, {}).seen, "abclast");
  EXPECT_EQ(env.continuations(), 3);
}

TEST(ContinueAsNew, ALetterThatWasAskedForAndNotLookedAtMovesAlongToo) {
  Environment env;
  env.signal(mail, {"1"});
  env.signal(other, {"x"});
  env.signal(mail, {"2"});
  EXPECT_EQ(env.execute(kLoop, forgetful, {}).seen, "12x");
  EXPECT_EQ(env.continuations(), 1);
}

TEST(ContinueAsNew, TimersOfTheRunBeforeDoNotFireInTheNext) {
  Environment env;
  EXPECT_EQ(env.execute(kLoop, timers, {}).seen, "long");
  EXPECT_EQ(env.elapsed(), 11h);
}

TEST(ContinueAsNew, LeavesSubWorkflowsAndIsNotCaughtByAccident) {
  Environment env;
  EXPECT_EQ(env.execute(kLoop, outer, {}).seen, "from the inside");
}

TEST(ContinueAsNew, IsSuggestedByTheLengthOfTheHistory) {
  Environment env({.check_replay = false, .max_events = 10'000});
  env.on(work, [](const State&) {});
  const auto state = env.execute(kLoop, suggested, {});
  EXPECT_EQ(state.round, 2048) << "two events for each round";
  EXPECT_NO_THROW(expect_replays(define(kLoop, suggested), env.recorded()));
}

TEST(ContinueAsNew, IsSuggestedByTheSizeOfThePayloads) {
  Environment env({.check_replay = false});
  env.on(work, [](const State&) {});
  const auto state = env.execute(kLoop, suggested, {0, std::string(100'000, 'x')});
  EXPECT_GE(state.round, 40);
  EXPECT_LE(state.round, 43);
  EXPECT_NO_THROW(expect_replays(define(kLoop, suggested), env.recorded()));
}

TEST(ContinueAsNew, TheNextRunIsNewerThanARunFromAClockThatIsAhead) {
  RunInfo info;
  info.run_id = make_uuid_v7(std::chrono::milliseconds(2'000'000'000'000), {});
  info.workflow_type = "Loop";
  info.input = "{}";
  info.started_at = Timestamp(1'700'000'000s);
  const auto definition = define(kLoop, awaiting);
  holdfast::Run run(definition, info);
  const auto commands = run.apply(info.started_at, event::WorkflowStarted{});
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_GT(std::get<command::ContinueAsNew>(commands[0]).run_id, info.run_id);
}

}  // namespace
}  // namespace holdfast::testing
