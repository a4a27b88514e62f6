// Child workflows and continue-as-new on real lanes over the memory store.
#include <atomic>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include <holdfast/client/client.hpp>
#include <holdfast/core/map.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/worker/worker.hpp>
#include <tests/support/faulty_store.hpp>

namespace holdfast::worker {
namespace {

using namespace std::chrono_literals;
using test::Fault;

struct Count {
  int value = 0;
};
BOOST_DESCRIBE_STRUCT(Count, (), (value))

const Activity<Count, Count> add_one{
    "add_one", {.start_to_close = 10s, .retry = {.initial_interval = std::chrono::milliseconds(1)}}};
const Signal<Count> go{"go"};

using Type = WorkflowType<Count, Count>;
const Type kSum{"Sum", "default"}, kLeaf{"Leaf", "default"}, kRemoteLeaf{"RemoteLeaf", "elsewhere"},
    kFailing{"Failing", "default"}, kWaiting{"Waiting", "default"}, kGuard{"Guard", "default"},
    kSequence{"Sequence", "default"}, kLeaving{"Leaving", "default"}, kTwins{"Twins", "default"},
    kBadId{"BadId", "default"}, kLoop{"Loop", "default"}, kLoopParent{"LoopParent", "default"},
    kAccount{"Account", "default"}, kRemoteSum{"RemoteSum", "default"}, kTimedOut{"TimedOut", "default"};

Workflow<Count> leaf(Context ctx, Count count) { co_return co_await ctx.run(add_one, count); }

Workflow<Count> sum(Context ctx, Count count) {
  std::vector<Count> inputs;
  for (int i = 0; i < count.value; ++i) inputs.push_back({i});
  Count total;
  for (const auto& part : co_await map(ctx, inputs, 8, [&](const Count& c) { return ctx.run_child(kLeaf, c); }))
    total.value += part.value;
  co_return total;
}
Workflow<Count> remote_sum(Context ctx, Count count) { co_return co_await ctx.run_child(kRemoteLeaf, count); }

Workflow<Count> failing(Context ctx, Count) {
  co_await ctx.sleep(1ms);
  throw ApplicationError("Broken", "on purpose");
}
Workflow<Count> waiting(Context ctx, Count) {
  try {
    co_return co_await ctx.receive(go);
  } catch (const CanceledError&) {}
  co_await ctx.run(add_one, {.value = 0});  // cleans up
  throw CanceledError(Failure{.kind = FailureKind::canceled, .type = "Canceled", .message = "as asked"});
}
/// Says how its child ended.
Workflow<Count> guard(Context ctx, Count count) {
  auto child = ctx.start_child(count.value == 1 ? kFailing : kWaiting, count, {.workflow_id = "guarded"});
  co_await child.started();
  if (count.value == 2) child.cancel();
  try {
    co_return co_await child.result();
  } catch (const CanceledError&) {
    co_return Count{-2};
  } catch (const ChildWorkflowError& e) {
    co_return Count{e.cause_type() == "Broken"                           ? -1
                    : e.failure().cause->kind == FailureKind::terminated ? -3
                    : e.failure().cause->kind == FailureKind::timeout    ? -4
                                                                         : -5};
  }
}
Workflow<Count> timed_out(Context ctx, Count count) {
  try {
    co_return co_await ctx.run_child(kWaiting, count, {.execution_timeout = 5ms});
  } catch (const ChildWorkflowError& e) {
    co_return Count{e.failure().cause->kind == FailureKind::timeout ? -4 : -5};
  }
}
/// More starts, each awaited, than one transaction makes.
Workflow<Count> sequence(Context ctx, Count count) {
  std::vector<Child<Count>> children;
  for (int i = 0; i < count.value; ++i) {
    children.push_back(ctx.start_child(kLeaf, {i}));
    co_await children.back().started();
  }
  Count total;
  for (auto& child : children) total.value += (co_await child.result()).value;
  co_return total;
}
/// Starts one child of each policy and ends.
Workflow<Count> leaving(Context ctx, Count count) {
  using enum ParentClosePolicy;
  ctx.start_child(kWaiting, count, {.workflow_id = "terminated"});
  ctx.start_child(kWaiting, count, {.workflow_id = "abandoned", .parent_close_policy = abandon});
  ctx.start_child(kWaiting, count, {.workflow_id = "asked", .parent_close_policy = request_cancel});
  co_return count;
}
Workflow<Count> twins(Context ctx, Count count) {
  auto first = ctx.start_child(kLeaf, count, {.workflow_id = "twin"});
  auto second = ctx.start_child(kLeaf, count, {.workflow_id = "twin"});
  int failed = 0;
  try {
    co_await second.started();
  } catch (const ChildWorkflowAlreadyStartedError&) {
    failed = 100;
  }
  co_return Count{(co_await first.result()).value + failed};
}
Workflow<Count> bad_id(Context ctx, Count count) {
  try {
    co_await ctx.run_child(kLeaf, count, {.workflow_id = std::string("nul\0", 4)});
  } catch (const ChildWorkflowError& e) {
    co_return Count{e.cause_type() == "InvalidArgument" ? 1 : 2};
  }
  co_return Count{3};
}
Workflow<Count> loop(Context ctx, Count count) {
  count = co_await ctx.run(add_one, count);
  if (count.value < 10) throw ctx.continue_as_new(kLoop, count);
  co_return count;
}
Workflow<Count> loop_parent(Context ctx, Count count) { co_return co_await ctx.run_child(kLoop, count); }
/// Adds up what it receives, a few at a time; a negative amount asks for the balance.
Workflow<Count> account(Context ctx, Count balance) {
  for (int i = 0; i < 3; ++i) {
    const auto amount = co_await ctx.receive(go);
    if (amount.value < 0) co_return balance;
    balance.value += amount.value;
  }
  throw ctx.continue_as_new(kAccount, balance);
}

class WorkerChildren : public testing::Test {
 protected:
  WorkerChildren() : store(inner), client(inner) {
    registry.add(kSum, sum);
    registry.add(kLeaf, leaf);
    registry.add(kFailing, failing);
    registry.add(kWaiting, waiting);
    registry.add(kGuard, guard);
    registry.add(kSequence, sequence);
    registry.add(kLeaving, leaving);
    registry.add(kTwins, twins);
    registry.add(kBadId, bad_id);
    registry.add(kLoop, loop);
    registry.add(kLoopParent, loop_parent);
    registry.add(kAccount, account);
    registry.add(kRemoteSum, remote_sum);
    registry.add(kTimedOut, timed_out);
    registry.add(add_one, [](const Count& in, ActivityContext&) { return Count{in.value + 1}; });
    options.lease = 600ms;
    options.idle_poll = 10ms;
    options.park_after = 0s;
    options.activity_threads = 4;
    options.log = [](std::string_view, std::string_view) {};
  }
  void start_worker() {
    worker = std::make_unique<Worker>(store, registry, options);
    worker->start();
  }
  client::RunHandle<Count> begin(const Type& type, int value, const std::string& id = "parent") {
    return client.start(type, id, {value});
  }
  template <class F>
  void wait_until(F condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("waited in vain");
      std::this_thread::sleep_for(1ms);
    }
  }
  store::RunStatus status_of(const std::string& id) { return client.describe(client.key(id)).summary.status; }
  std::string history_of(const Uuid& run_id) {
    std::string names;
    for (const auto& row : inner.read_history(run_id, 1, 1000))
      for (const auto& event : decode_events(row.events)) names += std::string(event_name(event)) + " ";
    return names;
  }

  store::MemoryStore inner;
  test::FaultyStore store;
  client::Client client;
  Registry registry;
  WorkerOptions options;
  std::unique_ptr<Worker> worker;
};

TEST_F(WorkerChildren, AParentMapsOverChildren) {
  start_worker();
  EXPECT_EQ(begin(kSum, 100).result(20s).value, 100 * 99 / 2 + 100);
}

TEST_F(WorkerChildren, AChildStartsInItsParentsFirstTask) {
  start_worker();
  const auto run = begin(kSum, 1);
  EXPECT_EQ(run.result(20s).value, 1);
  EXPECT_EQ(history_of(run.run_id()),
            "WorkflowStarted ChildWorkflowInitiated ChildWorkflowStarted ChildWorkflowCompleted WorkflowCompleted ");
  EXPECT_EQ(inner.read_history(run.run_id(), 1, 10).size(), 2u) << "one history row per workflow task";
}

TEST_F(WorkerChildren, AChildMayRunOnAnotherWorker) {
  start_worker();
  Registry elsewhere;
  elsewhere.add(kRemoteLeaf, leaf);
  elsewhere.add(add_one, [](const Count& in, ActivityContext&) { return Count{in.value + 10}; });
  auto other_options = options;
  other_options.task_queues = {"elsewhere"};
  Worker other(inner, elsewhere, other_options);
  other.start();
  EXPECT_EQ(begin(kRemoteSum, 1).result(20s).value, 11);
  other.stop();
}

TEST_F(WorkerChildren, AFailureReachesTheParent) {
  start_worker();
  EXPECT_EQ(begin(kGuard, 1).result(20s).value, -1);
}

TEST_F(WorkerChildren, ACanceledChildCleansUpBeforeItsParentGoesOn) {
  start_worker();
  EXPECT_EQ(begin(kGuard, 2).result(20s).value, -2);
  EXPECT_EQ(status_of("guarded"), store::RunStatus::canceled);
}

TEST_F(WorkerChildren, AnOperatorsTerminationReachesTheParent) {
  start_worker();
  const auto run = begin(kGuard, 3);
  wait_until([&] { return inner.describe_run(client.key("guarded")).has_value(); });
  client.terminate(client.key("guarded"), "enough");
  EXPECT_EQ(run.result(20s).value, -3);
}

TEST_F(WorkerChildren, AnExecutionTimeoutReachesTheParent) {
  start_worker();
  EXPECT_EQ(begin(kTimedOut, 0).result(20s).value, -4);
}

TEST_F(WorkerChildren, CancelingAParentCancelsItsChildFirst) {
  start_worker();
  const auto run = begin(kGuard, 4);
  wait_until([&] { return inner.describe_run(client.key("guarded")).has_value(); });
  run.cancel();
  EXPECT_EQ(run.result(20s).value, -2) << "it caught the CanceledError";
  EXPECT_EQ(status_of("guarded"), store::RunStatus::canceled);
}

TEST_F(WorkerChildren, AwaitingEachOfManyStartsTakesMoreThanOneTransaction) {
  start_worker();
  const auto run = begin(kSequence, 50);
  EXPECT_EQ(run.result(20s).value, 50 * 49 / 2 + 50);
}

TEST_F(WorkerChildren, TheEndOfAParentIsItsChildrensBusinessAsAgreed) {
  start_worker();
  begin(kLeaving, 0).result(20s);
  EXPECT_EQ(status_of("terminated"), store::RunStatus::terminated);
  EXPECT_EQ(status_of("abandoned"), store::RunStatus::running);
  wait_until([&] { return status_of("asked") == store::RunStatus::canceled; });
  client.signal(std::string("abandoned"), go, {1});
  wait_until([&] { return status_of("abandoned") == store::RunStatus::completed; });
}

TEST_F(WorkerChildren, AParentWhoseTimeIsUpTakesItsChildAlong) {
  start_worker();
  const auto run = client.start(kGuard, "parent", {9}, {.execution_timeout = 20ms});
  EXPECT_THROW(run.result(20s), client::WorkflowFailedError);
  EXPECT_EQ(status_of("parent"), store::RunStatus::timed_out);
  EXPECT_EQ(status_of("guarded"), store::RunStatus::terminated);
}

TEST_F(WorkerChildren, AnIdThatIsTakenFailsThatChildOnly) {
  start_worker();
  EXPECT_EQ(begin(kTwins, 1).result(20s).value, 102);
  EXPECT_EQ(worker->stats().task_failures, 0);
}

TEST_F(WorkerChildren, ABadWorkflowIdIsAFailureOfTheChild) {
  start_worker();
  EXPECT_EQ(begin(kBadId, 1).result(20s).value, 1);
  EXPECT_EQ(worker->stats().task_failures, 0);
}

TEST_F(WorkerChildren, ARunThatContinuesAsNewIsAnsweredByTheLastOfItsChain) {
  start_worker();
  const auto run = begin(kLoop, 0);
  EXPECT_EQ(run.result(20s).value, 10);
  EXPECT_EQ(inner.closed_runs(std::vector{run.run_id()}).at(0).status, store::RunStatus::continued_as_new);
  store::ListFilter filter;
  EXPECT_EQ(inner.list_runs(filter).size(), 10u);
}

TEST_F(WorkerChildren, AChildThatContinuesAsNewAnswersAtTheEnd) {
  start_worker();
  EXPECT_EQ(begin(kLoopParent, 5).result(20s).value, 10);
}

TEST_F(WorkerChildren, NoSignalIsLostOrDoubledWhenARunContinuesAllTheTime) {
  start_worker();
  const auto run = begin(kAccount, 0);
  std::vector<std::thread> senders;
  for (int s = 0; s < 3; ++s)
    senders.emplace_back([&] {
      for (int i = 0; i < 100; ++i) run.signal(go, {1});
    });
  for (auto& sender : senders) sender.join();
  run.signal(go, {-1});
  EXPECT_EQ(run.result(20s).value, 300);
}

class ChildrenUnderFaults : public WorkerChildren, public testing::WithParamInterface<int> {};

TEST_P(ChildrenUnderFaults, EveryParentGetsEachResultOnce) {
  start_worker();
  std::vector<client::RunHandle<Count>> sums, loops;
  for (int i = 0; i < 10; ++i) {
    sums.push_back(begin(kSum, 12, "sum" + std::to_string(i)));
    loops.push_back(begin(kLoopParent, 5, "loop" + std::to_string(i)));
  }
  store.set_plan(test::fail_regularly(GetParam(), {Fault::unavailable, Fault::in_doubt_before, Fault::in_doubt_after,
                                                   Fault::conflict, Fault::unavailable, Fault::lease_lost}));
  const auto until = std::chrono::steady_clock::now() + 2s;
  wait_until([&] { return store.faults() > 20 || std::chrono::steady_clock::now() > until; });
  store.set_plan({});
  for (const auto& run : sums) EXPECT_EQ(run.result(60s).value, 12 * 11 / 2 + 12);
  for (const auto& run : loops) EXPECT_EQ(run.result(60s).value, 10);
  EXPECT_GT(store.faults(), 0);
  worker->stop();
  std::set<std::string> ids;
  store::ListFilter filter;
  filter.limit = 1000;
  filter.workflow_type = "Leaf";
  for (const auto& run : inner.list_runs(filter)) EXPECT_TRUE(ids.insert(run.workflow_id).second) << run.workflow_id;
  EXPECT_EQ(ids.size(), 120u) << "no child was started twice";
}
INSTANTIATE_TEST_SUITE_P(Periods, ChildrenUnderFaults, testing::Values(3, 5, 7, 11));

}  // namespace
}  // namespace holdfast::worker
