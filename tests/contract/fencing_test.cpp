#include <stdexcept>
#include <thread>

#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class Fencing : public StoreContract {
 protected:
  /// A run that `zombie` still believes to own while `heir` really does. The zombie's step is open since before.
  struct Takeover {
    Worker zombie, heir;
    std::unique_ptr<StepTransaction> zombie_step;
    Uuid run_id;
  };
  Takeover take_over() {
    Takeover t{new_worker(), {}, nullptr, {}};
    t.run_id = start_owned(t.zombie);
    t.zombie_step = t.zombie.lane->begin_step();
    advance(kLease + 1s);
    EXPECT_EQ(store().take_over_expired(100).runs, 1);
    t.heir = new_worker();
    EXPECT_EQ(claim(t.heir).size(), 1u);
    return t;
  }
  static CommitBatch batch_of(RunCommit commit) {
    CommitBatch batch;
    batch.runs.push_back(std::move(commit));
    return batch;
  }
  void expect_conflict(StepTransaction& step_transaction, RunCommit commit) {
    const Uuid run_id = commit.run_id;
    try {
      step_transaction.commit(batch_of(std::move(commit)));
      ADD_FAILURE() << "two owners wrote the same run";
    } catch (const Conflict& conflict) {
      EXPECT_TRUE(conflict.runs.empty() || conflict.runs == std::vector{run_id});
    } catch (const LeaseLost&) {}
  }
};
HOLDFAST_ON_EVERY_STORE(Fencing);

TEST_P(Fencing, OfTwoOwnersThatAppendTheSameEventTheFirstWins) {
  auto t = take_over();
  commit(t.heir, step(t.run_id, 2, {event::TimerStarted{1, Timestamp(1s)}}));
  expect_conflict(*t.zombie_step, step(t.run_id, 2, {event::TimerStarted{1, Timestamp(2s)}}));
  EXPECT_EQ(whole_history(t.run_id), "WorkflowStarted TimerStarted");
}

TEST_P(Fencing, AZombieCannotCloseARunThatWasTakenOver) {
  auto t = take_over();
  expect_conflict(*t.zombie_step, closing(t.run_id, 2));
  EXPECT_EQ(describe(t.run_id).summary.status, RunStatus::running);
  EXPECT_EQ(describe(t.run_id).owner, t.heir.id);
  commit(t.heir, closing(t.run_id, 2));
  EXPECT_EQ(whole_history(t.run_id), "WorkflowStarted WorkflowCompleted");
}

TEST_P(Fencing, AZombieCannotParkARunThatWasTakenOver) {
  auto t = take_over();
  expect_conflict(*t.zombie_step, parking(t.run_id));
  EXPECT_EQ(describe(t.run_id).owner, t.heir.id);
}

TEST_P(Fencing, AConflictRejectsTheWholeBatch) {
  auto worker = new_worker();
  const Uuid good = start_owned(worker, "good");
  const Uuid bad = start_owned(worker, "bad");
  const auto signal = signal_to(good);
  send(signal);
  const auto messages = collect(worker);
  RunKey key;
  key.run_id = bad;
  store().terminate_run(key, "", "");
  CommitBatch batch;
  auto of_good = step(good, 2, {event::WorkflowSignaled{"approve", "{}", signal.message_id.to_string()}});
  of_good.consumed = {messages.at(0).messages.at(0).inbox_id};
  of_good.new_tasks.push_back(new_task(1, store().now()));
  batch.runs.push_back(std::move(of_good));
  batch.runs.push_back(closing(bad, 2));
  EXPECT_THROW(worker.lane->begin_step()->commit(batch), Conflict);
  EXPECT_EQ(whole_history(good), "WorkflowStarted");
  EXPECT_EQ(describe(good).unread_messages, 1);
  EXPECT_TRUE(store().pending_activities(good).empty());
  EXPECT_EQ(whole_history(bad), "WorkflowStarted WorkflowTerminated");
}

TEST_P(Fencing, TheOwnerOfATerminatedRunConflicts) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  RunKey key;
  key.run_id = run_id;
  EXPECT_EQ(store().terminate_run(key, "", ""), SendStatus::sent);
  EXPECT_THROW(commit(worker, step(run_id, 2, {event::TimerStarted{1, Timestamp(1s)}})), Conflict);
  EXPECT_THROW(commit(worker, closing(run_id, 2)), Conflict);
  EXPECT_THROW(commit(worker, parking(run_id)), Conflict);
  EXPECT_EQ(whole_history(run_id), "WorkflowStarted WorkflowTerminated");
  EXPECT_EQ(describe(run_id).summary.status, RunStatus::terminated);
}

TEST_P(Fencing, TheSameStepIsNotWrittenTwice) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  EXPECT_THROW(commit(worker, step(run_id, 1, {event::WorkflowStarted{}})), Conflict);
  commit(worker, closing(run_id, 2));
  EXPECT_THROW(commit(worker, closing(run_id, 2)), Conflict);
  EXPECT_EQ(whole_history(run_id), "WorkflowStarted WorkflowCompleted");
}

TEST_P(Fencing, AStepThatIsNotCommittedLeavesNoTrace) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  { worker.lane->begin_step()->claim_runs({.task_queues = {}, .limit = 1}); }
  EXPECT_EQ(whole_history(run_id), "WorkflowStarted");
  commit(worker, closing(run_id, 2));
}

TEST_P(Fencing, ManyRunsGoInOneCommit) {
  auto worker = new_worker();
  std::vector<NewRun> runs;
  for (int i = 0; i < 50; ++i) runs.push_back(new_run("many-" + std::to_string(i)));
  store().start_runs(runs);
  ASSERT_EQ(claim(worker).size(), 50u);
  std::vector<RunCommit> batch;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Uuid& run_id = runs[i].run_id;
    if (i % 3 == 0) batch.push_back(closing(run_id, 1));
    if (i % 3 == 1) batch.push_back(step(run_id, 1, {event::WorkflowStarted{}}));
    if (i % 3 == 2) {
      auto park = parking(run_id);
      park.events = encode_events({event::WorkflowStarted{}});
      batch.push_back(std::move(park));
    }
  }
  commit(worker, std::move(batch));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto found = describe(runs[i].run_id);
    EXPECT_EQ(found.summary.status, i % 3 == 0 ? RunStatus::completed : RunStatus::running) << i;
    EXPECT_EQ(found.owner, i % 3 == 1 ? worker.id : 0) << i;
    EXPECT_EQ(whole_history(runs[i].run_id), i % 3 == 0 ? "WorkflowCompleted" : "WorkflowStarted") << i;
  }
}

TEST_P(Fencing, TwoWorkersThatRaceForRunsShareThemWithoutAnyTwice) {
  std::vector<NewRun> runs;
  for (int i = 0; i < 60; ++i) runs.push_back(new_run("race-" + std::to_string(i)));
  store().start_runs(runs);
  std::vector<Worker> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(new_worker());
  std::atomic<int> closed = 0;
  std::vector<std::thread> threads;
  for (auto& worker : workers) {
    threads.emplace_back([&] {
      for (;;) {
        const auto claimed = claim(worker, 4);
        if (claimed.empty()) break;
        std::vector<RunCommit> batch;
        for (const auto& run : claimed) batch.push_back(closing(run.run_id, 1));
        commit(worker, std::move(batch));
        closed += static_cast<int>(claimed.size());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(closed, 60);
  ListFilter filter;
  filter.status = RunStatus::completed;
  filter.limit = 1000;
  EXPECT_EQ(store().list_runs(filter).size(), 60u);
}

}  // namespace
}  // namespace holdfast::test
