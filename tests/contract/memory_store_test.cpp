#include <holdfast/store/memory/memory_store.hpp>

#include <stdexcept>

#include <gtest/gtest.h>

#include <holdfast/store/memory/manual_clock.hpp>

// What the memory store has beyond the contract.
namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class MemoryStores : public testing::Test {
 protected:
  void start(std::optional<Duration> delay = {}) {
    NewRun run;
    run.run_id = make_uuid_v7(std::chrono::milliseconds(++ids_), {});
    run.workflow_id = std::to_string(ids_);
    run.workflow_type = "T";
    run.start_delay = delay;
    store_.start_runs({&run, 1});
  }

  ManualClock clock_;
  MemoryStore store_{{.now = [this] { return clock_.now(); }}};
  int ids_ = 0;
};

TEST_F(MemoryStores, TimeIsWhatTheClockSays) {
  const Timestamp before = store_.now();
  clock_.advance(24h);
  EXPECT_EQ(store_.now(), before + 24h);
  clock_.advance_to(before);
  EXPECT_EQ(store_.now(), before + 24h) << "never backwards";
}

TEST_F(MemoryStores, TellsWhenSomethingIsDueNext) {
  EXPECT_EQ(store_.next_due(), std::nullopt);
  start(2h);
  start(1h);
  EXPECT_EQ(store_.next_due(), clock_.now() + 1h);
}

TEST_F(MemoryStores, HasNoTransactionForBusinessData) {
  WorkerInfo info;
  const auto lane = store_.open_lane(store_.register_worker(info));
  const auto step = lane->begin_step();
  EXPECT_THROW(step->business().postgres(), std::logic_error);
}

TEST_F(MemoryStores, TheDefaultClockIsTheSystems) {
  MemoryStore store;
  const auto before = std::chrono::system_clock::now() - 1s;
  EXPECT_GE(store.now(), std::chrono::floor<Duration>(before));
}

}  // namespace
}  // namespace holdfast::test
