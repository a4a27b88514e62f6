// The workflow of docs/updates-and-queries.md, in the environment that its users test with.
#include <gtest/gtest.h>

#include <holdfast/core/workflow.hpp>
#include <holdfast/testing/environment.hpp>

namespace holdfast::testing {
namespace {

using namespace std::chrono_literals;

struct Money {
  std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(Money, (), (cents))

const Activity<Money> transfer{"transfer", {.start_to_close = 2h, .retry = {.max_attempts = 2}}};
const WorkflowType<Money, Money> kAccount{"Account", "accounts"};

const Update<Money, Money> deposit{"deposit"};
const Update<Money, Money> withdraw{"withdraw"};
const Update<Nothing> close_account{"close"};
const Query<Nothing, Money> balance_of{"balance"};

Workflow<Money> pay_out(Context ctx, Money* balance, Money amount) {
  co_await ctx.run(transfer, amount);  // a handler may do whatever a workflow may
  balance->cents -= amount.cents;
  co_return *balance;
}

Workflow<Money> account(Context ctx, Money balance) {
  bool closed = false;
  ctx.on_query(balance_of, [&](Nothing) { return balance; });
  ctx.on_update(deposit, [&](Money amount) {
    balance.cents += amount.cents;
    return balance;
  });
  ctx.on_update(
      withdraw,
      [&](const Money& amount) {  // the validator: throws to reject
        if (amount.cents > balance.cents) throw ApplicationError("Overdrawn", "there is not enough");
      },
      [&](Money amount) { return pay_out(ctx, &balance, amount); });
  ctx.on_update(close_account, [&](Nothing) { closed = true; });
  co_await ctx.wait_until([&] { return closed; });
  co_await ctx.updates_finished();  // let withdrawals end that are under way
  co_return balance;
}

class EnvironmentUpdates : public ::testing::Test {
 protected:
  EnvironmentUpdates() {
    env.on(
        transfer,
        [](const Money& amount) {
          if (amount.cents == 13) throw ApplicationError("Unlucky", "not this one");
        },
        1h);
  }
  Environment env;
};

TEST_F(EnvironmentUpdates, AreAnswered) {
  const auto first = env.update(deposit, {500});
  const auto second = env.update_after(2h, withdraw, {200});
  env.update_after(1h, deposit, {1});
  env.update_after(4h, close_account, {});
  EXPECT_THROW(first.result(), std::logic_error) << "the run has not started";
  EXPECT_EQ(env.execute(kAccount, account, {.cents = 0}).cents, 301);
  EXPECT_EQ(first.result().cents, 500);
  EXPECT_EQ(second.result().cents, 301);
}

TEST_F(EnvironmentUpdates, AreRejectedByTheValidator) {
  const auto refused = env.update(withdraw, {1});
  const auto unknown = env.update(Update<Money>{"rob"}, {1});
  env.update_after(1h, close_account, {});
  EXPECT_EQ(env.execute(kAccount, account, {.cents = 0}).cents, 0);
  EXPECT_TRUE(refused.rejected());
  EXPECT_FALSE(refused.completed());
  EXPECT_EQ(refused.failure()->type, "Overdrawn");
  EXPECT_EQ(unknown.failure()->type, "UnknownUpdate");
  EXPECT_EQ(env.event_names(), "WorkflowStarted WorkflowUpdateAccepted WorkflowUpdateCompleted WorkflowCompleted");
}

TEST_F(EnvironmentUpdates, FailWithTheirHandlerAndTheRunWaitsForThem) {
  const auto failing = env.update(withdraw, {13});
  const auto slow = env.update(withdraw, {14});
  env.update_after(30min, close_account, {});
  EXPECT_EQ(env.execute(kAccount, account, {.cents = 100}).cents, 86);
  EXPECT_TRUE(failing.completed());
  try {
    failing.result();
    FAIL() << "it succeeded";
  } catch (const FailureError& e) {
    EXPECT_EQ(e.failure().cause->type, "Unlucky");
  }
  EXPECT_EQ(slow.result().cents, 86);
  EXPECT_GE(env.elapsed(), 2h) << "two attempts of an hour";
}

TEST_F(EnvironmentUpdates, QueriesSeeWhatTheyDid) {
  env.start(kAccount, account, {.cents = 100});
  EXPECT_EQ(env.query(balance_of, {}).cents, 100);
  env.update(deposit, {7});
  env.run_for(1s);
  EXPECT_EQ(env.query(balance_of, {}).cents, 107);
  EXPECT_THROW(env.query(Query<Nothing, Money>{"debts"}, {}), FailureError);
  env.update(close_account, {});
  env.run();
  EXPECT_EQ(env.query(balance_of, {}).cents, 107) << "closed";
}

TEST_F(EnvironmentUpdates, ThatAreNotCompletedFailWithTheRun) {
  const auto canceled = env.update(withdraw, {14});
  env.cancel_after(30min);
  EXPECT_THROW(env.execute(kAccount, account, {.cents = 100}), CanceledError);
  EXPECT_EQ(canceled.failure()->type, "WorkflowUpdateNotCompleted");
}

}  // namespace
}  // namespace holdfast::testing
