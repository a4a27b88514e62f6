// Child workflows in the testing environment, every run replayed from every prefix of its history.
#include <gtest/gtest.h>

#include <holdfast/core/workflow.hpp>
#include <holdfast/testing/environment.hpp>

namespace holdfast::testing {
namespace {

using namespace std::chrono_literals;

struct Text {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Text, (), (text))

const WorkflowType<Text, Text> kParent{"Parent", "default"}, kPart{"Part", "parts"};
const Activity<Text> clean_up{"clean_up", {.start_to_close = 10s}};

Workflow<Text> concatenating(Context ctx, Text in) {
  auto first = ctx.start_child(kPart, {in.text + "1"});
  auto second = ctx.start_child(kPart, {in.text + "2"}, {.workflow_id = "second"});
  co_await second.started();
  const auto b = co_await second.result();
  const auto a = co_await first.result();
  co_return Text{a.text + b.text};
}

Workflow<Text> catching(Context ctx, Text in) {
  try {
    co_await ctx.run_child(kPart, in);
  } catch (const ChildWorkflowAlreadyStartedError& e) {
    co_return Text{"taken: " + e.failure().cause->message};
  } catch (const ChildWorkflowError& e) {
    co_return Text{e.cause_type() + ": " + e.failure().cause->message};
  }
  co_return Text{"no error"};
}

Workflow<Text> rethrowing(Context ctx, Text in) { co_return co_await ctx.run_child(kPart, in); }

Workflow<Text> impatient(Context ctx, Text in) {
  auto child = ctx.start_child(kPart, in, {.wait_for_cancellation = false});
  auto timeout = ctx.sleep(1min);
  if (co_await when_any(child.result(), timeout) == 1) child.cancel();
  try {
    co_return co_await child.result();
  } catch (const CanceledError&) {
    co_return Text{"canceled"};
  }
}

Workflow<Text> cleaning(Context ctx, Text in) {
  bool canceled = false;
  try {
    co_await ctx.run_child(kPart, in);
  } catch (const CanceledError&) {
    canceled = true;
  }
  if (canceled) co_await ctx.run(clean_up, in);
  co_return Text{canceled ? "cleaned" : "done"};
}

Workflow<Text> letting_go(Context ctx, Text in) {
  ctx.start_child(kPart, in, {.parent_close_policy = ParentClosePolicy::abandon});
  co_return Text{"gone"};
}

Workflow<Text> abandoning(Context ctx, Text in) {
  co_return co_await ctx.run_child(kPart, in, {.parent_close_policy = ParentClosePolicy::abandon});
}

TEST(EnvironmentChildren, ResultsReachTheParent) {
  Environment env;
  env.on(kPart, [](const Text& in) { return Text{"<" + in.text + ">"}; }, 1h);
  EXPECT_EQ(env.execute(kParent, concatenating, {"x"}).text, "<x1><x2>");
  EXPECT_EQ(env.elapsed(), 1h) << "side by side";
  ASSERT_EQ(env.child_calls().size(), 2u);
  EXPECT_EQ(env.child_calls()[1].input, R"({"text":"x2"})");
}

TEST(EnvironmentChildren, AFailureCarriesTheChildsOwn) {
  Environment env;
  env.on(kPart, [](const Text&) -> Text { throw ApplicationError("Declined", "no cover"); });
  EXPECT_EQ(env.execute(kParent, catching, {"x"}).text, "Declined: no cover");
}

TEST(EnvironmentChildren, AnUncaughtFailureKeepsTheChainOfCauses) {
  Environment env;
  env.on(kPart, [](const Text&) -> Text { throw ApplicationError("Declined", "no cover"); });
  env.start(kParent, rethrowing, {"x"});
  env.run();
  ASSERT_TRUE(env.failure());
  EXPECT_EQ(env.failure()->kind, FailureKind::child_workflow);
  EXPECT_EQ(env.failure()->type, "Part");
  ASSERT_TRUE(env.failure()->cause);
  EXPECT_EQ(env.failure()->cause->type, "Declined");
}

TEST(EnvironmentChildren, AnIdThatIsTakenIsATypedFailure) {
  Environment env;
  env.already_started(kPart);
  EXPECT_TRUE(env.execute(kParent, catching, {"x"}).text.starts_with("taken: ")) << env.result<Text>().text;
}

TEST(EnvironmentChildren, AnImpatientParentDoesNotWaitForTheCancellation) {
  Environment env;
  env.never_answers(kPart);
  EXPECT_EQ(env.execute(kParent, impatient, {"x"}).text, "canceled");
  EXPECT_EQ(env.elapsed(), 1min);
  EXPECT_EQ(env.canceled_children(), std::vector<std::string>{"Part"});
}

TEST(EnvironmentChildren, CancelingTheParentCancelsTheChildAndThenCleansUp) {
  Environment env;
  env.never_answers(kPart);
  env.on(clean_up, [](const Text&) {});
  env.cancel_after(1h);
  EXPECT_EQ(env.execute(kParent, cleaning, {"x"}).text, "cleaned");
  EXPECT_EQ(env.canceled_children().size(), 1u);
  EXPECT_EQ(env.event_names(),
            "WorkflowStarted ChildWorkflowInitiated ChildWorkflowStarted WorkflowCancelRequested "
            "ChildWorkflowCancelRequested ChildWorkflowFailed ActivityScheduled ActivityCompleted WorkflowCompleted");
}

TEST(EnvironmentChildren, ACanceledParentEndsAsCanceledOnceItsChildHasEnded) {
  Environment env;
  env.never_answers(kPart);
  env.start(kParent, rethrowing, {"x"});
  env.cancel();
  env.run();
  EXPECT_TRUE(env.canceled());
}

TEST(EnvironmentChildren, AnAbandonedChildIsNotCanceledWithItsParent) {
  Environment env;
  env.never_answers(kPart);
  env.start(kParent, abandoning, {"x"});
  env.cancel();
  env.run();
  EXPECT_TRUE(env.canceled());
  EXPECT_TRUE(env.canceled_children().empty());
}

TEST(EnvironmentChildren, LettingGoOfTheHandleChangesNothingForTheChild) {
  Environment env;
  env.never_answers(kPart);
  EXPECT_EQ(env.execute(kParent, letting_go, {"x"}).text, "gone");
  EXPECT_EQ(env.child_calls().size(), 1u);
  EXPECT_TRUE(env.canceled_children().empty());
}

TEST(EnvironmentChildren, AParentMayBeDroppedWhileItWaits) {
  Environment env;
  env.never_answers(kPart);
  env.start(kParent, concatenating, {"x"});
  EXPECT_FALSE(env.closed());
  EXPECT_EQ(env.child_calls().size(), 2u);
}

TEST(EnvironmentChildren, AChildWithoutAScriptIsNamed) {
  Environment env;
  try {
    env.execute(kParent, rethrowing, {"x"});
    FAIL() << "nobody said what the child does";
  } catch (const std::logic_error& e) {
    EXPECT_NE(std::string(e.what()).find("Part"), std::string::npos);
  }
}

}  // namespace
}  // namespace holdfast::testing
