// Limits on activities, with whole workers.
#include <atomic>

#include <gmock/gmock.h>

#include "worker_fixture.hpp"

namespace holdfast::worker::test {
namespace {

using namespace std::chrono_literals;

const Activity<Note, Note> free_work{"work", {.start_to_close = 30s}};

Workflow<Note> keyed(Context ctx, Note in) { co_return co_await ctx.run(free_work.with_limit_key("vendor/1"), in); }
Workflow<Note> unkeyed(Context ctx, Note in) { co_return co_await ctx.run(free_work, in); }
Workflow<Note> wrong(Context ctx, Note in) { co_return co_await ctx.run(free_work.with_limit_key("vendor/*"), in); }

class WorkerLimits : public WorkerFixture {
 protected:
  WorkerLimits() {
    add("keyed", keyed);
    add("unkeyed", unkeyed);
    add("wrong", wrong);
    registry.add(free_work, [this](const Note& in, ActivityContext&) {
      const int now = ++running;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {}
      ++calls;
      while (blocked) std::this_thread::sleep_for(1ms);
      --running;
      return in;
    });
  }
  ~WorkerLimits() override {
    blocked = false;
    second.reset();
    worker.reset();
  }
  void limit(store::LimitScope scope, const std::string& name, store::LimitRule rule) {
    inner.set_limit({{scope, name}, rule, "", "", ""});
  }
  std::vector<Uuid> begin_all(const std::string& type, int count) {
    std::vector<Uuid> ids;
    for (int i = 0; i < count; ++i) ids.push_back(begin(type, type + std::to_string(i)));
    return ids;
  }
  void expect_all_complete(const std::vector<Uuid>& ids) {
    for (const auto& id : ids) EXPECT_EQ(wait_closed(id).status, store::RunStatus::completed);
  }

  std::atomic<int> running = 0, most = 0, calls = 0;
  std::atomic<bool> blocked = false;
  std::unique_ptr<Worker> second;
};

TEST_F(WorkerLimits, TwoWorkersTogetherKeepTheLimitOfAKey) {
  limit(store::LimitScope::key, "vendor/*", {.max_concurrent = 2});
  const auto ids = begin_all("keyed", 30);
  start_worker();
  second = std::make_unique<Worker>(store, registry, options);
  second->start();
  expect_all_complete(ids);
  EXPECT_LE(most, 2);
  EXPECT_EQ(calls, 30);
}

TEST_F(WorkerLimits, ALimitOfAQueueBindsActivitiesThatWouldHaveRunFromMemory) {
  limit(store::LimitScope::queue, "default", {.max_concurrent = 1});
  start_worker();
  wait_true([&] { return store.calls("peek") > 2; });
  const auto ids = begin_all("unkeyed", 10);
  expect_all_complete(ids);
  EXPECT_EQ(most, 1);
}

TEST_F(WorkerLimits, WhatIsUnderNoLimitGoesOnWhileAKeyIsBlocked) {
  limit(store::LimitScope::key, "vendor/1", {.max_concurrent = 0});
  begin_all("keyed", 20);
  start_worker();
  expect_all_complete(begin_all("unkeyed", 20));
  EXPECT_EQ(calls, 20);
  limit(store::LimitScope::key, "vendor/1", {.max_concurrent = 1});
  wait_true([&] { return calls == 40; });
}

TEST_F(WorkerLimits, RaisingALimitWhileItBlocksStartsMore) {
  limit(store::LimitScope::key, "vendor/1", {.max_concurrent = 1});
  blocked = true;
  const auto ids = begin_all("keyed", 6);
  start_worker();
  wait_true([&] { return running == 1; });
  limit(store::LimitScope::key, "vendor/1", {.max_concurrent = 3});
  wait_true([&] { return running == 3; });
  limit(store::LimitScope::key, "vendor/1", {.max_concurrent = 1});
  blocked = false;
  expect_all_complete(ids);
  EXPECT_EQ(most, 3);
}

TEST_F(WorkerLimits, AKeyThatIsAPatternFailsTheWorkflowTaskWithTheReason) {
  begin("wrong", "w");
  start_worker();
  wait_true([&] {
    const auto run = inner.describe_run({.workflow_id = "w"});
    return run->summary.status == store::RunStatus::failed || run->task_failures > 0;
  });
  const auto run = *inner.describe_run({.workflow_id = "w"});
  const auto words = run.failure ? run.failure->message : run.task_failure;
  EXPECT_THAT(words, testing::HasSubstr("limit_key"));
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace holdfast::worker::test
