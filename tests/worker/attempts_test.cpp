// Which attempts of an activity run, and which of them count.
#include <atomic>

#include <gmock/gmock.h>

#include <holdfast/core/errors.hpp>

#include "worker_fixture.hpp"

namespace holdfast::worker::test {
namespace {

using namespace std::chrono_literals;
using holdfast::test::Fault;

ActivityOptions quick(int max_attempts = 0) {
  return {.start_to_close = 30s, .retry = {.initial_interval = 1ms, .max_attempts = max_attempts}};
}
const Activity<Note, Note> work{"work", quick()};
const Activity<Note, Note> other{"other", quick()};
const Activity<Note, Note> hurried{"hurried", {.start_to_close = 1h, .schedule_to_close = 100ms}};
const Signal<Note> go{"go"};

const Activity<Note, Note> patient{"patient", {.start_to_close = 1h, .limit_key = "always/a/row"}};
Workflow<Note> waits(Context ctx, Note in) { co_return co_await ctx.run(patient, in); }
Workflow<Note> one(Context ctx, Note in) { co_return co_await ctx.run(work, in); }
Workflow<Note> two(Context ctx, Note in) {
  auto first = ctx.run(work, in);
  co_await ctx.receive(go);
  co_await ctx.run(other, in);
  co_return co_await first;
}
Workflow<Note> in_a_hurry(Context ctx, Note in) {
  try {
    co_return co_await ctx.run(hurried, in);
  } catch (const FailureError& e) {
    co_return Note{e.failure().cause ? e.failure().cause->type : e.failure().type};
  }
}
Workflow<Note> tolerant(Context ctx, Note in) {
  try {
    co_return co_await ctx.run(work, in);
  } catch (const FailureError& e) {
    co_return Note{e.failure().cause ? e.failure().cause->type : e.failure().type};
  }
}

class Attempts : public WorkerFixture {
 protected:
  Attempts() {
    options.park_after = 0s;
    add("one", one);
    add("two", two);
    add("tolerant", tolerant);
    add("in_a_hurry", in_a_hurry);
    registry.add(other, [](const Note& in, ActivityContext&) { return in; });
  }
  ~Attempts() override {
    for (auto& gate : open) gate = true;
    worker.reset();
  }
  /// Blocks the n-th call of a body until it is opened.
  void pass(int n) {
    while (!open[static_cast<std::size_t>(n)]) std::this_thread::sleep_for(1ms);
  }

  std::atomic<int> calls = 0;
  std::array<std::atomic<bool>, 10> open{};
};

TEST_F(Attempts, RebuildingARunDoesNotStartWhatThisProcessRunsAlready) {
  registry.add(work, [this](const Note& in, ActivityContext&) {
    if (++calls == 1) throw std::runtime_error("so that it goes on as a task");
    pass(0);
    return in;
  });
  options.cache_bytes = 0;
  const auto id = begin("two", "w");
  start_worker();
  wait_true([&] { return calls == 2; });
  wait_true([&] { return inner.describe_run({.workflow_id = "w"})->owner == 0; });
  signal("w", "go");
  wait_true([&] { return testing::Value(history_of(id), testing::Contains("WorkflowSignaled")); });
  wait_true([&] { return std::ranges::count(history_of(id), "ActivityCompleted") == 1; });
  open[0] = true;
  EXPECT_EQ(wait_closed(id).status, store::RunStatus::completed);
  EXPECT_EQ(calls, 2);
}

TEST_F(Attempts, WhatAnAbandonedAttemptComesToDoesNotCountForTheNextOne) {
  registry.add(work, [this](const Note& in, ActivityContext&) {
    const int call = calls++;
    pass(call);
    if (call == 0) throw std::runtime_error("too late");
    return in;
  });
  options.lease = 600ms;
  const auto id = begin("one", "w");
  start_worker();
  wait_true([&] { return calls == 1; });
  std::atomic<bool> lost = false;
  store.set_plan([&lost](std::string_view verb, int) {
    return verb == "begin_step" && !lost.exchange(true) ? std::optional(Fault::lease_lost) : std::nullopt;
  });
  begin("one", "bait");  // makes the lane begin a step
  wait_true([&] { return lost.load(); });
  wait_true([&] { return calls == 3; });  // the bait's, and the first run's again
  store.set_plan({});
  open[0] = true;
  const auto before = store.calls("begin_step");
  begin("two", "other");
  wait_true([&] { return store.calls("begin_step") > before && calls == 4; });  // the lane had time to look at it
  open[1] = open[2] = open[3] = open[4] = true;
  EXPECT_EQ(wait_closed(id).status, store::RunStatus::completed);
  EXPECT_EQ(inner.pending_activities(id).size(), 0u);
  const auto history = history_of(id);
  EXPECT_EQ(std::ranges::count(history, "ActivityCompleted"), 1);
  EXPECT_EQ(calls, 4) << "a third execution";
}

TEST_F(Attempts, ABodyMayOutliveTheStopOfItsWorker) {
  registry.add(work, [this](const Note& in, ActivityContext&) {
    if (++calls == 1) throw std::runtime_error("so that it goes on as a task");
    pass(0);
    return in;
  });
  options.shutdown_grace = 10ms;
  begin("one", "w");
  start_worker();
  wait_true([&] { return calls == 2; });
  EXPECT_FALSE(worker->stop());
  std::thread end([this] { worker.reset(); });  // waits for the body, which then reports to a part of the worker
  open[0] = true;
  end.join();
}

TEST_F(Attempts, ATimeoutOverAllAttemptsEndsALocalOne) {
  registry.add(hurried, [](const Note& in, ActivityContext& context) {
    while (!context.cancel_requested()) std::this_thread::sleep_for(1ms);
    return in;
  });
  const auto id = begin("in_a_hurry", "w");
  start_worker();
  EXPECT_EQ(wait_closed(id).result, R"({"text":"ScheduleToClose"})");
}

TEST_F(Attempts, AnOutcomeThatTheDatabaseRefusesFailsItsActivityAndNoOther) {
  registry.add(work, [this](const Note& in, ActivityContext& context) {
    if (context.attempt() == 1) throw std::runtime_error("so that it goes on as a task");
    ++calls;
    while (calls < 2) std::this_thread::sleep_for(1ms);  // both outcomes in one batch, or nearly
    return Note{context.info().workflow_id == "bad" ? "refused" : in.text};
  });
  store.refuse_outcomes([](const auto& outcome) { return outcome.result.find("refused") != std::string::npos; });
  const auto bad = begin("tolerant", "bad");
  const auto good = begin("tolerant", "good");
  start_worker();
  EXPECT_EQ(wait_closed(good).result, R"({"text":"x"})");
  EXPECT_EQ(wait_closed(bad).result, R"({"text":"OutcomeRefused"})");
}

TEST_F(Attempts, AnActivityOfADeadWorkerIsRetriedByOneThatNeverClaimedATask) {
  registry.add(work, [](const Note& in, ActivityContext&) { return in; });
  const auto id = begin("one", "w");
  const auto dead = inner.register_worker({.identity = "dead", .task_queues = {"default"}, .lease = 100ms});
  {
    const auto lane = inner.open_lane(dead);
    const auto step = lane->begin_step();
    const std::vector<std::string> queues{"default"};
    ASSERT_EQ(step->claim_runs({.task_queues = queues, .limit = 1}).size(), 1u);
    store::RunCommit commit;
    commit.run_id = id;
    commit.at = step->now();
    commit.events =
        encode_events({event::WorkflowStarted{}, event::ActivityScheduled{1, "work", R"({"text":"x"})", "default"}});
    store::NewActivityTask task;
    task.seq = 1;
    task.activity = "work";
    task.task_queue = "default";
    task.input = R"({"text":"x"})";
    task.options = quick();
    task.options.schedule_to_close = 60s;  // shorter than any machine has been up
    task.started_here = true;
    task.scheduled_at = step->now();
    commit.new_tasks.push_back(task);
    step->commit({{commit}});
  }
  options.lease = 500ms;
  start_worker();
  EXPECT_EQ(wait_closed(id).status, store::RunStatus::completed);
}

// Each claim takes what is due, and its answer is lost; what it took would lie there until its timeout.
TEST_F(Attempts, WhatWasClaimedWithoutAnAnswerBeginsOnceAndAtOnce) {
  std::atomic<int> begun = 0;
  registry.add(patient, [&](const Note& in, ActivityContext&) {
    ++begun;
    return in;
  });
  add("waits", waits);
  store.set_plan([](std::string_view verb, int) {
    return verb == "claim_activities" ? std::optional(Fault::in_doubt_after) : std::nullopt;
  });
  std::vector<Uuid> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(begin("waits", "p" + std::to_string(i)));
  start_worker();
  for (const auto& id : ids) EXPECT_EQ(wait_closed(id).status, store::RunStatus::completed);
  EXPECT_EQ(begun, 5);
}

}  // namespace
}  // namespace holdfast::worker::test
