// Child workflows as a run asks for them: commands, ids, and what replay makes of them.
#include <gtest/gtest.h>

#include <holdfast/core/errors.hpp>
#include <holdfast/core/run.hpp>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

struct Count {
  int value = 0;
};
BOOST_DESCRIBE_STRUCT(Count, (), (value))

const WorkflowType<Count, Count> kParent{"Parent", "default"}, kPart{"Part", "parts"}, kOther{"Other", "parts"};
const Timestamp kStart{1'700'000'000s};

Workflow<Count> one_child(Context ctx, Count count) { co_return co_await ctx.run_child(kPart, count); }
Workflow<Count> other_child(Context ctx, Count count) { co_return co_await ctx.run_child(kOther, count); }
Workflow<Count> two_children(Context ctx, Count count) {
  auto [a, b] = co_await when_all(ctx.run_child(kPart, count), ctx.run_child(kPart, count));
  co_return Count{a.value + b.value};
}
Workflow<Count> canceling(Context ctx, Count count) {
  auto child = ctx.start_child(kPart, count);
  co_await child.started();
  child.cancel();
  try {
    co_await child.result();
  } catch (const CanceledError&) {
    co_return Count{-1};
  }
  co_return Count{1};
}

RunInfo info() {
  return {.run_id = Uuid::parse("018bcfe5-6800-7000-8000-0123456789ab"),
          .workflow_id = "w",
          .workflow_type = "Parent",
          .task_queue = "default",
          .input = R"({"value":7})",
          .started_at = kStart};
}

using ARun = Run;  // inside a test the name is gtest's
using Function = Workflow<Count> (*)(Context, Count);

template <class C>
const C& only(const std::vector<Command>& commands) {
  EXPECT_EQ(commands.size(), 1u);
  return std::get<C>(commands.at(0));
}

TEST(Children, AStartNamesTheRunTheIdAndTheQueueOfTheChild) {
  const auto definition = define(kParent, Function(one_child));
  ARun run(definition, info());
  const auto commands = run.apply(kStart, event::WorkflowStarted{});
  const auto& start = only<command::StartChild>(commands);
  EXPECT_EQ(start.workflow_type, "Part");
  EXPECT_EQ(start.workflow_id, "018bcfe5-6800-7000-8000-0123456789ab.1");
  EXPECT_EQ(start.task_queue, "parts") << "that of the workflow type";
  EXPECT_EQ(start.input, R"({"value":7})");
  EXPECT_EQ(start.run_id.bytes[6] >> 4, 7);
  EXPECT_EQ(uuid_v7_time(start.run_id), kStart.time_since_epoch());
  EXPECT_EQ(run.waiting_for(), "child workflow Part (" + start.workflow_id + ")");

  ARun again(definition, info());
  const auto repeated = again.apply(kStart, event::WorkflowStarted{});
  EXPECT_EQ(only<command::StartChild>(repeated).run_id, start.run_id) << "starting it twice is starting it once";
}

TEST(Children, EachChildHasARunIdOfItsOwn) {
  const auto definition = define(kParent, Function(two_children));
  ARun run(definition, info());
  const auto commands = run.apply(kStart, event::WorkflowStarted{});
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_NE(std::get<command::StartChild>(commands[0]).run_id, std::get<command::StartChild>(commands[1]).run_id);
}

TEST(Children, AResultReachesTheParentEvenBeforeTheNewsOfTheStart) {
  const auto definition = define(kParent, Function(one_child));
  ARun run(definition, info());
  run.apply(kStart, event::WorkflowStarted{});
  const auto commands = run.apply(kStart, event::ChildWorkflowCompleted{1, R"({"value":8})"});
  EXPECT_EQ(only<command::CompleteWorkflow>(commands).result, R"({"value":8})");
}

TEST(Children, AChildThatNoLineStartedIsGivenOutAgainAfterReplay) {
  const auto definition = define(kParent, Function(one_child));
  ARun run(definition, info());
  const auto commands = run.apply(kStart, event::WorkflowStarted{});
  const std::vector<Event> row{event::WorkflowStarted{}, to_event(commands.at(0))};

  ARun rebuilt(definition, info());
  rebuilt.replay(kStart, 1, row);
  const auto unstarted = rebuilt.take_unstarted_children();
  ASSERT_EQ(unstarted.size(), 1u);
  EXPECT_EQ(unstarted[0].run_id, only<command::StartChild>(commands).run_id);
  EXPECT_TRUE(rebuilt.take_unstarted_children().empty());
  EXPECT_TRUE(rebuilt.take_undispatched().empty());

  ARun started(definition, info());
  started.replay(kStart, 1, row);
  started.replay(kStart, 3, {event::ChildWorkflowStarted{1}});
  EXPECT_TRUE(started.take_unstarted_children().empty());
  EXPECT_TRUE(started.has_dependent_children());
  const auto end = started.apply(kStart, event::ChildWorkflowCompleted{1, R"({"value":1})"});
  EXPECT_EQ(only<command::CompleteWorkflow>(end).result, R"({"value":1})");
  EXPECT_FALSE(started.has_dependent_children());
}

TEST(Children, CommandsOfATaskThatFailedAreGivenOutWhenALaterRowRecordsThem) {
  const auto definition = define(kParent, Function(one_child));
  ARun run(definition, info());
  const auto commands = run.apply(kStart, event::WorkflowStarted{});
  ARun rebuilt(definition, info());
  rebuilt.replay(kStart, 1, {event::WorkflowStarted{}});
  rebuilt.replay(kStart, 2, {to_event(commands.at(0))});
  EXPECT_EQ(rebuilt.take_unstarted_children().size(), 1u);
}

TEST(Children, AnotherWorkflowTypeIsNondeterminism) {
  const auto definition = define(kParent, Function(one_child));
  ARun run(definition, info());
  const auto commands = run.apply(kStart, event::WorkflowStarted{});
  const auto changed = define(kParent, Function(other_child));
  ARun other(changed, info());
  try {
    other.replay(kStart, 1, {event::WorkflowStarted{}, to_event(commands.at(0))});
    FAIL() << "it replayed";
  } catch (const NondeterminismError& e) {
    EXPECT_NE(std::string(e.what()).find("ChildWorkflowInitiated of Part (command 1)"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("ChildWorkflowInitiated of Other (command 1)"), std::string::npos) << e.what();
  }
}

TEST(Children, AnOutcomeOfAChildThatIsNotOpenIsRefused) {
  const auto definition = define(kParent, Function(one_child));
  ARun run(definition, info());
  run.apply(kStart, event::WorkflowStarted{});
  EXPECT_ANY_THROW(run.apply(kStart, event::ChildWorkflowCompleted{2, "{}"}));
}

TEST(Children, CancelingWaitsForTheChildsEnd) {
  const auto definition = define(kParent, Function(canceling));
  ARun run(definition, info());
  const auto start = run.apply(kStart, event::WorkflowStarted{});
  const auto run_id = only<command::StartChild>(start).run_id;
  const auto cancel = run.apply(kStart, event::ChildWorkflowStarted{1});
  EXPECT_EQ(only<command::CancelChild>(cancel).run_id, run_id);
  EXPECT_TRUE(run.is_open(1)) << "the child may be cleaning up";
  Failure failure;
  failure.kind = FailureKind::canceled;
  const auto end = run.apply(kStart, event::ChildWorkflowFailed{1, failure});
  EXPECT_EQ(only<command::CompleteWorkflow>(end).result, R"({"value":-1})");
}

TEST(Children, ADroppedRunIssuesNothing) {
  const auto definition = define(kParent, Function(two_children));
  auto run = std::make_unique<ARun>(definition, info());
  run->apply(kStart, event::WorkflowStarted{});
  EXPECT_NO_THROW(run.reset());
}

}  // namespace
}  // namespace holdfast
