#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include <holdfast/core/json_reader.hpp>

#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace std::chrono_literals;
using namespace store;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Schedules : public StoreContract {
 protected:
  ScheduleStore& schedules() { return store().schedules(); }

  static NewSchedule new_schedule(std::string id = "nightly") {
    NewSchedule schedule;
    schedule.key.schedule_id = std::move(id);
    schedule.content.definition = R"({"workflow_type":"Report"})";
    schedule.content.input = R"({"size": 3})";
    return schedule;
  }
  ScheduleKey create(std::string id = "nightly") {
    const auto schedule = new_schedule(std::move(id));
    EXPECT_TRUE(schedules().create_schedule(schedule));
    return schedule.key;
  }
  ScheduleRow row(const ScheduleKey& key) { return schedules().describe_schedule(key).value(); }

  ScheduledStart start_of(const ScheduleKey& key, std::string workflow_id = {}) {
    ScheduledStart start;
    start.run_id = new_id();
    start.workflow_id = workflow_id.empty() ? key.schedule_id + "-run" : std::move(workflow_id);
    start.workflow_type = "Report";
    start.task_queue = "default";
    start.scheduled_at = parse_rfc3339("2026-11-30T02:00:00Z");
    return start;
  }
  /// Advances the schedule and starts one run, which is watched.
  ScheduleDecision decision_of(const DueSchedule& due, Timestamp now) {
    ScheduleDecision decision;
    decision.key = due.row.key;
    decision.starts.push_back(start_of(due.row.key));
    decision.watched = {decision.starts.back().workflow_id};
    decision.state = R"({"actions":1})";
    decision.next_at = now + 1h;
    return decision;
  }
  /// Fires what is due with decision_of, after `change` had a look.
  FireReport fire(const std::function<void(ScheduleDecision&, const DueSchedule&)>& change = {}, int limit = 100) {
    return schedules().fire_schedules(limit, [&](Timestamp now, std::span<const DueSchedule> due) {
      std::vector<ScheduleDecision> out;
      for (const auto& one : due) {
        out.push_back(decision_of(one, now));
        if (change) change(out.back(), one);
      }
      return out;
    });
  }
};

TEST_P(Schedules, AreCreatedOnceDescribedAndDeleted) {
  NewSchedule schedule = new_schedule();
  schedule.content.memo = R"({"team":"ops"})";
  schedule.content.remaining_actions = 7;
  schedule.note = "made by hand";
  schedule.origin = "worker.yaml";
  schedule.paused = true;
  EXPECT_TRUE(schedules().create_schedule(schedule));
  EXPECT_FALSE(schedules().create_schedule(schedule));
  const ScheduleRow found = row(schedule.key);
  EXPECT_EQ(found.content.input, R"({"size": 3})");
  EXPECT_TRUE(same_json(found.content.memo, R"({"team":"ops"})"));
  EXPECT_EQ(found.content.remaining_actions, 7);
  EXPECT_EQ(found.note, "made by hand");
  EXPECT_EQ(found.origin, "worker.yaml");
  EXPECT_TRUE(found.paused);
  EXPECT_EQ(found.version, 1);
  EXPECT_TRUE(found.next_at);
  EXPECT_TRUE(schedules().delete_schedule(schedule.key));
  EXPECT_FALSE(schedules().delete_schedule(schedule.key));
  EXPECT_FALSE(schedules().describe_schedule(schedule.key));
}

TEST_P(Schedules, AnUpdateNeedsTheVersionThatItWasMadeFrom) {
  const auto key = create();
  ScheduleContent content = new_schedule().content;
  content.input = "5";
  EXPECT_EQ(schedules().update_schedule(key, content, 1), ScheduleChange::done);
  EXPECT_EQ(row(key).version, 2);
  EXPECT_EQ(row(key).content.input, "5");
  EXPECT_EQ(schedules().update_schedule(key, content, 1), ScheduleChange::other_version);
  EXPECT_EQ(schedules().update_schedule(key, content, 0), ScheduleChange::done);
  EXPECT_EQ(schedules().update_schedule({"default", "nobody"}, content, 0), ScheduleChange::not_found);
}

TEST_P(Schedules, AResumeForgetsTheTimeOfThePause) {
  const auto key = create();
  EXPECT_TRUE(schedules().pause_schedule(key, true, "on holiday"));
  EXPECT_EQ(row(key).note, "on holiday");
  EXPECT_TRUE(row(key).paused);
  const auto since = row(key).since;
  advance(1h);
  const auto moved = row(key).since;
  EXPECT_TRUE(schedules().pause_schedule(key, false, "back"));
  EXPECT_FALSE(row(key).paused);
  EXPECT_GE(row(key).since, moved + 1h);
  EXPECT_GE(row(key).since, since);
  const auto resumed = row(key).since;
  EXPECT_TRUE(schedules().pause_schedule(key, false, "again"));  // it was not paused
  EXPECT_EQ(row(key).since, resumed);
  EXPECT_FALSE(schedules().pause_schedule({"default", "nobody"}, true, ""));
}

TEST_P(Schedules, FiringStartsTheRunAndAdvancesTheSchedule) {
  NewSchedule schedule = new_schedule();
  schedule.content.search_attributes = R"({"tier":"gold"})";
  schedules().create_schedule(schedule);
  Uuid run_id;
  const auto report = fire([&](ScheduleDecision& decision, const DueSchedule& due) {
    EXPECT_EQ(due.row.content.definition, schedule.content.definition);
    EXPECT_THAT(due.watched, IsEmpty());
    run_id = decision.starts[0].run_id;
  });
  EXPECT_EQ(report.schedules, 1);
  EXPECT_EQ(report.starts, 1);
  ASSERT_TRUE(report.next_in);
  EXPECT_GT(*report.next_in, 59min);
  EXPECT_EQ(fire().schedules, 0);
  EXPECT_EQ(row(schedule.key).state, R"({"actions":1})");
  EXPECT_THAT(row(schedule.key).watched, ElementsAre("nightly-run"));
  const auto run = describe(run_id);
  EXPECT_EQ(run.summary.workflow_id, "nightly-run");
  EXPECT_EQ(run.input, R"({"size": 3})");
  EXPECT_TRUE(same_json(run.search_attributes, R"({"tier":"gold","ScheduledById":"nightly",
      "ScheduledStartTime":"2026-11-30T02:00:00.000000Z"})"));
  auto worker = new_worker();
  const auto claims = claim(worker);
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_TRUE(same_json(claims[0].scheduled, R"({"schedule_id":"nightly","last_result":null,"last_failure":null,
      "scheduled_at":"2026-11-30T02:00:00.000000Z"})"));
}

TEST_P(Schedules, RunsThatNoScheduleStartedKnowOfNone) {
  start();
  auto worker = new_worker();
  EXPECT_EQ(claim(worker).at(0).scheduled, "");
}

TEST_P(Schedules, NothingHappensIfTheDecisionFails) {
  const auto key = create();
  EXPECT_THROW(fire([](auto&, auto&) { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_EQ(row(key).state, "{}");
  EXPECT_THAT(store().list_runs({}), IsEmpty());
  EXPECT_EQ(fire().starts, 1);
}

TEST_P(Schedules, TheNextRunGetsTheResultAndTheFailureOfEarlierOnes) {
  const auto key = create();
  auto worker = new_worker();
  Uuid completed;
  fire([&](ScheduleDecision& decision, auto&) { completed = decision.starts[0].run_id; });
  claim(worker);
  commit(worker, closing(completed, 1, R"({"total":5})"));
  advance(1h);
  worker = new_worker();  // its lease ended meanwhile
  Uuid failed;
  fire([&](ScheduleDecision& decision, const DueSchedule& due) {
    ASSERT_EQ(due.watched.size(), 1u);
    EXPECT_EQ(due.watched[0].run_id, completed);
    EXPECT_EQ(due.watched[0].status, RunStatus::completed);
    failed = decision.starts[0].run_id;
    decision.starts[0].last_completed = completed;
  });
  EXPECT_THAT(claim(worker).at(0).scheduled, HasSubstr(R"({"total":5})"));
  auto end = closing(failed, 1);
  end.status = RunStatus::failed;
  end.failure = Failure{};
  end.failure->message = "out of paper";
  commit(worker, end);
  advance(1h);
  worker = new_worker();
  fire([&](ScheduleDecision& decision, const DueSchedule& due) {
    EXPECT_EQ(due.watched.at(0).status, RunStatus::failed);
    decision.starts[0].last_failed = failed;
  });
  EXPECT_THAT(claim(worker).at(0).scheduled, HasSubstr("out of paper"));
}

TEST_P(Schedules, OtherRunsAreEndedOrAskedToEndInTheSameCommit) {
  const Uuid ended = start("victim");
  const Uuid asked = start("asked");
  create();
  fire([](ScheduleDecision& decision, auto&) {
    decision.terminate = {"victim", "nobody"};
    decision.cancel = {"asked", "nobody"};
  });
  EXPECT_EQ(describe(ended).summary.status, RunStatus::terminated);
  EXPECT_EQ(describe(asked).unread_messages, 1);
}

TEST_P(Schedules, AWorkflowIdThatIsInUseIsNotStartedTwice) {
  start("nightly-run");
  const auto key = create();
  EXPECT_EQ(fire().starts, 0);
  EXPECT_EQ(row(key).state, R"({"actions":1})");
}

TEST_P(Schedules, WatchedRunsThatAreGoneHaveNoStatus) {
  create();
  fire([](ScheduleDecision& decision, auto&) {
    decision.starts.clear();
    decision.watched = {"was purged"};
  });
  advance(1h);
  fire([](auto&, const DueSchedule& due) {
    EXPECT_EQ(due.watched.at(0).workflow_id, "was purged");
    EXPECT_EQ(due.watched.at(0).status, std::nullopt);
  });
}

TEST_P(Schedules, ADecisionMayPauseAndSayWhy) {
  const auto key = create();
  fire([](ScheduleDecision& decision, auto&) {
    decision.paused = true;
    decision.note = "a run failed";
    decision.error = "cron[0] is wrong";
    decision.next_at.reset();
    decision.remaining_actions = 2;
  });
  const auto after = row(key);
  EXPECT_TRUE(after.paused);
  EXPECT_EQ(after.note, "a run failed");
  EXPECT_EQ(after.error, "cron[0] is wrong");
  EXPECT_EQ(after.content.remaining_actions, 2);
  EXPECT_EQ(after.next_at, std::nullopt);
  EXPECT_EQ(fire().next_in, std::nullopt);
  schedules().update_schedule(key, new_schedule().content, 0);
  EXPECT_EQ(row(key).error, "");
}

TEST_P(Schedules, ARequestMakesAScheduleDueAndIsKeptOnce) {
  const auto key = create();
  fire();
  EXPECT_EQ(schedules().request_schedule(key, R"({"trigger":"2026-11-30T00:00:00Z"})"), ScheduleChange::done);
  EXPECT_EQ(schedules().request_schedule(key, R"({"trigger": "2026-11-30T00:00:00Z"})"), ScheduleChange::done);
  EXPECT_EQ(schedules().request_schedule({"default", "nobody"}, "{}"), ScheduleChange::not_found);
  int requests = 0;
  fire([&](ScheduleDecision& decision, const DueSchedule& due) {
    JsonReader in(due.row.requests);
    in.array([&] {
      in.skip();
      ++requests;
    });
    decision.starts.clear();
  });
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(row(key).requests, "[]");
}

TEST_P(Schedules, ThereIsALimitToRequests) {
  const auto key = create();
  ScheduleChange last = ScheduleChange::done;
  for (int i = 0; i < 1000 && last == ScheduleChange::done; ++i)
    last = schedules().request_schedule(key, R"({"n":)" + std::to_string(i) + "}");
  EXPECT_EQ(last, ScheduleChange::done);
  EXPECT_EQ(schedules().request_schedule(key, "{}"), ScheduleChange::too_many);
}

TEST_P(Schedules, OnlySchedulesThatWaitForARunCanBeHurried) {
  const auto busy = create("busy");
  create("idle");
  fire([&](ScheduleDecision& decision, const DueSchedule& due) { decision.waiting = due.row.key == busy; });
  const std::vector<ScheduleKey> keys{busy, {"default", "idle"}, {"default", "nobody"}};
  EXPECT_EQ(schedules().hurry_schedules(keys), 1);
  std::vector<std::string> fired;
  fire([&](ScheduleDecision& decision, const DueSchedule& due) {
    fired.push_back(due.row.key.schedule_id);
    decision.starts.clear();
  });
  EXPECT_THAT(fired, ElementsAre("busy"));
}

TEST_P(Schedules, TheListIsByIdAndFiltered) {
  for (const char* id : {"a-1", "a-2", "b-1"}) create(id);
  NewSchedule other = new_schedule("a-0");
  other.key.namespace_ = "elsewhere";
  schedules().create_schedule(other);
  schedules().pause_schedule({"default", "a-2"}, true, "");
  const auto ids = [&](const ScheduleFilter& filter) {
    std::vector<std::string> out;
    for (const auto& found : schedules().list_schedules(filter)) out.push_back(found.key.schedule_id);
    return out;
  };
  EXPECT_THAT(ids({}), ElementsAre("a-1", "a-2", "b-1"));
  EXPECT_THAT(ids({.id_prefix = "a-"}), ElementsAre("a-1", "a-2"));
  EXPECT_THAT(ids({.paused = true}), ElementsAre("a-2"));
  EXPECT_THAT(ids({.origin = "x"}), IsEmpty());
  EXPECT_THAT(ids({.after = "a-1", .limit = 1}), ElementsAre("a-2"));
}

TEST_P(Schedules, APeekTellsWhenTheNextIsDue) {
  const std::vector<std::string> queues{"default"};
  EXPECT_EQ(store().peek({}, queues).schedule_due_in, std::nullopt);
  create();
  EXPECT_EQ(store().peek({}, queues).schedule_due_in, Duration(0));
  fire();
  const auto due_in = store().peek({}, queues).schedule_due_in;
  ASSERT_TRUE(due_in);
  EXPECT_GT(*due_in, 59min);
  EXPECT_LE(*due_in, 1h);
}

TEST_P(Schedules, ManyWhoFireAtOnceFireEachOnce) {
  constexpr int kSchedules = 60;
  for (int i = 0; i < kSchedules; ++i) create("s-" + std::to_string(i));
  std::atomic<int> starts = 0, fired = 0;
  std::mutex ids;  // new_id() is the test's
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const auto give_up = std::chrono::steady_clock::now() + 60s;
      while (fired < kSchedules && std::chrono::steady_clock::now() < give_up) {
        const auto report = schedules().fire_schedules(7, [&](Timestamp now, std::span<const DueSchedule> due) {
          const std::lock_guard lock(ids);
          std::vector<ScheduleDecision> out;
          for (const auto& one : due) out.push_back(decision_of(one, now));
          return out;
        });
        starts += report.starts;
        fired += report.schedules;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(fired, kSchedules);
  EXPECT_EQ(starts, kSchedules);
  EXPECT_EQ(store().list_runs({.limit = 1000}).size(), static_cast<std::size_t>(kSchedules));
}

TEST_P(Schedules, RefuseBadInput) {
  const auto refuses = [&](auto change, const char* words) {
    NewSchedule schedule = new_schedule();
    change(schedule);
    try {
      schedules().create_schedule(schedule);
      ADD_FAILURE() << "accepted; expected " << words;
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), HasSubstr(words));
    }
  };
  refuses([](NewSchedule& s) { s.key.schedule_id = ""; }, "schedule_id is empty");
  refuses([](NewSchedule& s) { s.key.schedule_id = std::string(901, 'x'); }, "schedule_id has 901 bytes");
  refuses([](NewSchedule& s) { s.key.schedule_id = std::string("a\0b", 3); }, "schedule_id holds a NUL byte");
  refuses([](NewSchedule& s) { s.key.namespace_ = "\xff"; }, "namespace is not valid UTF-8");
  refuses([](NewSchedule& s) { s.content.definition = ""; }, "definition is empty");
  refuses([](NewSchedule& s) { s.content.definition = "[]"; }, "definition is not a JSON object");
  refuses([](NewSchedule& s) { s.content.input = "{"; }, "input is not JSON");
  refuses([](NewSchedule& s) { s.content.memo = R"({"a":"\u0000"})"; }, "memo holds an escape");
  refuses([](NewSchedule& s) { s.content.remaining_actions = -1; }, "remaining_actions is -1");
  EXPECT_THROW(schedules().list_schedules({.limit = 0}), InvalidArgument);
  EXPECT_THROW(schedules().fire_schedules(0, {}), InvalidArgument);
  EXPECT_THROW(schedules().request_schedule(create(), "x"), InvalidArgument);
}

HOLDFAST_ON_EVERY_STORE(Schedules);

}  // namespace
}  // namespace holdfast::test
