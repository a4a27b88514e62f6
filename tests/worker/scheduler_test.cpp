#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/client/schedule_reconciliation.hpp>
#include <holdfast/store/memory/manual_clock.hpp>
#include <holdfast/store/memory/memory_store.hpp>
#include <holdfast/worker/worker.hpp>

// The whole way: a client makes a schedule, a worker fires it and runs what it starts, on a clock that the test moves.
namespace holdfast::worker {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Count {
  int runs = 0;
  std::string scheduled_at;
  std::string failure;
};
BOOST_DESCRIBE_STRUCT(Count, (), (runs, scheduled_at, failure))
struct Order {
  bool fail = false;
  bool wait = false;
};
BOOST_DESCRIBE_STRUCT(Order, (), (fail, wait))

const Signal<Nothing> done{"done"};

Workflow<Count> counting(Context ctx, Order order) {
  const auto before = ctx.last_result<Count>();
  const auto by = ctx.schedule();
  Count out{before ? before->runs + 1 : 1, by ? to_rfc3339(by->scheduled_at) : "", ""};
  if (const auto failure = ctx.last_failure()) out.failure = failure->message;
  if (order.wait) co_await ctx.receive(done);
  if (order.fail) throw ApplicationError("Broken", "it broke at " + out.scheduled_at);
  co_return out;
}

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() {
    registry.add(WorkflowType<Order, Count>{"counting", "default"}, counting);
    WorkerOptions options;
    options.idle_poll = 10ms;
    options.lease = 1h * 24 * 365;  // the test's clock jumps
    options.log = [](std::string_view, std::string_view) {};
    worker = std::make_unique<Worker>(store, registry, options);
    worker->start();
  }

  static client::ScheduleRequest every_hour() {
    client::ScheduleRequest request;
    request.definition.workflow_type = "counting";
    request.definition.spec.cron = {"0 * * * *"};
    return request;
  }
  template <class Condition>
  bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }
  std::optional<store::RunDescription> find(const std::string& workflow_id) {
    return store.describe_run({"default", workflow_id, {}});
  }
  /// Waits for a run's end.
  store::RunDescription ended(const std::string& workflow_id) {
    EXPECT_TRUE(eventually([&] {
      const auto run = find(workflow_id);
      return run && run->summary.status != store::RunStatus::running;
    })) << workflow_id;
    return find(workflow_id).value_or(store::RunDescription{});
  }
  Count result(const std::string& workflow_id) { return decode<Count>(ended(workflow_id).result); }

  store::ManualClock clock;  // 2026-01-01T00:00:00Z
  store::MemoryStore store{{.now = [this] { return clock.now(); }}};
  client::Client client{store, {.notify = true}};
  client::Schedules schedules{client};
  Registry registry;
  std::unique_ptr<Worker> worker;
};

TEST_F(SchedulerTest, RunsKnowTheirTimeAndTheResultOfTheRunBefore) {
  schedules.create("hourly", every_hour());
  clock.advance(1h);
  EXPECT_EQ(result("hourly-2026-01-01T01:00:00Z").scheduled_at, "2026-01-01T01:00:00.000000Z");
  clock.advance(1h);
  EXPECT_EQ(result("hourly-2026-01-01T02:00:00Z").runs, 2);
  clock.advance(1h);
  EXPECT_EQ(result("hourly-2026-01-01T03:00:00Z").runs, 3);
  const auto seen = schedules.describe("hourly");
  EXPECT_EQ(seen.state.actions, 3);
  EXPECT_EQ(seen.recent.at(0).status, store::RunStatus::completed);
  EXPECT_EQ(seen.next_times.at(0), parse_rfc3339("2026-01-01T04:00:00Z"));
  EXPECT_EQ(worker->stats().scheduled_starts, 3);
}

TEST_F(SchedulerTest, ARunLearnsWhyTheOneBeforeFailed) {
  auto request = every_hour();
  request.input = R"({"fail":true})";
  schedules.create("hourly", request);
  clock.advance(1h);
  EXPECT_EQ(ended("hourly-2026-01-01T01:00:00Z").summary.status, store::RunStatus::failed);
  request.input = "{}";
  schedules.update("hourly", request);
  clock.advance(1h);
  EXPECT_THAT(result("hourly-2026-01-01T02:00:00Z").failure, HasSubstr("it broke at 2026-01-01T01:00:00"));
}

TEST_F(SchedulerTest, ABufferedRunStartsWhenTheOneBeforeItEnds) {
  auto request = every_hour();
  request.definition.overlap = schedule::Overlap::buffer_one;
  request.input = R"({"wait":true})";
  schedules.create("hourly", request);
  clock.advance(1h);
  EXPECT_TRUE(eventually([&] { return find("hourly-2026-01-01T01:00:00Z").has_value(); }));
  clock.advance(1h);
  EXPECT_TRUE(eventually([&] { return schedules.describe("hourly").state.buffer.size() == 1; }));
  EXPECT_FALSE(find("hourly-2026-01-01T02:00:00Z"));
  client.signal_json({"default", "hourly-2026-01-01T01:00:00Z", {}}, "done", "{}");
  ended("hourly-2026-01-01T01:00:00Z");
  EXPECT_TRUE(eventually([&] { return find("hourly-2026-01-01T02:00:00Z").has_value(); }));
}

TEST_F(SchedulerTest, PauseOnFailureStopsItUntilSomebodyResumes) {
  auto request = every_hour();
  request.definition.pause_on_failure = true;
  request.input = R"({"fail":true})";
  schedules.create("hourly", request);
  clock.advance(1h);
  ended("hourly-2026-01-01T01:00:00Z");
  EXPECT_TRUE(eventually([&] { return schedules.describe("hourly").row.paused; }));
  EXPECT_THAT(schedules.describe("hourly").row.note, HasSubstr("failed"));
  schedules.resume("hourly", "mended");
  clock.advance(1h);
  ended("hourly-2026-01-01T02:00:00Z");
}

TEST_F(SchedulerTest, ATriggerWorksWhilePausedAndABackfillRunsThePast) {
  schedules.create("hourly", every_hour(), {.paused = true});
  const auto id = schedules.trigger("hourly");
  EXPECT_EQ(result(id).runs, 1);
  clock.advance(5h);
  schedules.backfill("hourly", parse_rfc3339("2026-01-01T01:00:00Z"), parse_rfc3339("2026-01-01T03:00:00Z"),
                     schedule::Overlap::allow_all);
  for (const char* hour : {"01", "02", "03"}) ended("hourly-2026-01-01T" + std::string(hour) + ":00:00Z");
  EXPECT_FALSE(find("hourly-2026-01-01T04:00:00Z"));
}

TEST_F(SchedulerTest, ABadScheduleFromElsewhereGetsAnErrorAndHurtsNoOther) {
  store::NewSchedule bad;
  bad.key.schedule_id = "bad";
  bad.content.definition = R"({"workflow_type":"counting","spec":{"cron":["61 * * * *"]}})";
  store.schedules().create_schedule(bad);
  schedules.create("good", every_hour());
  clock.advance(1h);
  ended("good-2026-01-01T01:00:00Z");
  EXPECT_TRUE(eventually([&] { return !schedules.describe("bad").row.error.empty(); }));
  EXPECT_THAT(schedules.describe("bad").row.error, HasSubstr("cron[0] minute is '61'; allowed: 0 to 59"));
}

TEST_F(SchedulerTest, TheClientRefusesWhatCannotWork) {
  auto request = every_hour();
  request.definition.spec.time_zone = "Mars/Olympus";
  EXPECT_THROW(schedules.create("x", request), store::InvalidArgument);
  EXPECT_THROW(schedules.create("", every_hour()), store::InvalidArgument);
  EXPECT_THROW(schedules.describe("nobody"), client::NotFoundError);
  EXPECT_THROW(schedules.trigger("nobody"), client::NotFoundError);
  EXPECT_THROW(schedules.remove("nobody"), client::NotFoundError);
  schedules.create("x", every_hour());
  EXPECT_THROW(schedules.create("x", every_hour()), client::ScheduleExistsError);
  schedules.update("x", every_hour(), 1);
  EXPECT_THROW(schedules.update("x", every_hour(), 1), client::ScheduleChangedError);
  EXPECT_THROW(schedules.backfill("x", clock.now(), clock.now() + 1h), store::InvalidArgument);
  EXPECT_THROW(schedules.backfill("x", clock.now(), clock.now() - 1h), store::InvalidArgument);
}

TEST_F(SchedulerTest, CreateOrUpdateChangesOnlyWhatIsDifferent) {
  auto request = every_hour();
  request.memo = R"({"a":1,"b":2})";
  EXPECT_EQ(schedules.create_or_update("x", request, {.origin = "yaml"}), client::ScheduleUpsert::created);
  schedules.pause("x", "by hand");
  EXPECT_EQ(schedules.create_or_update("x", request, {.origin = "yaml"}), client::ScheduleUpsert::unchanged);
  request.definition.spec.jitter = "10s";
  EXPECT_EQ(schedules.create_or_update("x", request, {.origin = "yaml"}), client::ScheduleUpsert::updated);
  const auto row = schedules.describe("x").row;
  EXPECT_TRUE(row.paused);
  EXPECT_EQ(row.note, "by hand");
  EXPECT_EQ(row.version, 2);
}

TEST_F(SchedulerTest, AConfigurationKeepsItsSchedulesAndNoOthers) {
  schedules.create("by-hand", every_hour());
  const std::vector<client::DeclaredSchedule> two{{.id = "a", .request = every_hour(), .paused = true, .note = "new"},
                                                  {.id = "b", .request = every_hour()}};
  auto report = client::reconcile(schedules, two, "yaml", false);
  EXPECT_THAT(report.created, testing::ElementsAre("a", "b"));
  EXPECT_TRUE(schedules.describe("a").row.paused);
  schedules.resume("a", "by hand");
  EXPECT_EQ(client::reconcile(schedules, two, "yaml", false).unchanged, 2);
  EXPECT_FALSE(schedules.describe("a").row.paused);
  const std::vector<client::DeclaredSchedule> one{{.id = "a", .request = every_hour()}};
  report = client::reconcile(schedules, one, "yaml", false);
  EXPECT_THAT(report.undeclared, testing::ElementsAre("b"));
  report = client::reconcile(schedules, one, "yaml", true);
  EXPECT_THAT(report.removed, testing::ElementsAre("b"));
  EXPECT_EQ(schedules.list().size(), 2u);
}

}  // namespace
}  // namespace holdfast::worker
