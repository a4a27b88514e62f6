// Timers, deadlines and what they cost.
#include <gmock/gmock.h>

#include "worker_fixture.hpp"

namespace holdfast::worker::test {
namespace {

using namespace std::chrono_literals;

Workflow<Note> sleeper(Context ctx, Note in) {
  co_await ctx.sleep(1h);
  co_return in;
}
Workflow<Note> for_ever(Context ctx, Note in) {
  co_await ctx.sleep(Duration::max());
  co_return in;
}
Workflow<Note> broken(Context ctx, Note) {
  co_await ctx.sleep(0s);
  throw std::logic_error("a bug");
}

class Timers : public WorkerFixture {
 protected:
  Timers() {
    add("sleeper", sleeper);
    add("for_ever", for_ever);
    add("broken", broken);
    options.park_after = 0s;
  }
  void wait_parked(const std::string& id) {
    wait_true([&] {
      const auto run = inner.describe_run({.workflow_id = id});
      return run->owner == 0 && !run->waiting_for.empty();
    });
  }
};

TEST_F(Timers, TheTimersOfParkedRunsAreNotKept) {
  for (int i = 0; i < 50; ++i) begin("sleeper", "s" + std::to_string(i));
  start_worker();
  for (int i = 0; i < 50; ++i) wait_parked("s" + std::to_string(i));
  wait_true([&] { return worker->owned_runs() == 0; });
  EXPECT_EQ(worker->timers(), 0u);
}

TEST_F(Timers, TheLongestSleepSleeps) {
  const auto id = begin("for_ever", "w");
  start_worker();
  wait_parked("w");
  EXPECT_EQ(history_of(id), (std::vector<std::string>{"WorkflowStarted", "TimerStarted"}));
  EXPECT_GT(inner.describe_run({.workflow_id = "w"})->ready_at.value(), inner.now() + 99 * std::chrono::years(1));
  EXPECT_NO_THROW(decode_events(inner.read_history(id, 1, 1).at(0).events)) << "what is recorded can be read back";
}

TEST_F(Timers, ALaneSleepsTowardsATimerInCenturies) {
  options.park_after = Duration::max();  // the run stays, and the lane waits for its timer
  begin("for_ever", "w");
  start_worker();
  wait_true([&] { return worker->owned_runs() == 1; });
  wait_true([&] { return worker->timers() == 1; });
  EXPECT_EQ(inner.describe_run({.workflow_id = "w"})->summary.status, store::RunStatus::running);
}

TEST_F(Timers, ARunWhoseTasksFailEndsAtItsDeadline) {
  auto run = new_run("broken", "w");
  run.execution_timeout = 200ms;
  const auto id = begin(run);
  start_worker();
  EXPECT_EQ(wait_closed(id).status, store::RunStatus::timed_out);
  EXPECT_EQ(history_of(id).back(), "WorkflowTimedOut");
}

TEST_F(Timers, ARunOfAnUnknownTypeEndsAtItsDeadline) {
  auto run = new_run("nobody_knows", "w");
  run.execution_timeout = 200ms;
  const auto id = begin(run);
  start_worker();
  EXPECT_EQ(wait_closed(id).status, store::RunStatus::timed_out);
  EXPECT_EQ(history_of(id), std::vector<std::string>{"WorkflowTimedOut"});
}

Workflow<Note> listener(Context ctx, Note) { co_return co_await ctx.receive(Signal<Note>{"never"}); }

TEST(ClockSteps, ADeadlineIsNotLostWhenTheDatabasesClockStepsBack) {
  std::atomic<Duration::rep> step_back = 0;
  store::MemoryStore store({.now = [&step_back] {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) - Duration(step_back.load());
  }});
  Registry registry;
  registry.add(WorkflowType<Note, Note>{"listener", "default"}, listener);
  WorkerOptions options;
  options.lanes = 1;
  options.park_after = 1h;  // the run stays with its lane
  options.log = [](std::string_view, std::string_view) {};
  Worker worker(store, registry, options);
  worker.start();
  store::NewRun run;
  run.run_id = client::new_uuid();
  run.workflow_id = "w";
  run.workflow_type = "listener";
  run.input = R"({"text":""})";
  run.execution_timeout = 4s;  // long enough for a slow machine to claim it first
  store.start_runs({&run, 1});
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  const auto wait = [&](auto condition) {
    while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
    return condition();
  };
  ASSERT_TRUE(wait([&] { return worker.owned_runs() == 1; }));
  step_back = Duration(300ms).count();
  EXPECT_TRUE(wait([&] { return !store.closed_runs({&run.run_id, 1}).empty(); }));
  worker.stop();
}

}  // namespace
}  // namespace holdfast::worker::test
