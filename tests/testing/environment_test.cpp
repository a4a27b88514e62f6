#include "shop_workflows.hpp"

#include <gtest/gtest.h>

namespace shop {
namespace {

using holdfast::testing::Environment;
using holdfast::testing::RunStuck;

const Order kTea{"tea", 300};

TEST(TestEnvironment, RunsAWorkflowAgainstScriptedActivities) {
  Environment env;
  env.on(kBook, [](const Order& order) { return Receipt{order.item + " booked, "}; });
  env.on(kCharge, paid);
  env.on(kShip, [](const Order&) {});
  EXPECT_EQ(env.execute(kShop, three_steps, kTea).text, "tea booked, tea paid ");
  EXPECT_TRUE(env.closed());
  EXPECT_EQ(env.elapsed(), 0s);
  EXPECT_EQ(env.count(kBook), 1);
  EXPECT_EQ(env.count(kShip), 1);
  ASSERT_EQ(env.calls().size(), 3u);
  EXPECT_EQ(env.calls()[1].activity, "charge");
  EXPECT_EQ(decode<Order>(env.calls()[1].input).cents, 300);
  EXPECT_EQ(env.event_names(),
            "WorkflowStarted ActivityScheduled ActivityCompleted ActivityScheduled ActivityCompleted "
            "ActivityScheduled ActivityCompleted WorkflowCompleted");
}

TEST(TestEnvironment, SkipsTheTimeThatAWorkflowSleeps) {
  Environment env;
  env.on(kCharge, paid);
  EXPECT_EQ(env.execute(kShop, monthly, kTea).text, "a year");
  EXPECT_EQ(env.elapsed(), 360 * 24h);
  EXPECT_EQ(env.count(kCharge), 12);
  EXPECT_EQ(env.calls()[3].at, 120 * 24h);
  EXPECT_EQ(env.log(), (std::vector<std::string>{"info: a year is over"})) << "and replaying it logs nothing";
}

TEST(TestEnvironment, RetriesWithTheBackOffOfThePolicy) {
  Environment env;
  int attempts = 0;
  env.on(kCharge, [&](const Order& order) {
    if (++attempts < 4) throw std::runtime_error("busy");
    return paid(order);
  });
  EXPECT_EQ(env.execute(kShop, charge_only, kTea).text, "tea paid ");
  ASSERT_EQ(env.count(kCharge), 4);
  EXPECT_EQ(env.calls()[1].at, 1s);
  EXPECT_EQ(env.calls()[2].at, 3s);
  EXPECT_EQ(env.calls()[3].at, 7s);
  EXPECT_EQ(env.calls()[3].attempt, 4);
}

TEST(TestEnvironment, TellsTheActivityWhichAttemptItIs) {
  Environment env;
  env.on(kCharge, [](const Order&, worker::ActivityContext& context) {
    if (context.attempt() == 1) throw ApplicationError("Flaky", "once");
    return Receipt{context.info().activity + " " + std::to_string(context.attempt())};
  });
  EXPECT_EQ(env.execute(kShop, charge_only, kTea).text, "charge 2");
}

TEST(TestEnvironment, AFailureThatIsNotRetriedReachesTheCaller) {
  Environment env;
  env.on(kCharge, [](const Order&) -> Receipt { throw ApplicationError("Declined", "no money", true); });
  try {
    env.execute(kShop, charge_only, kTea);
    FAIL();
  } catch (const FailureError& error) {
    ASSERT_TRUE(error.failure().cause);
    EXPECT_EQ(error.failure().cause->type, "Declined");
  }
  EXPECT_EQ(env.count(kCharge), 1);
  EXPECT_EQ(env.failure()->kind, FailureKind::activity);
}

TEST(TestEnvironment, AttemptsAreLimited) {
  Environment env;
  env.on(kBook, [](const Order&) { return Receipt{}; });
  env.on(kCharge, paid);
  env.on(kShip, [](const Order&) { throw std::runtime_error("no truck"); });
  EXPECT_THROW(env.execute(kShop, three_steps, kTea), FailureError);
  EXPECT_EQ(env.count(kShip), 2);
}

TEST(TestEnvironment, AnAttemptThatTakesTooLongTimesOut) {
  Environment env;
  env.on(kCharge, paid, 31s);
  env.start(kShop, charge_only, kTea);
  env.run_for(30s + 1s + 29s);
  EXPECT_EQ(env.count(kCharge), 2);
  EXPECT_FALSE(env.closed());
  env.on(kCharge, paid, 29s);
  env.run();
  EXPECT_EQ(env.result<Receipt>().text, "tea paid ");
  EXPECT_EQ(env.elapsed(), 30s + 1s + 30s + 2s + 29s);
}

TEST(TestEnvironment, AllAttemptsTogetherTimeOut) {
  Environment env;
  auto once = kCharge;
  once.options.schedule_to_close = 1min;
  env.never_answers(once);
  const WorkflowDefinition definition{"Shop", [](Context ctx, Payload) -> Workflow<Payload> {
                                        auto limited = kCharge;
                                        limited.options.schedule_to_close = 1min;
                                        co_return encode(co_await ctx.run(limited, kTea));
                                      }};
  env.start(definition, "default", "{}");
  env.run();
  EXPECT_EQ(env.elapsed(), 1min);
  ASSERT_TRUE(env.failure());
  EXPECT_EQ(env.failure()->cause->type, "ScheduleToClose");
}

TEST(TestEnvironment, DeliversSignalsAtTheirTime) {
  Environment env;
  env.signal_after(47h, kApproved, {true});
  EXPECT_EQ(env.execute(kShop, approval, kTea).text, "approved");
  EXPECT_EQ(env.elapsed(), 47h);
}

TEST(TestEnvironment, ASignalThatIsTooLateIsNotSeen) {
  Environment env;
  env.signal_after(49h, kApproved, {true});
  EXPECT_EQ(env.execute(kShop, approval, kTea).text, "nobody answered");
  EXPECT_EQ(env.elapsed(), 48h);
}

TEST(TestEnvironment, ASignalBeforeTheStartIsKept) {
  Environment env;
  env.signal(kApproved, {true});
  EXPECT_EQ(env.execute(kShop, approval, kTea).text, "approved");
  EXPECT_EQ(env.elapsed(), 0s);
}

TEST(TestEnvironment, AWorkflowThatThrowsFailsItsRun) {
  Environment env;
  env.signal(kApproved, {false});
  EXPECT_THROW(env.execute(kShop, approval, kTea), FailureError);
  EXPECT_EQ(env.failure()->type, "Refused");
}

TEST(TestEnvironment, CancellationLetsAWorkflowCleanUp) {
  Environment env;
  env.on(kShip, [](const Order&) {});
  env.cancel_after(1h);
  EXPECT_THROW(env.execute(kShop, cleaning_up, kTea), CanceledError);
  EXPECT_TRUE(env.canceled());
  EXPECT_EQ(env.count(kShip), 1);
  EXPECT_EQ(env.elapsed(), 1h);
}

TEST(TestEnvironment, ActionsHappenAtTheirTimeOfTheRun) {
  Environment env;
  env.on(kCharge, paid);
  int charged = -1;
  env.after(45 * 24h, [&] {
    charged = env.count(kCharge);
    EXPECT_EQ(env.elapsed(), 45 * 24h);
  });
  env.execute(kShop, monthly, kTea);
  EXPECT_EQ(charged, 1);
}

TEST(TestEnvironment, TimePassesOnlyAsFarAsAsked) {
  Environment env;
  env.on(kCharge, paid);
  env.start(kShop, monthly, kTea);
  env.run_for(59 * 24h);
  EXPECT_EQ(env.count(kCharge), 1);
  EXPECT_EQ(env.elapsed(), 59 * 24h);
  EXPECT_NE(env.waiting_for().find("timer"), std::string::npos) << env.waiting_for();
  EXPECT_THROW(env.result<Receipt>(), std::logic_error);
}

TEST(TestEnvironment, ARunThatWaitsForNothingThatComesIsReported) {
  Environment env;
  env.signal(kApproved, {true});
  env.start(kShop, waits_for_ever, kTea);
  try {
    env.run();
    FAIL();
  } catch (const RunStuck& stuck) {
    EXPECT_NE(std::string(stuck.what()).find("approved"), std::string::npos) << stuck.what();
  }
  env.signal(kApproved, {true});
  env.run();
  EXPECT_TRUE(env.closed());
}

TEST(TestEnvironment, AnActivityWithoutAScriptIsNamed) {
  Environment env;
  try {
    env.execute(kShop, charge_only, kTea);
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_NE(std::string(error.what()).find("charge"), std::string::npos) << error.what();
  }
}

TEST(TestEnvironment, TheSameTestTakesTheSameCourse) {
  const auto course = [] {
    Environment env;
    env.on(kCharge, paid, 3s);
    env.execute(kShop, monthly, kTea);
    return holdfast::testing::encode_recorded_run(env.recorded());
  };
  EXPECT_EQ(course(), course());
}

}  // namespace
}  // namespace shop
