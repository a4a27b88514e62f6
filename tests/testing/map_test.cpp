#include <gtest/gtest.h>

#include <holdfast/core/map.hpp>
#include <holdfast/testing/environment.hpp>

namespace holdfast::testing {
namespace {

using namespace std::chrono_literals;

struct Number {
  int value = 0;
};
BOOST_DESCRIBE_STRUCT(Number, (), (value))
using Numbers = std::vector<int>;
struct Job {
  int count = 0;
  int concurrency = 1;
};
BOOST_DESCRIBE_STRUCT(Job, (), (count, concurrency))

const WorkflowType<Job, Numbers> kMap{"Map", "default"};
const WorkflowType<Number, Number> kPart{"Part", "parts"};
const Activity<Number, Number> work{"work", {.start_to_close = 1h, .retry = {.max_attempts = 1}}};
const Activity<Number> undo{"undo", {.start_to_close = 1h}};

std::vector<Number> inputs_of(const Job& job) {
  std::vector<Number> inputs;
  for (int i = 0; i < job.count; ++i) inputs.push_back({i});
  return inputs;
}
Numbers values_of(const std::vector<Number>& numbers) {
  Numbers values;
  for (const auto& number : numbers) values.push_back(number.value);
  return values;
}

Workflow<Numbers> over_activities(Context ctx, Job job) {
  co_return values_of(co_await map(ctx, inputs_of(job), static_cast<std::size_t>(job.concurrency),
                                   [&](const Number& n) { return ctx.run(work, n); }));
}
Workflow<Numbers> over_children(Context ctx, Job job) {
  co_return values_of(co_await map(ctx, inputs_of(job), 2, [&](const Number& n) { return ctx.run_child(kPart, n); }));
}
Workflow<Number> two_steps(Context ctx, Number number) {
  try {
    number = co_await ctx.run(work, number);
    co_await ctx.sleep(1h);
  } catch (const CanceledError&) {
    number.value = -number.value;
  }
  if (number.value < 0) co_await ctx.run(undo, number);
  co_return number;
}
Workflow<Numbers> over_workflows(Context ctx, Job job) {
  co_return values_of(co_await map(ctx, inputs_of(job), static_cast<std::size_t>(job.concurrency),
                                   [&](const Number& n) { return two_steps(ctx, n); }));
}
Workflow<Numbers> nested(Context ctx, Job job) {
  auto rows =
      co_await map(ctx, inputs_of(job), 2, [&](const Number& n) { return over_activities(ctx, {n.value + 1, 2}); });
  Numbers sums;
  for (const auto& row : rows) sums.push_back(static_cast<int>(row.size()));
  co_return sums;
}
Workflow<Numbers> first_failure(Context ctx, Job job) {
  bool failed = false;
  try {
    co_await map(ctx, inputs_of(job), static_cast<std::size_t>(job.concurrency),
                 [&](const Number& n) { return two_steps(ctx, n); });
  } catch (const ActivityError& e) {
    failed = e.cause_type() == "Odd";
  }
  co_return Numbers{failed ? 1 : 0};
}
Workflow<Numbers> settled(Context ctx, Job job) {
  Numbers values;
  const auto all = co_await map_settled(ctx, inputs_of(job), static_cast<std::size_t>(job.concurrency),
                                        [&](const Number& n) { return ctx.run(work, n); });
  for (const auto& one : all) values.push_back(one.value ? one.value->value : -1);
  co_return values;
}
Workflow<Numbers> throwing(Context ctx, Job job) {
  co_await map_settled(ctx, inputs_of(job), 2, [&](const Number& n) {
    if (n.value == 1) throw std::logic_error("a bug");
    return ctx.run(work, n);
  });
  co_return Numbers{};
}

Number doubled(const Number& n) { return {n.value * 2}; }

TEST(Map, GivesTheResultsInTheOrderOfTheInputs) {
  Environment env;
  env.on(work, doubled, 1min);
  EXPECT_EQ(env.execute(kMap, over_activities, {5, 2}), (Numbers{0, 2, 4, 6, 8}));
  EXPECT_EQ(env.elapsed(), 3min) << "two at a time";
}

TEST(Map, OfNothingIsNothing) {
  Environment env;
  EXPECT_EQ(env.execute(kMap, over_activities, {0, 2}), Numbers{});
}

TEST(Map, TakesAConcurrencyOfZeroForOne) {
  Environment env;
  env.on(work, doubled, 1min);
  EXPECT_EQ(env.execute(kMap, over_activities, {3, 0}), (Numbers{0, 2, 4}));
  EXPECT_EQ(env.elapsed(), 3min);
}

TEST(Map, RunsChildWorkflows) {
  Environment env;
  env.on(kPart, doubled, 1h);
  EXPECT_EQ(env.execute(kMap, over_children, {4, 2}), (Numbers{0, 2, 4, 6}));
  EXPECT_EQ(env.elapsed(), 2h);
}

TEST(Map, RunsSubWorkflows) {
  Environment env;
  env.on(work, doubled, 1min);
  EXPECT_EQ(env.execute(kMap, over_workflows, {4, 4}), (Numbers{0, 2, 4, 6}));
  EXPECT_EQ(env.elapsed(), 61min);
}

TEST(Map, CanBeNested) {
  Environment env;
  env.on(work, doubled, 1min);
  EXPECT_EQ(env.execute(kMap, nested, {3, 2}), (Numbers{1, 2, 3}));
}

TEST(Map, TheFirstFailureCancelsTheOthersAndWaitsForTheirCleanUp) {
  Environment env;
  env.on(
      work,
      [&](const Number& n) -> Number {
        if (n.value == 2) throw ApplicationError("Odd", "no");
        return {n.value + 10};
      },
      1min);
  env.on(undo, [](const Number&) {}, 10min);
  // 0 and 1 end after 61 minutes, and 2 and 3 take their places. 2 fails; 3 is in its own first step then.
  EXPECT_EQ(env.execute(kMap, first_failure, {10, 2}), Numbers{1});
  EXPECT_EQ(env.count(work), 4) << "4 to 9 never begin";
  EXPECT_EQ(env.count(undo), 1) << "3 was canceled and cleaned up";
  EXPECT_EQ(env.elapsed(), 72min) << "the map ends when 3 has cleaned up";
}

TEST(Map, CollectsFailuresWhenAsked) {
  Environment env;
  env.on(work, [](const Number& n) -> Number {
    if (n.value % 2 == 1) throw ApplicationError("Odd", "no");
    return n;
  });
  EXPECT_EQ(env.execute(kMap, settled, {5, 2}), (Numbers{0, -1, 2, -1, 4}));
}

TEST(Map, TheCancellationOfTheRunEndsACollectingMapToo) {
  Environment env;
  env.on(work, doubled, 1min);
  env.cancel_after(90s);
  env.start(kMap, settled, {100, 2});
  env.run();
  EXPECT_TRUE(env.canceled());
  EXPECT_EQ(env.count(work), 4);
}

TEST(Map, MayBeDroppedInTheMiddle) {
  Environment env;
  env.on(work, doubled, 1min);
  env.start(kMap, nested, {5, 2});
  env.run_for(90s);
  EXPECT_FALSE(env.closed());
  EXPECT_GT(env.count(work), 2);
}

TEST(Map, AnExceptionThatIsNoFailureFailsTheTask) {
  Environment env;
  env.on(work, doubled);
  EXPECT_THROW(env.execute(kMap, throwing, {3, 2}), std::logic_error);
}

TEST(Map, HandlesAHundredThousandInputs) {
  Environment env({.check_replay = false, .max_events = 1'000'000});
  env.on(work, doubled, 1s);
  const auto values = env.execute(kMap, over_activities, {100'000, 100});
  ASSERT_EQ(values.size(), 100'000u);
  EXPECT_EQ(values.back(), 199'998);
  EXPECT_EQ(env.elapsed(), 1000s);
}

}  // namespace
}  // namespace holdfast::testing
