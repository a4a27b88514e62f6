// Runs that kill or hang whoever runs them.
#include <atomic>

#include "worker_fixture.hpp"

namespace holdfast::worker::test {
namespace {

using namespace std::chrono_literals;

std::atomic<int> executions = 0;
std::atomic<bool> let_go = false;
std::function<void()> on_first_line;

/// Its first execution loops until it is let go, as a bug would.
Workflow<Note> looping(Context, Note in) {
  if (++executions == 1)
    while (!let_go) std::this_thread::sleep_for(1ms);
  co_return in;
}
Workflow<Note> observed(Context, Note in) {
  on_first_line();
  co_return in;
}

class Deaths : public WorkerFixture {
 protected:
  Deaths() {
    executions = 0;
    let_go = false;
    add("looping", looping);
    add("observed", observed);
  }
  ~Deaths() override { let_go = true; }

  void die(const std::string& identity) {
    inner.register_worker({.identity = identity, .task_queues = {"default"}, .lease = 1ms});
  }
  /// How many commits there are between a run's start and the first line of its code.
  int commits_before_the_code_is_called() {
    start_worker();
    const auto peeks = store.calls("peek");
    wait_true([&] { return store.calls("peek") > peeks + 2; });  // it has seen how things stand
    std::atomic<int> seen = -1;
    on_first_line = [&] {
      int none = -1;
      seen.compare_exchange_strong(none, store.calls("commit"));
    };
    const int before = store.calls("commit");
    wait_closed(begin("observed", "w"));
    worker->stop();
    return seen - before;
  }
};

TEST_F(Deaths, ALaneThatHangsLosesItsRunToAnotherWorkerAndSaysSo) {
  std::mutex mutex;
  std::string said;
  options.lease = 500ms;
  options.stuck_after = 1s;
  options.log = [&](std::string_view, std::string_view message) {
    const std::lock_guard lock(mutex);
    said += std::string(message) + "\n";
  };
  const auto id = begin("looping", "w");
  start_worker();
  wait_true([] { return executions == 1; });
  auto quiet = options;
  quiet.log = [](std::string_view, std::string_view) {};
  Worker other(store, registry, quiet);
  other.start();
  EXPECT_EQ(wait_closed(id).status, store::RunStatus::completed);
  EXPECT_EQ(executions, 2);
  let_go = true;
  other.stop();
  worker->stop();
  EXPECT_NE(said.find("has not moved"), std::string::npos) << said;
}

TEST_F(Deaths, WithoutDeathsARunsFirstCommitIsThatOfItsEvents) { EXPECT_EQ(commits_before_the_code_is_called(), 0); }

TEST_F(Deaths, WhileWorkersDieClaimsAreCommittedBeforeTheCodeIsCalled) {
  die("host:1/0");
  die("host:2/0");
  EXPECT_EQ(commits_before_the_code_is_called(), 1);
}

TEST_F(Deaths, OneDeathMakesNobodyCautious) {
  die("host:1/0");
  EXPECT_EQ(commits_before_the_code_is_called(), 0);
}

TEST_F(Deaths, ARunThatTwoOwnersDiedWithIsClaimedBeforeItsCodeIsCalled) {
  const auto id = begin("observed", "w");
  const std::vector<std::string> queues{"default"};
  for (int i = 0; i < 2; ++i) {
    const auto dead = inner.register_worker({.identity = "host:1/0", .task_queues = {"elsewhere"}, .lease = 50ms});
    const auto lane = inner.open_lane(dead);
    const auto step = lane->begin_step();
    ASSERT_EQ(step->claim_runs({.task_queues = queues, .limit = 1}).size(), 1u);
    step->commit({});
    wait_true([&] { return inner.take_over_expired(5).runs == 1; });
  }
  std::atomic<int> commits = -1;
  on_first_line = [&] {
    int none = -1;
    commits.compare_exchange_strong(none, store.calls("commit"));
  };
  start_worker();
  EXPECT_EQ(wait_closed(id).status, store::RunStatus::completed);
  EXPECT_EQ(commits, 1);
}

}  // namespace
}  // namespace holdfast::worker::test
