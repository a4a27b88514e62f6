#include <map>

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

const Query<Amount, Amount> kBalance{"balance"};
struct Named {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Named, (), (name))
const Query<Nothing, Named> kName{"name"};
const Signal<Amount> kAdd{"add"};
const WorkflowType<Amount, Amount> kAccount{"Account", "default"};
const Timestamp kStart{1'700'000'000s};

Workflow<Amount> account(Context ctx, Amount balance) {
  ctx.on_query(kBalance, [&, ctx](const Amount& plus) mutable {
    if (plus.cents == 1) throw ApplicationError("Refused", "ask something else");
    if (plus.cents == 2) throw std::runtime_error("a bug");
    if (plus.cents == 3) (void)ctx.sleep(1s);
    if (plus.cents == 4) (void)ctx.uuid();
    if (plus.cents == 5) (void)ctx.receive(kAdd);
    return Amount{balance.cents + plus.cents};
  });
  for (;;) {
    const auto more = co_await ctx.receive(kAdd);
    if (more.cents == 0) break;
    balance.cents += more.cents;
  }
  co_return balance;
}

class Queries : public testing::Test {
 protected:
  WorkflowDefinition definition = define(kAccount, account);
  holdfast::Run run{definition,
                    {.run_id = Uuid::parse("018bcfe5-6800-7000-8000-0123456789ab"),
                     .workflow_id = "w",
                     .workflow_type = "Account",
                     .task_queue = "default",
                     .input = R"({"cents":100})",
                     .started_at = kStart}};
  void SetUp() override { run.apply(kStart, event::WorkflowStarted{}); }
  std::string failure_of(int cents) {
    const auto answer = run.query("balance", encode(Amount{cents}));
    return answer.failure ? answer.failure->type : "none";
  }
};

TEST_F(Queries, SeeWhatTheWorkflowHasInItsVariables) {
  EXPECT_EQ(run.query("balance", R"({"cents":0})").result, R"({"cents":100})");
  run.apply(kStart, event::WorkflowSignaled{"add", R"({"cents":7})", ""});
  EXPECT_EQ(run.query("balance", R"({"cents":1000})").result, R"({"cents":1107})");
}

TEST_F(Queries, OfARunThatWasTerminatedAreAnsweredToo) {
  run.apply(kStart, event::WorkflowSignaled{"add", R"({"cents":7})", ""});
  run.apply(kStart, event::WorkflowTerminated{"enough"});
  EXPECT_EQ(run.query("balance", R"({"cents":0})").result, R"({"cents":107})");
}

/// Its variables are gone when it ends, by return or by exception.
Workflow<Amount> keeper(Context ctx, Amount start) {
  std::map<std::string, std::vector<int>> book{{"a name that is too long to be kept in place", {start.cents}}};
  ctx.on_query(kBalance, [&](const Amount&) {
    int sum = 0;
    for (const auto& [name, entries] : book)
      for (const int entry : entries) sum += entry;
    return Amount{sum};
  });
  for (;;) {
    const auto more = co_await ctx.receive(kAdd);
    book.begin()->second.push_back(more.cents);
    if (more.cents == 1) co_return Amount{1};
    if (more.cents == 2) throw ApplicationError("Broken", "as told");
    if (more.cents == 3) throw ctx.continue_as_new(start);
  }
}

std::vector<HistoryRow> history_of(const WorkflowDefinition& definition, const RunInfo& info,
                                   std::vector<int> amounts) {
  holdfast::Run run(definition, info);
  std::vector<HistoryRow> rows;
  const auto apply = [&](const Event& input) {
    const auto first = run.next_event_id();
    std::vector<Event> row{input};
    for (const auto& command : run.apply(kStart, input)) row.push_back(to_event(command));
    rows.push_back({first, kStart, encode_events(row)});
  };
  apply(event::WorkflowStarted{});
  for (const int cents : amounts) apply(event::WorkflowSignaled{"add", encode(Amount{cents}), ""});
  return rows;
}

TEST_F(Queries, OfARunWhoseCodeEndedSeeWhatItHadThen) {
  const auto keeping = define(kAccount, keeper);
  const RunInfo info{.run_id = Uuid::parse("018bcfe5-6800-7000-8000-0123456789ab"),
                     .workflow_id = "w",
                     .workflow_type = "Account",
                     .task_queue = "default",
                     .input = R"({"cents":100})",
                     .started_at = kStart};
  const auto ask = [&](std::vector<int> amounts) {
    return query_history(keeping, info, history_of(keeping, info, std::move(amounts)), "balance", R"({"cents":0})");
  };
  EXPECT_EQ(ask({}).result, R"({"cents":100})") << "open";
  EXPECT_EQ(ask({10, 20}).result, R"({"cents":130})") << "open";
  EXPECT_EQ(ask({10, 1}).result, R"({"cents":111})") << "returned";
  EXPECT_EQ(ask({10, 2}).result, R"({"cents":110})") << "failed: as it last waited";
  EXPECT_EQ(ask({10, 3}).result, R"({"cents":110})") << "continued as new";
  EXPECT_EQ(ask({2}).result, R"({"cents":100})");
}

Workflow<Named> renamed(Context ctx, Named name) {
  ctx.on_query(kName, [&](const Nothing&) { return name; });
  co_await ctx.receive(kAdd);
  co_return name;
}

TEST_F(Queries, SeeWhatIsReturnedBeforeItIsMovedAway) {
  const auto definition_of_it = define(WorkflowType<Named, Named>{"Renamed", "default"}, renamed);
  const RunInfo info{.run_id = Uuid::parse("018bcfe5-6800-7000-8000-0123456789ab"),
                     .workflow_id = "w",
                     .workflow_type = "Renamed",
                     .task_queue = "default",
                     .input = R"({"name":"a name that is too long to be kept in place"})",
                     .started_at = kStart};
  EXPECT_EQ(query_history(definition_of_it, info, history_of(definition_of_it, info, {1}), "name", "{}").result,
            info.input);
}

Workflow<Amount> stillborn(Context ctx, Amount) {
  ctx.on_query(kBalance, [](const Amount&) { return Amount{1}; });
  throw ApplicationError("Broken", "at once");
  co_return Amount{};
}

TEST_F(Queries, OfARunThatNeverWaitedAreRefused) {
  const auto broken = define(kAccount, stillborn);
  const RunInfo info{.run_id = Uuid::parse("018bcfe5-6800-7000-8000-0123456789ab"),
                     .workflow_id = "w",
                     .workflow_type = "Account",
                     .task_queue = "default",
                     .input = "{}",
                     .started_at = kStart};
  EXPECT_EQ(query_history(broken, info, history_of(broken, info, {}), "balance", "{}").failure->type, "RunEnded");
}

TEST_F(Queries, MayOnlyLook) {
  for (const int cents : {3, 4, 5}) EXPECT_EQ(failure_of(cents), "ReadOnly") << cents;
  EXPECT_TRUE(run.pending_timers().empty());
  const auto next = run.next_event_id();
  run.apply(kStart, event::WorkflowSignaled{"add", R"({"cents":7})", ""});
  EXPECT_EQ(run.next_event_id(), next + 1) << "nothing was asked for";
}

TEST_F(Queries, FailuresAreAnswers) {
  EXPECT_EQ(failure_of(1), "Refused");
  EXPECT_EQ(failure_of(2), "QueryFailed");
  EXPECT_EQ(run.query("balance", R"({"cents":"many"})").failure->type, "InvalidInput");
  EXPECT_EQ(run.query("debts", "{}").failure->message,
            "workflow Account has no handler for query debts; it has: __waiting_for, balance");
}

TEST_F(Queries, EveryRunTellsWhatItWaitsFor) { EXPECT_EQ(run.query("__waiting_for", "{}").result, R"("signal add")"); }

}  // namespace
}  // namespace holdfast
