#include <tests/support/faulty_store.hpp>

#include <gtest/gtest.h>

#include <holdfast/store/memory/memory_store.hpp>

namespace holdfast::test {
namespace {

using namespace store;

class FaultyStores : public testing::Test {
 protected:
  NewRun new_run(std::string id) {
    NewRun run;
    run.run_id = make_uuid_v7(std::chrono::milliseconds(++ids_), {});
    run.workflow_id = std::move(id);
    run.workflow_type = "T";
    return run;
  }
  void start(const std::string& id) {
    const auto run = new_run(id);
    faulty_.start_runs({&run, 1});
  }

  MemoryStore memory_;
  FaultyStore faulty_{memory_};
  int ids_ = 0;
};

TEST_F(FaultyStores, WithoutAPlanNothingFails) {
  start("a");
  EXPECT_EQ(memory_.list_runs({}).size(), 1u);
  EXPECT_EQ(faulty_.calls("start_runs"), 1);
  EXPECT_EQ(faulty_.calls("*"), 1);
  EXPECT_EQ(faulty_.faults(), 0);
}

TEST_F(FaultyStores, ACallFailsBeforeOrAfterItsEffect) {
  faulty_.set_plan(fail_once("start_runs", 2, Fault::in_doubt_after));
  start("a");
  EXPECT_THROW(start("b"), InDoubt);
  start("c");
  EXPECT_EQ(memory_.list_runs({}).size(), 3u);
  faulty_.set_plan(fail_once("*", 1, Fault::in_doubt_before));
  EXPECT_THROW(start("d"), InDoubt);
  EXPECT_EQ(memory_.list_runs({}).size(), 3u);
  EXPECT_EQ(faulty_.faults(), 2);
}

TEST_F(FaultyStores, AVerbFailsOnlyAsItReallyCan) {
  faulty_.set_plan(fail_regularly(1, {Fault::conflict, Fault::lease_lost, Fault::in_doubt_after}));
  EXPECT_THROW(start("a"), Unavailable);
  EXPECT_THROW(faulty_.now(), Unavailable);
  EXPECT_THROW(faulty_.list_workers(), Unavailable);
  EXPECT_TRUE(memory_.list_runs({}).empty());
}

TEST_F(FaultyStores, StepsFailAtEachOfTheirVerbs) {
  start("a");
  const WorkerId worker = faulty_.register_worker({});
  const auto lane = faulty_.open_lane(worker);
  const std::vector<std::string> queues{"default"};
  const ClaimRequest request{.task_queues = queues, .limit = 1, .full_sweep = true};
  faulty_.set_plan(fail_once("begin_step", 2, Fault::lease_lost));
  lane->begin_step();
  EXPECT_THROW(lane->begin_step(), LeaseLost);
  faulty_.set_plan(fail_once("claim_runs", 1, Fault::unavailable));
  EXPECT_THROW(lane->begin_step()->claim_runs(request), Unavailable);
  faulty_.set_plan(fail_once("commit", 1, Fault::conflict));
  {
    const auto step = lane->begin_step();
    EXPECT_EQ(step->claim_runs(request).size(), 1u);
    EXPECT_THROW(step->commit({}), Conflict);
  }
  EXPECT_EQ(memory_.list_workers().at(0).owned_runs, 0) << "the conflict came before the effect";
  faulty_.set_plan(fail_once("commit", 2, Fault::in_doubt_after));
  {
    const auto step = lane->begin_step();
    EXPECT_EQ(step->claim_runs(request).size(), 1u);
    EXPECT_THROW(step->commit({}), InDoubt);
  }
  EXPECT_EQ(memory_.list_workers().at(0).owned_runs, 1);
}

}  // namespace
}  // namespace holdfast::test
