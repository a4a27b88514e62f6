#include <holdfast/core/run.hpp>

#include <gtest/gtest.h>

#include <holdfast/core/errors.hpp>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

struct Order {
  std::string item;
  int count = 0;
};
BOOST_DESCRIBE_STRUCT(Order, (), (item, count))
struct Receipt {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Receipt, (), (text))

const Activity<Order, Receipt> charge{"charge",
                                      {.task_queue = {},
                                       .start_to_close = 30s,
                                       .schedule_to_close = {},
                                       .schedule_to_start = {},
                                       .heartbeat = {},
                                       .retry = {}}};
const Activity<Order> refund{"refund", charge.options};
const Signal<Order> approved{"approved"};
const WorkflowType<Order, Receipt> kShop{"Shop", "default"};
const Timestamp kStart{1'700'000'000s};

Workflow<Receipt> two_steps(Context ctx, Order order) {
  auto first = co_await ctx.run(charge, {.item = order.item, .count = 1});
  auto second = co_await ctx.run(charge, {.item = order.item + first.text, .count = 2});
  co_return Receipt{first.text + second.text};
}

Workflow<Receipt> nested(Context ctx, Order order) {
  auto receipt = co_await two_steps(ctx, order);
  co_return Receipt{"nested " + receipt.text};
}

Workflow<Receipt> parallel(Context ctx, Order order) {
  auto [a, b] = co_await when_all(ctx.run(charge, {.item = order.item, .count = 1}),
                                  ctx.run(charge, {.item = order.item, .count = 2}));
  co_return Receipt{a.text + b.text};
}

Workflow<Receipt> approval(Context ctx, Order) {
  auto order = co_await ctx.receive(approved, 1h);
  if (!order) co_return Receipt{"timed out"};
  co_return Receipt{order->item};
}

Workflow<Receipt> race(Context ctx, Order order) {
  auto payment = ctx.run(charge, order);
  auto timeout = ctx.sleep(10s);
  if (co_await when_any(payment, timeout) == 0) co_return co_await payment;
  payment.cancel();
  co_return Receipt{"too slow"};
}

Workflow<Receipt> compensating(Context ctx, Order order) {
  bool failed = false;
  try {
    co_await ctx.run(charge, order);
  } catch (const FailureError&) {
    failed = true;
  }
  if (failed) co_await ctx.run(refund, order);
  co_return Receipt{failed ? "refunded" : "charged"};
}

class Driver {
 public:
  explicit Driver(Workflow<Receipt> (*function)(Context, Order))
      : definition_(define(kShop, function)), run_(definition_, info()) {
    apply(event::WorkflowStarted{});
  }
  std::vector<Command> apply(Event input) {
    history_.push_back(input);
    auto commands = run_.apply(kStart, input);
    for (const auto& c : commands) history_.push_back(to_event(c));
    return commands;
  }
  /// Cuts the history at every place, replays the head and continues with the tail.
  void expect_replays_from_every_prefix() const {
    for (std::size_t cut = 0; cut <= history_.size(); ++cut) {
      Run again(definition_, info());
      const std::vector<Event> head(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(cut));
      again.replay(kStart, 1, head);
      const auto rest = again.take_unrecorded();
      std::vector<Event> seen = head;
      for (const auto& c : rest) seen.push_back(to_event(c));
      while (seen.size() < history_.size()) {
        ASSERT_FALSE(is_command_event(history_[seen.size()])) << "cut " << cut << " at " << seen.size();
        const auto input = history_[seen.size()];
        seen.push_back(input);
        for (const auto& c : again.apply(kStart, input)) seen.push_back(to_event(c));
      }
      EXPECT_EQ(encode_events(seen), encode_events(history_)) << "cut " << cut;
    }
  }
  Run& run() { return run_; }
  const std::vector<Event>& history() const { return history_; }
  const WorkflowDefinition& definition() const { return definition_; }
  static RunInfo info() {
    return {.run_id = Uuid::parse("018bcfe5-6800-7000-8000-0123456789ab"),
            .workflow_id = "w",
            .workflow_type = "Shop",
            .task_queue = "default",
            .input = R"({"item":"tea","count":3})",
            .started_at = kStart};
  }

 private:
  WorkflowDefinition definition_;
  Run run_;
  std::vector<Event> history_;
};

std::string result_of(const std::vector<Command>& commands) {
  return std::get<command::CompleteWorkflow>(commands.at(0)).result;
}

/// Its first input is no text that JSON can hold.
Workflow<Receipt> careless(Context ctx, Order order) {
  std::string problem;
  try {
    co_await ctx.run(charge, {.item = "\xff", .count = 1});
  } catch (const CodecError&) {
    problem = "no text";
  }
  auto receipt = co_await ctx.run(charge, order);
  co_return Receipt{problem + " " + receipt.text};
}

TEST(Run, AnInputThatCannotBeEncodedThrowsAlikeInEveryReplay) {
  Driver d(careless);
  EXPECT_EQ(d.history().size(), 2u);
  EXPECT_EQ(result_of(d.apply(event::ActivityCompleted{1, R"({"text":"a"})"})), R"({"text":"no text a"})");
  d.expect_replays_from_every_prefix();
}

Workflow<Receipt> endless(Context ctx, Order) {
  auto longest = ctx.sleep(Duration::max());
  co_await ctx.receive(approved, Duration::max());
  co_await longest;
  co_return Receipt{};
}

TEST(Run, TheLongestDelaysEndInAHundredYears) {
  Driver d(endless);
  for (const auto& event : d.history())
    if (const auto* timer = std::get_if<event::TimerStarted>(&event)) EXPECT_EQ(timer->fire_at, kStart + kMaxDelay);
  EXPECT_EQ(decode_events(encode_events(d.history())).size(), 3u);
  d.expect_replays_from_every_prefix();
}

TEST(Run, RunsStepsInOrderAndCompletes) {
  Driver d(two_steps);
  EXPECT_EQ(std::get<event::ActivityScheduled>(d.history()[1]).input, R"({"item":"tea","count":1})");
  const auto next = d.apply(event::ActivityCompleted{1, R"({"text":"a"})"});
  EXPECT_EQ(std::get<command::ScheduleActivity>(next.at(0)).input, R"({"item":"teaa","count":2})");
  EXPECT_EQ(result_of(d.apply(event::ActivityCompleted{2, R"({"text":"b"})"})), R"({"text":"ab"})");
  EXPECT_TRUE(d.run().closed());
  EXPECT_EQ(d.run().next_event_id(), 7);
  d.expect_replays_from_every_prefix();
}

TEST(Run, RunsSubCoroutines) {
  Driver d(nested);
  d.apply(event::ActivityCompleted{1, R"({"text":"a"})"});
  EXPECT_EQ(result_of(d.apply(event::ActivityCompleted{2, R"({"text":"b"})"})), R"({"text":"nested ab"})");
  d.expect_replays_from_every_prefix();
}

TEST(Run, RunsActivitiesInParallelAndKeepsArgumentOrder) {
  Driver d(parallel);
  EXPECT_EQ(d.history().size(), 3u);
  EXPECT_TRUE(d.apply(event::ActivityCompleted{2, R"({"text":"second"})"}).empty());
  EXPECT_EQ(result_of(d.apply(event::ActivityCompleted{1, R"({"text":"first "})"})), R"({"text":"first second"})");
  d.expect_replays_from_every_prefix();
}

TEST(Run, ThrowsTheFirstErrorByPositionAfterAllEnded) {
  Driver d(parallel);
  EXPECT_TRUE(d.apply(event::ActivityFailed{2, {.message = "two"}, RetryState::non_retryable_failure, 1}).empty());
  const auto end = d.apply(event::ActivityFailed{1, {.message = "one"}, RetryState::non_retryable_failure, 1});
  EXPECT_EQ(std::get<command::FailWorkflow>(end.at(0)).failure.cause->message, "one");
  d.expect_replays_from_every_prefix();
}

TEST(Run, KeepsSignalsThatCameBeforeAnybodyAsked) {
  Driver d(two_steps);
  d.apply(event::WorkflowSignaled{"approved", R"({"item":"early"})", ""});
  d.apply(event::ActivityCompleted{1, R"({"text":"a"})"});
  d.expect_replays_from_every_prefix();
}

TEST(Run, ReceivesASignalAndCancelsTheTimeout) {
  Driver d(approval);
  const auto end = d.apply(event::WorkflowSignaled{"approved", R"({"item":"yes"})", ""});
  EXPECT_TRUE(std::holds_alternative<command::CancelTimer>(end.at(0)));
  EXPECT_EQ(std::get<command::CompleteWorkflow>(end.at(1)).result, R"({"text":"yes"})");
  d.expect_replays_from_every_prefix();
}

TEST(Run, ReceivesNothingWhenTheTimeoutComesFirst) {
  Driver d(approval);
  EXPECT_EQ(result_of(d.apply(event::TimerFired{1})), R"({"text":"timed out"})");
  d.expect_replays_from_every_prefix();
}

TEST(Run, LetsTheFirstOfTwoWin) {
  Driver d(race);
  const auto end = d.apply(event::TimerFired{2});
  EXPECT_TRUE(std::holds_alternative<command::CancelActivity>(end.at(0)));
  EXPECT_EQ(std::get<command::CompleteWorkflow>(end.at(1)).result, R"({"text":"too slow"})");
  d.expect_replays_from_every_prefix();
}

TEST(Run, CancelsTheTimerThatLost) {
  Driver d(race);
  const auto end = d.apply(event::ActivityCompleted{1, R"({"text":"paid"})"});
  EXPECT_EQ(std::get<command::CompleteWorkflow>(end.back()).result, R"({"text":"paid"})");
  d.expect_replays_from_every_prefix();
}

TEST(Run, CompensatesAfterACancelRequest) {
  Driver d(compensating);
  const auto commands = d.apply(event::WorkflowCancelRequested{"stop"});
  EXPECT_EQ(commands.size(), 2u);
  EXPECT_EQ(std::get<command::ScheduleActivity>(commands.at(1)).activity, "refund");
  EXPECT_EQ(result_of(d.apply(event::ActivityCompleted{2, "{}"})), R"({"text":"refunded"})");
  d.expect_replays_from_every_prefix();
}

TEST(Run, EndsAsCanceledWhenNobodyCatches) {
  Driver d(two_steps);
  const auto commands = d.apply(event::WorkflowCancelRequested{"stop"});
  EXPECT_TRUE(std::holds_alternative<command::CancelWorkflow>(commands.back()));
  d.expect_replays_from_every_prefix();
}

TEST(Run, NamesTheEventWhenTheCodeDoesSomethingElse) {
  Driver recorded(two_steps);
  const auto other = define(kShop, approval);
  holdfast::Run run(other, Driver::info());
  try {
    run.replay(kStart, 1, recorded.history());
    FAIL() << "replayed another workflow";
  } catch (const NondeterminismError& e) {
    EXPECT_STREQ(e.what(),
                 "Shop run 018bcfe5-6800-7000-8000-0123456789ab, event 2: history says ActivityScheduled of "
                 "charge (command 1), the code did TimerStarted (command 1)");
  }
}

TEST(Run, FailsTheRunForAnInputThatDoesNotFit) {
  const auto definition = define(kShop, two_steps);
  auto info = Driver::info();
  info.input = R"({"item":"tea","count":"many"})";
  holdfast::Run run(definition, info);
  const auto commands = run.apply(kStart, event::WorkflowStarted{});
  EXPECT_EQ(std::get<command::FailWorkflow>(commands.at(0)).failure.message,
            "$.count: expected an integer, got a string");
}

}  // namespace
}  // namespace holdfast
