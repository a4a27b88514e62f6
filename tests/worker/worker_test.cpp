#include <holdfast/worker/worker.hpp>

#include <atomic>
#include <condition_variable>
#include <thread>

#include <gtest/gtest.h>

#include <holdfast/client/uuid_generator.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/store/memory/memory_store.hpp>
#include <tests/support/faulty_store.hpp>

namespace holdfast::worker {
namespace {

using namespace std::chrono_literals;

struct Text {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Text, (), (text))

ActivityOptions quick(int max_attempts = 0) {
  ActivityOptions options;
  options.start_to_close = 10s;
  options.retry.initial_interval = 1ms;
  options.retry.max_attempts = max_attempts;
  return options;
}

const Activity<Text, Text> echo{"echo", quick()};
const Activity<Text, Text> flaky{"flaky", quick(5)};
const Activity<Text, Text> once{"once", quick(1)};
ActivityOptions beating() {
  auto options = quick(2);
  options.heartbeat = 5s;
  return options;
}
const Activity<Text, Text> stepwise{"stepwise", beating()};
const TransactionalActivity<Text, Text> write{"write", quick(3)};
const Signal<Text> go{"go"};

Workflow<Text> chain(Context ctx, Text in) {
  for (int i = 0; i < 8; ++i) in = co_await ctx.run(echo, in);
  co_return in;
}
Workflow<Text> retrying(Context ctx, Text in) { co_return co_await ctx.run(flaky, in); }
Workflow<Text> single(Context ctx, Text in) { co_return co_await ctx.run(once, in); }
Workflow<Text> resuming(Context ctx, Text in) { co_return co_await ctx.run(stepwise, in); }
Workflow<Text> writing(Context ctx, Text in) {
  for (int i = 0; i < 3; ++i) in = co_await ctx.run(write, in);
  co_return in;
}
Workflow<Text> waiting(Context ctx, Text) { co_return co_await ctx.receive(go); }
Workflow<Text> sleeping(Context ctx, Text in) {
  co_await ctx.sleep(20ms);
  co_return in;
}
Workflow<Text> buggy(Context ctx, Text in) {
  in = co_await ctx.run(echo, in);
  throw std::logic_error("a bug");
}

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    add("chain", chain);
    add("retrying", retrying);
    add("single", single);
    add("writing", writing);
    add("resuming", resuming);
    add("waiting", waiting);
    add("sleeping", sleeping);
    add("buggy", buggy);
    registry.add(echo, [](const Text& in, ActivityContext&) { return Text{in.text + "."}; });
    registry.add(flaky, [this](const Text& in, ActivityContext& context) -> Text {
      ++flaky_calls;
      if (context.attempt() < 3) throw std::runtime_error("not yet");
      return Text{in.text + std::to_string(context.attempt())};
    });
    registry.add(once, [this](const Text&, ActivityContext&) -> Text {
      ++once_calls;
      throw std::runtime_error("always");
    });
    registry.add_transactional(
        "write", [this](const Payload& in, store::BusinessTransaction&, ActivityContext& context) -> Payload {
          if (writes_to_fail-- > 0) throw std::runtime_error("refused");
          last_attempt = context.attempt();
          return encode(Text{decode<Text>(in).text + "w"});
        });
  }
  void add(const std::string& name, Workflow<Text> (*function)(Context, Text)) {
    registry.add(WorkflowType<Text, Text>{name, "default"}, function);
  }
  static WorkerOptions options() {
    WorkerOptions options;
    options.activity_threads = 4;
    options.idle_poll = 10ms;
    options.park_after = 0s;
    options.log = [](std::string_view, std::string_view) {};
    return options;
  }
  void start_worker() {
    worker = std::make_unique<Worker>(store, registry, options());
    worker->start();
  }
  Uuid begin(const std::string& type, const std::string& id) {
    store::NewRun run;
    run.run_id = client::new_uuid();
    run.workflow_id = id;
    run.workflow_type = type;
    run.input = R"({"text":"x"})";
    EXPECT_EQ(store.start_runs({&run, 1}).at(0).status, store::StartStatus::started);
    return run.run_id;
  }
  store::ClosedRun wait_for(const Uuid& run_id) {
    return wait_until([&]() -> std::optional<store::ClosedRun> {
      auto closed = store.closed_runs({&run_id, 1});
      return closed.empty() ? std::nullopt : std::optional(closed[0]);
    });
  }
  template <class F>
  auto wait_until(F condition) -> typename decltype(condition())::value_type {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline) {
      if (auto value = condition()) return *value;
      std::this_thread::sleep_for(1ms);
    }
    throw std::runtime_error("waited in vain");
  }
  std::vector<std::string> history_of(const Uuid& run_id) {
    std::vector<std::string> names;
    EventId next = 1;
    for (const auto& row : store.read_history(run_id, 1, 1000)) {
      EXPECT_EQ(row.first_event_id, next);
      for (const auto& event : decode_events(row.events)) names.emplace_back(event_name(event)), ++next;
    }
    return names;
  }

  store::MemoryStore store;
  Registry registry;
  std::atomic<int> flaky_calls = 0, once_calls = 0, writes_to_fail = 0, last_attempt = 0;
  std::unique_ptr<Worker> worker;
};

TEST_F(WorkerTest, RunsEightStepsToTheEnd) {
  start_worker();
  const auto id = begin("chain", "c");
  const auto closed = wait_for(id);
  EXPECT_EQ(closed.status, store::RunStatus::completed);
  EXPECT_EQ(closed.result, R"({"text":"x........"})");
  const auto history = history_of(id);
  EXPECT_EQ(history.size(), 18u);
  EXPECT_EQ(history.front(), "WorkflowStarted");
  EXPECT_EQ(history.back(), "WorkflowCompleted");
}

TEST_F(WorkerTest, RunsManyAtOnce) {
  start_worker();
  std::vector<Uuid> ids;
  for (int i = 0; i < 300; ++i) ids.push_back(begin("chain", "c" + std::to_string(i)));
  for (const auto& id : ids) EXPECT_EQ(wait_for(id).status, store::RunStatus::completed);
}

TEST_F(WorkerTest, RetriesAFailedActivityThroughItsTaskRow) {
  start_worker();
  const auto id = begin("retrying", "r");
  EXPECT_EQ(wait_for(id).result, R"({"text":"x3"})");
  EXPECT_EQ(flaky_calls, 3);
}

TEST_F(WorkerTest, RunsAnActivityWithOneAttemptOnce) {
  start_worker();
  const auto id = begin("single", "s");
  const auto closed = wait_for(id);
  EXPECT_EQ(closed.status, store::RunStatus::failed);
  EXPECT_EQ(closed.failure->cause->message, "always");
  EXPECT_EQ(once_calls, 1);
}

TEST_F(WorkerTest, GivesTheNextAttemptTheLastHeartbeat) {
  test::FaultyStore counting(store);
  registry.add(stepwise, [&counting](const Text&, ActivityContext& context) -> Text {
    if (context.attempt() == 2) return context.last_heartbeat<Text>();
    context.heartbeat(Text{"half way"});
    while (counting.calls("heartbeat_activities") == 0) std::this_thread::sleep_for(1ms);
    throw std::runtime_error("then it broke");
  });
  Worker beating_worker(counting, registry, options());
  beating_worker.start();
  EXPECT_EQ(wait_for(begin("resuming", "h")).result, R"({"text":"half way"})");
  beating_worker.stop();
}

TEST_F(WorkerTest, FusesTransactionalActivitiesIntoOneRow) {
  start_worker();
  const auto id = begin("writing", "w");
  EXPECT_EQ(wait_for(id).result, R"({"text":"xwww"})");
  EXPECT_EQ(store.read_history(id, 1, 10).size(), 1u);
}

TEST_F(WorkerTest, RetriesATransactionalActivity) {
  writes_to_fail = 2;
  start_worker();
  const auto id = begin("writing", "w");
  EXPECT_EQ(wait_for(id).result, R"({"text":"xwww"})");
}

TEST_F(WorkerTest, FailsTheRunWhenATransactionalActivityFailsForGood) {
  writes_to_fail = 3;
  start_worker();
  const auto id = begin("writing", "w");
  const auto closed = wait_for(id);
  EXPECT_EQ(closed.status, store::RunStatus::failed);
  EXPECT_EQ(closed.failure->cause->message, "refused");
}

TEST_F(WorkerTest, DeliversASignalToAParkedRun) {
  start_worker();
  const auto id = begin("waiting", "p");
  wait_until([&] {
    const auto run = store.describe_run({.workflow_id = "p"});
    return run->waiting_for == "signal go" ? std::optional(true) : std::nullopt;
  });
  store::NewMessage message;
  message.to.workflow_id = "p";
  message.name = "go";
  message.payload = R"({"text":"signaled"})";
  message.message_id = client::new_uuid();
  EXPECT_EQ(store.send_messages({&message, 1}).at(0), store::SendStatus::sent);
  EXPECT_EQ(wait_for(id).result, R"({"text":"signaled"})");
}

TEST_F(WorkerTest, DeliversASignalThatCameBeforeTheFirstTask) {
  const auto id = begin("waiting", "p");
  store::NewMessage message;
  message.to.workflow_id = "p";
  message.name = "go";
  message.payload = R"({"text":"early"})";
  message.message_id = client::new_uuid();
  store.send_messages({&message, 1});
  start_worker();
  EXPECT_EQ(wait_for(id).result, R"({"text":"early"})");
}

TEST_F(WorkerTest, FiresTimersOfParkedRuns) {
  start_worker();
  const auto id = begin("sleeping", "z");
  EXPECT_EQ(wait_for(id).result, R"({"text":"x"})");
}

TEST_F(WorkerTest, BlocksARunWhoseCodeHasABugAndShowsWhy) {
  start_worker();
  begin("buggy", "b");
  const auto run = wait_until([&] {
    auto described = store.describe_run({.workflow_id = "b"});
    return described->task_failures > 0 ? described : std::nullopt;
  });
  EXPECT_EQ(run.task_failure, "a bug");
  EXPECT_EQ(run.summary.status, store::RunStatus::running);
}

TEST_F(WorkerTest, StopsAndHandsOver) {
  start_worker();
  std::vector<Uuid> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(begin("chain", "c" + std::to_string(i)));
  EXPECT_TRUE(worker->stop());
  start_worker();
  for (const auto& id : ids) EXPECT_EQ(wait_for(id).status, store::RunStatus::completed);
}

}  // namespace
}  // namespace holdfast::worker
