// The worker over a store that fails: whatever verb breaks, before or after its effect, every run ends once, with a
// contiguous history that replays.
#include <thread>

#include <gtest/gtest.h>

#include <holdfast/client/uuid_generator.hpp>
#include <holdfast/core/run.hpp>
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
const TransactionalActivity<Count, Count> add_ten{
    "add_ten", {.start_to_close = 10s, .retry = {.initial_interval = std::chrono::milliseconds(1)}}};
const Signal<Count> more{"more"};
const WorkflowType<Count, Count> kMixed{"Mixed", "default"};

Workflow<Count> mixed(Context ctx, Count count) {
  count = co_await ctx.run(add_one, count);
  count = co_await ctx.run(add_ten, count);
  auto [a, b] = co_await when_all(ctx.run(add_one, count), ctx.run(add_one, count));
  co_await ctx.sleep(1ms);
  count = co_await ctx.run(add_ten, {.value = a.value + b.value});
  auto signal = co_await ctx.receive(more);
  count.value += signal.value;
  co_return count;
}

class WorkerFaults : public testing::Test {
 protected:
  static constexpr int kRuns = 40;

  WorkerFaults() : store(inner) {
    registry.add(kMixed, mixed);
    registry.add(add_one, [this](const Count& in, ActivityContext&) -> Count {
      if (++calls % 17 == 0) throw std::runtime_error("now and then");
      return {in.value + 1};
    });
    registry.add_transactional("add_ten", [](const Payload& in, store::BusinessTransaction&, ActivityContext&) {
      return encode(Count{decode<Count>(in).value + 10});
    });
    options.lease = 600ms;
    options.idle_poll = 10ms;
    options.park_after = 0s;
    options.activity_threads = 4;
    options.log = [](std::string_view, std::string_view) {};
  }

  void start_runs() {
    for (int i = 0; i < kRuns; ++i) {
      store::NewRun run;
      run.run_id = client::new_uuid();
      run.workflow_id = "m" + std::to_string(i);
      run.workflow_type = "Mixed";
      run.input = R"({"value":0})";
      inner.start_runs({&run, 1});
      ids.push_back(run.run_id);
      store::NewMessage message;
      message.to.workflow_id = run.workflow_id;
      message.name = "more";
      message.payload = R"({"value":1000})";
      message.message_id = client::new_uuid();
      EXPECT_EQ(inner.send_messages({&message, 1}).at(0), store::SendStatus::sent);
    }
  }

  void expect_all_end() {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (inner.closed_runs(ids).size() < ids.size() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(5ms);
    const auto closed = inner.closed_runs(ids);
    ASSERT_EQ(closed.size(), ids.size()) << waiting();
    // ((0 + 1 + 10) + 1) * 2 + 10 + 1000
    for (const auto& run : closed) EXPECT_EQ(run.result, R"({"value":1034})");
    const auto definition = define(kMixed, mixed);
    for (const auto& id : ids) expect_history_replays(id, definition);
  }

  void expect_history_replays(const Uuid& id, const WorkflowDefinition& definition) {
    holdfast::Run run(definition, {.run_id = id, .input = R"({"value":0})"});
    EventId next = 1;
    for (const auto& row : inner.read_history(id, 1, 1000)) {
      ASSERT_EQ(row.first_event_id, next);
      const auto events = decode_events(row.events);
      ASSERT_NO_THROW(run.replay(row.at, row.first_event_id, events));
      next += static_cast<EventId>(events.size());
    }
    EXPECT_TRUE(run.closed());
  }

  std::string waiting() {
    std::string text;
    for (int i = 0; i < kRuns; ++i) {
      const auto run = inner.describe_run({.workflow_id = "m" + std::to_string(i)});
      if (run->summary.status != store::RunStatus::running) continue;
      text += run->summary.workflow_id + ": owner " + std::to_string(run->owner) + ", " + run->waiting_for + " " +
              run->task_failure + (run->quarantined ? " quarantined" : "") + "\n";
    }
    return text;
  }

  std::atomic<int> calls = 0;
  store::MemoryStore inner;
  test::FaultyStore store;
  Registry registry;
  WorkerOptions options;
  std::vector<Uuid> ids;
};

class WorkerUnderRegularFaults : public WorkerFaults, public testing::WithParamInterface<int> {};

TEST_P(WorkerUnderRegularFaults, EveryRunEndsOnceWhateverFailsRegularly) {
  start_runs();
  Worker worker(store, registry, options);
  worker.start();
  store.set_plan(test::fail_regularly(GetParam(), {Fault::unavailable, Fault::in_doubt_before, Fault::in_doubt_after,
                                                   Fault::conflict, Fault::unavailable, Fault::lease_lost}));
  const auto until = std::chrono::steady_clock::now() + 2s;
  while (std::chrono::steady_clock::now() < until && inner.closed_runs(ids).size() < ids.size())
    std::this_thread::sleep_for(5ms);
  store.set_plan({});
  expect_all_end();
  EXPECT_GT(store.faults(), 0);
  worker.stop();
}
INSTANTIATE_TEST_SUITE_P(Periods, WorkerUnderRegularFaults, testing::Values(3, 5, 7, 11, 29));

class WorkerUnderOneFault : public WorkerFaults,
                            public testing::WithParamInterface<std::tuple<const char*, int, Fault>> {};

TEST_P(WorkerUnderOneFault, EveryRunEndsOnce) {
  const auto& [verb, call, fault] = GetParam();
  start_runs();
  store.set_plan(test::fail_once(verb, call, fault));
  Worker worker(store, registry, options);
  worker.start();
  expect_all_end();
  worker.stop();
}
INSTANTIATE_TEST_SUITE_P(Commits, WorkerUnderOneFault,
                         testing::Combine(testing::Values("commit"), testing::Values(1, 2, 4, 8),
                                          testing::Values(Fault::unavailable, Fault::in_doubt_before,
                                                          Fault::in_doubt_after, Fault::conflict, Fault::lease_lost)));
INSTANTIATE_TEST_SUITE_P(Others, WorkerUnderOneFault,
                         testing::Combine(testing::Values("begin_step", "claim_runs", "load_runs", "collect_messages",
                                                          "read_messages", "finish_activities", "claim_activities"),
                                          testing::Values(1, 3), testing::Values(Fault::unavailable)));

TEST_F(WorkerFaults, StartsWhileTheDatabaseIsAway) {
  start_runs();
  std::atomic<bool> away = true;
  store.set_plan([&away](std::string_view, int call) {
    return away ? std::optional(call % 2 ? Fault::unavailable : Fault::in_doubt_before) : std::nullopt;
  });
  Worker worker(store, registry, options);
  worker.start();
  while (store.calls("register_worker") < 4) std::this_thread::sleep_for(1ms);
  away = false;
  expect_all_end();
  worker.stop();
}

TEST_F(WorkerFaults, ADeadWorkersRunsGoOnElsewhere) {
  start_runs();
  // A worker whose lanes never commit again, as if it hung: its lease ends although its process lives.
  std::atomic<bool> hung = false;
  store.set_plan([&hung](std::string_view, int) { return hung ? std::optional(Fault::unavailable) : std::nullopt; });
  Worker first(store, registry, options);
  first.start();
  while (first.stats().commits < 3) std::this_thread::sleep_for(1ms);
  hung = true;
  Worker second(inner, registry, options);
  second.start();
  expect_all_end();
  hung = false;
  second.stop();
  first.stop();
}

}  // namespace
}  // namespace holdfast::worker
