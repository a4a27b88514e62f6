#include <gtest/gtest.h>

#include <holdfast/core/errors.hpp>
#include <holdfast/core/run.hpp>
#include <holdfast/core/workflow.hpp>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

struct Amount {
  int cents = 0;
};
BOOST_DESCRIBE_STRUCT(Amount, (), (cents))

const Activity<Amount, Amount> book{"book", {.start_to_close = 30s}};
const Update<Amount, Amount> kDeposit{"deposit"};
const Update<Amount, Amount> kTransfer{"transfer"};
const Update<Amount> kFinish{"finish"};
const Signal<Amount> kTouch{"touch"};
const WorkflowType<Amount, Amount> kAccount{"Account", "default"};
const Timestamp kStart{1'700'000'000s};

Workflow<Amount> transfer(Context ctx, Amount* balance, Amount amount) {
  const auto booked = co_await ctx.run(book, amount);
  if (booked.cents < 0) throw ApplicationError("Refused", "the bank refused it");
  balance->cents -= booked.cents;
  co_return *balance;
}

/// The account is open until somebody finishes it.
Workflow<Amount> account(Context ctx, Amount balance) {
  bool finished = false;
  ctx.on_update(
      kDeposit,
      [&](const Amount& amount) {
        if (amount.cents <= 0) throw ApplicationError("NotPositive", "a deposit is more than nothing");
        if (amount.cents == 13) throw std::runtime_error("unlucky");
        if (amount.cents == 14) (void)ctx.sleep(1s);
        if (amount.cents == 15) ctx.random();
      },
      [&](Amount amount) {
        balance.cents += amount.cents;
        return balance;
      });
  ctx.on_update(kTransfer, [&](Context c, Amount amount) { return transfer(c, &balance, amount); });
  ctx.on_update(kFinish, [&](Amount) { finished = true; });
  co_await ctx.wait_until([&] { return finished; });
  co_return balance;
}

class Driver {
 public:
  explicit Driver(Workflow<Amount> (*function)(Context, Amount) = account)
      : definition_(define(kAccount, function)), run_(definition_, info()) {
    apply(event::WorkflowStarted{});
  }
  std::vector<Command> apply(Event input) {
    history_.push_back(input);
    auto commands = run_.apply(kStart, input);
    for (const auto& c : commands) history_.push_back(to_event(c));
    return commands;
  }
  /// Offers the update and applies it; empty and rejected: see refused().
  std::vector<Command> update(const std::string& name, int cents, const std::string& update_id) {
    const auto input = encode(Amount{cents});
    refused_ = run_.refuse_update(kStart, name, input);
    if (refused_) return {};
    return apply(event::WorkflowUpdateAccepted{update_id, name, input});
  }
  void expect_replays_from_every_prefix() const {
    for (std::size_t cut = 0; cut <= history_.size(); ++cut) {
      Run again(definition_, info());
      const std::vector<Event> head(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(cut));
      again.replay(kStart, 1, head);
      std::vector<Event> seen = head;
      for (const auto& c : again.take_unrecorded()) seen.push_back(to_event(c));
      while (seen.size() < history_.size()) {
        const auto input = history_[seen.size()];
        ASSERT_FALSE(is_command_event(input)) << "cut " << cut << " at " << seen.size();
        seen.push_back(input);
        for (const auto& c : again.apply(kStart, input)) seen.push_back(to_event(c));
      }
      EXPECT_EQ(encode_events(seen), encode_events(history_)) << "cut " << cut;
    }
  }
  std::string names() const {
    std::string out;
    for (const auto& event : history_) out += (out.empty() ? "" : " ") + std::string(event_name(event));
    return out;
  }
  Run& run() { return run_; }
  const std::optional<Failure>& refused() const { return refused_; }
  const std::vector<Event>& history() const { return history_; }
  const WorkflowDefinition& definition() const { return definition_; }
  static RunInfo info() {
    return {.run_id = Uuid::parse("018bcfe5-6800-7000-8000-0123456789ab"),
            .workflow_id = "w",
            .workflow_type = "Account",
            .task_queue = "default",
            .input = R"({"cents":100})",
            .started_at = kStart};
  }

 private:
  WorkflowDefinition definition_;
  Run run_;
  std::optional<Failure> refused_;
  std::vector<Event> history_;
};

const command::CompleteUpdate& completed(const std::vector<Command>& commands, std::size_t at = 0) {
  return std::get<command::CompleteUpdate>(commands.at(at));
}

TEST(Updates, AFunctionAnswersAtOnce) {
  Driver driver;
  const auto commands = driver.update("deposit", 20, "u1");
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_EQ(completed(commands).update_id, "u1");
  EXPECT_EQ(completed(commands).result, R"({"cents":120})");
  EXPECT_FALSE(driver.run().has_open_updates());
  driver.expect_replays_from_every_prefix();
}

TEST(Updates, ACoroutineMayWaitWhileOthersAreAnswered) {
  Driver driver;
  EXPECT_EQ(driver.update("transfer", 30, "slow").size(), 1u) << "an activity";
  EXPECT_TRUE(driver.run().has_open_updates());
  EXPECT_EQ(completed(driver.update("deposit", 5, "quick")).result, R"({"cents":105})");
  const auto commands = driver.apply(event::ActivityCompleted{1, R"({"cents":30})"});
  EXPECT_EQ(completed(commands).update_id, "slow");
  EXPECT_EQ(completed(commands).result, R"({"cents":75})");
  EXPECT_EQ(driver.names(),
            "WorkflowStarted WorkflowUpdateAccepted ActivityScheduled WorkflowUpdateAccepted WorkflowUpdateCompleted "
            "ActivityCompleted WorkflowUpdateCompleted");
  driver.expect_replays_from_every_prefix();
}

TEST(Updates, WhatAHandlerChangesWakesAConditionInTheSameTask) {
  Driver driver;
  const auto commands = driver.update("finish", 0, "u1");
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(completed(commands).result, "{}") << "the update is answered before the run ends";
  EXPECT_EQ(std::get<command::CompleteWorkflow>(commands[1]).result, R"({"cents":100})");
  EXPECT_TRUE(driver.run().closed());
  driver.expect_replays_from_every_prefix();
}

TEST(Updates, AFailureOfTheHandlerFailsTheUpdateAndNotTheRun) {
  Driver driver;
  driver.update("transfer", 30, "refused");
  EXPECT_EQ(completed(driver.apply(event::ActivityCompleted{1, R"({"cents":-1})"})).failure->type, "Refused");
  driver.update("transfer", 30, "broken");
  Failure cause;
  cause.type = "NoBank";
  const auto commands = driver.apply(event::ActivityFailed{2, cause, RetryState::maximum_attempts_reached, 3});
  EXPECT_EQ(completed(commands).failure->kind, FailureKind::activity);
  EXPECT_EQ(completed(commands).failure->cause->type, "NoBank");
  EXPECT_FALSE(driver.run().closed());
  driver.expect_replays_from_every_prefix();
}

TEST(Updates, AValidatorRejectsAndLeavesNoTrace) {
  Driver driver;
  EXPECT_TRUE(driver.update("deposit", 0, "u1").empty());
  EXPECT_EQ(driver.refused()->type, "NotPositive");
  EXPECT_TRUE(driver.update("deposit", 13, "u2").empty());
  EXPECT_EQ(driver.refused()->message, "unlucky");
  EXPECT_EQ(driver.names(), "WorkflowStarted");
  EXPECT_EQ(completed(driver.update("deposit", 1, "u3")).result, R"({"cents":101})");
  driver.expect_replays_from_every_prefix();
}

TEST(Updates, AValidatorMayOnlyLook) {
  Driver driver;
  for (const int cents : {14, 15}) {
    EXPECT_TRUE(driver.update("deposit", cents, "u").empty());
    EXPECT_EQ(driver.refused()->type, "ReadOnly") << cents;
  }
  EXPECT_TRUE(driver.run().pending_timers().empty());
  driver.update("transfer", 1, "u3");
  driver.expect_replays_from_every_prefix();
}

TEST(Updates, ReplayAsksNoValidator) {
  const Driver driver;
  holdfast::Run run(driver.definition(), Driver::info());
  run.replay(kStart, 1,
             {event::WorkflowStarted{}, event::WorkflowUpdateAccepted{"u1", "deposit", R"({"cents":-5})"},
              event::WorkflowUpdateCompleted{"u1", R"({"cents":95})", {}}});
  EXPECT_EQ(run.next_event_id(), 4);
}

TEST(Updates, AnUnknownNameIsRejectedWithTheKnownOnes) {
  Driver driver;
  driver.update("withdraw", 1, "u1");
  EXPECT_EQ(driver.refused()->type, "UnknownUpdate");
  EXPECT_EQ(driver.refused()->message,
            "workflow Account has no handler for update withdraw; it has: deposit, finish, transfer");
}

TEST(Updates, AnInputThatIsNoneIsRejected) {
  Driver driver;
  EXPECT_EQ(driver.run().refuse_update(kStart, "deposit", R"({"cents":"many"})")->type, "InvalidInput");
  EXPECT_EQ(driver.run().refuse_update(kStart, "transfer", R"([])")->type, "InvalidInput");
}

TEST(Updates, MoreThanARunMayHaveAreRejected) {
  Driver driver;
  for (int i = 0; i < detail::RunState::kMaxUpdates; ++i)
    ASSERT_EQ(driver.update("deposit", 1, "u" + std::to_string(i)).size(), 1u);
  EXPECT_TRUE(driver.update("deposit", 1, "last").empty());
  EXPECT_EQ(driver.refused()->type, "TooManyUpdates");
}

TEST(Updates, ThoseThatTheRunLeavesUnfinishedFail) {
  Driver driver;
  driver.update("transfer", 30, "slow");
  const auto commands = driver.update("finish", 0, "u2");
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_EQ(completed(commands, 0).update_id, "u2");
  EXPECT_EQ(completed(commands, 1).update_id, "slow");
  EXPECT_EQ(completed(commands, 1).failure->type, "WorkflowUpdateNotCompleted");
  EXPECT_FALSE(driver.run().has_open_updates());
  driver.expect_replays_from_every_prefix();
}

Workflow<Amount> patient(Context ctx, Amount balance) {
  ctx.on_update(kTransfer, [&](Context c, Amount amount) { return transfer(c, &balance, amount); });
  co_await ctx.receive(kTouch);
  co_await ctx.updates_finished();
  co_return balance;
}

TEST(Updates, ARunCanWaitForItsHandlers) {
  Driver driver(patient);
  driver.update("transfer", 30, "slow");
  EXPECT_TRUE(driver.apply(event::WorkflowSignaled{"touch", R"({"cents":0})", ""}).empty());
  const auto commands = driver.apply(event::ActivityCompleted{1, R"({"cents":30})"});
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(completed(commands).result, R"({"cents":70})");
  EXPECT_EQ(std::get<command::CompleteWorkflow>(commands[1]).result, R"({"cents":70})");
  driver.expect_replays_from_every_prefix();
}

Workflow<Amount> renewing(Context ctx, Amount balance) {
  ctx.on_update(kTransfer, [&](Context c, Amount amount) { return transfer(c, &balance, amount); });
  co_await ctx.receive(kTouch);
  throw ctx.continue_as_new(balance);
}

TEST(Updates, ContinuingAsNewFailsThoseThatAreAtWork) {
  Driver driver(renewing);
  driver.update("transfer", 30, "slow");
  const auto commands = driver.apply(event::WorkflowSignaled{"touch", R"({"cents":0})", ""});
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(completed(commands).failure->type, "WorkflowUpdateNotCompleted");
  EXPECT_TRUE(std::holds_alternative<command::ContinueAsNew>(commands[1]));
  driver.expect_replays_from_every_prefix();
}

TEST(Updates, CancellationReachesHandlersAndConditions) {
  Driver driver;
  driver.update("transfer", 30, "slow");
  const auto commands = driver.apply(event::WorkflowCancelRequested{"enough"});
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<command::CancelActivity>(commands[0]));
  EXPECT_EQ(completed(commands, 1).failure->type, "WorkflowUpdateNotCompleted") << "it had no time to clean up";
  EXPECT_TRUE(std::holds_alternative<command::CancelWorkflow>(commands[2]));
  driver.expect_replays_from_every_prefix();
}

Workflow<Amount> waiter(Context ctx, Amount* balance, Amount) {
  co_await ctx.wait_until([balance] { return balance->cents == 0; });
  co_return *balance;
}

/// Ends on the signal that also makes a condition of a handler true.
Workflow<Amount> sudden(Context ctx, Amount) {
  Amount balance{1};
  ctx.on_update(kTransfer, [&](Context c, Amount amount) { return waiter(c, &balance, amount); });
  co_await ctx.receive(kTouch);
  balance.cents = 0;
  co_return balance;
}

TEST(Updates, NoHandlerRunsOnceTheWorkflowFunctionHasEnded) {
  Driver driver(sudden);
  driver.update("transfer", 1, "u1");
  const auto commands = driver.apply(event::WorkflowSignaled{"touch", R"({"cents":0})", ""});
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(completed(commands).failure->type, "WorkflowUpdateNotCompleted");
  driver.expect_replays_from_every_prefix();
}

Workflow<Amount> breaking(Context ctx, Amount) {
  ctx.on_update(kDeposit, [](Amount) -> Amount { throw std::runtime_error("a bug"); });
  ctx.on_update(kTransfer, [](Context c, Amount amount) -> Workflow<Amount> {
    co_await c.sleep(1s);
    throw c.continue_as_new(amount);
  });
  co_return co_await ctx.receive(kTouch);
}

TEST(Updates, AnErrorThatIsNoFailureFailsTheTask) {
  Driver driver(breaking);
  EXPECT_THROW(driver.update("deposit", 1, "u1"), std::runtime_error);
}

TEST(Updates, AHandlerCannotContinueAsNew) {
  Driver driver(breaking);
  driver.update("transfer", 1, "u1");
  EXPECT_THROW(driver.apply(event::TimerFired{1}), std::logic_error);
}

TEST(Updates, AHandlerThatIsGoneIsADifferenceFromHistory) {
  const auto definition = define(kAccount, patient);
  holdfast::Run run(definition, Driver::info());
  EXPECT_THROW(run.replay(kStart, 1,
                          {event::WorkflowStarted{}, event::WorkflowUpdateAccepted{"u1", "deposit", R"({"cents":1})"}}),
               NondeterminismError);
}

TEST(Updates, AnotherOutcomeThanRecordedIsADifferenceFromHistory) {
  const Driver driver;
  holdfast::Run run(driver.definition(), Driver::info());
  EXPECT_THROW(run.replay(kStart, 1,
                          {event::WorkflowStarted{}, event::WorkflowUpdateAccepted{"u1", "deposit", R"({"cents":1})"},
                           event::WorkflowUpdateCompleted{"u2", R"({"cents":101})", {}}}),
               NondeterminismError);
}

TEST(Updates, EventsReadBackAsTheyWereWritten) {
  Failure failure;
  failure.type = "Refused";
  failure.message = "no";
  const std::vector<Event> events{event::WorkflowUpdateAccepted{"u\"1", "deposit", R"({"cents":1})"},
                                  event::WorkflowUpdateCompleted{"u\"1", R"({"cents":2})", {}},
                                  event::WorkflowUpdateCompleted{"u2", {}, failure}};
  const auto json = encode_events(events);
  EXPECT_EQ(json,
            R"([{"type":"WorkflowUpdateAccepted","update_id":"u\"1","name":"deposit","input":{"cents":1}},)"
            R"({"type":"WorkflowUpdateCompleted","update_id":"u\"1","result":{"cents":2}},)"
            R"({"type":"WorkflowUpdateCompleted","update_id":"u2","failure":{"kind":"application","type":"Refused",)"
            R"("message":"no"}}])");
  EXPECT_EQ(encode_events(decode_events(json)), json);
}

}  // namespace
}  // namespace holdfast
