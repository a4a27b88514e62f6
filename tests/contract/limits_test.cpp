#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include "activity_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class Limits : public ActivityContract {
 protected:
  LimitStore& limits() { return store().limits(); }
  void limit_key(std::string key, LimitRule rule) {
    limits().set_limit({{LimitScope::key, std::move(key)}, rule, "me", "", ""});
  }
  void limit_queue(LimitRule rule) { limits().set_limit({{LimitScope::queue, "payments"}, rule, "me", "", ""}); }

  /// A due task of a new run, later than those before it.
  Uuid add(const std::string& key) {
    auto task = new_task(1, store().now());
    task.options.limit_key = key;
    const auto id = start_with_task(owner_, task);
    advance(1ms);
    EXPECT_TRUE(renews(owner_, std::chrono::hours(1)));
    return id;
  }
  void add(const std::string& key, int count) {
    for (int i = 0; i < count; ++i) add(key);
  }
  /// Ends attempts as a worker does.
  void finish_all(const std::vector<ClaimedActivity>& tasks, WorkerId worker, Kind kind = Kind::completed) {
    std::vector<ActivityOutcome> outcomes;
    for (const auto& task : tasks) {
      outcomes.push_back(outcome(kind, task.key, worker));
      outcomes.back().limit_key = task.options.limit_key;
      if (task.queue_limited) outcomes.back().limited_queue = task.task_queue;
    }
    EXPECT_EQ(store().finish_activities(outcomes).dropped, 0);
  }
  Readiness peek() { return store().peek({}, payments_); }
  Worker worker_alive() {
    auto worker = new_worker({"payments"});
    EXPECT_TRUE(renews(worker, std::chrono::hours(1)));
    return worker;
  }
  void advance_all(Duration by) {
    advance(by);
    for (const auto* worker : {&owner_, &one_, &two_}) EXPECT_TRUE(renews(*worker, std::chrono::hours(1)));
  }

  Worker owner_ = worker_alive(), one_ = worker_alive(), two_ = worker_alive();
};
HOLDFAST_ON_EVERY_STORE(Limits);

std::vector<std::string> keys_of(const std::vector<ClaimedActivity>& tasks) {
  std::vector<std::string> keys;
  for (const auto& task : tasks) keys.push_back(task.options.limit_key);
  std::ranges::sort(keys);
  return keys;
}

TEST_P(Limits, ATaskWithAKeyThatNobodyLimitsIsClaimedLikeAnyOther) {
  add("endpoint/1", 3);
  add("");
  EXPECT_TRUE(peek().activities);
  const auto tasks = claim_tasks(one_);
  EXPECT_THAT(keys_of(tasks), ElementsAre("", "endpoint/1", "endpoint/1", "endpoint/1"));
  EXPECT_FALSE(tasks[0].queue_limited);
  EXPECT_FALSE(peek().activities);
}

TEST_P(Limits, SeveralWorkersTogetherNeverRunMoreOfAKeyThanItsLimit) {
  limit_key("endpoint/1", {.max_concurrent = 3});
  add("endpoint/1", 5);
  const auto first = claim_tasks(one_, 2);
  EXPECT_EQ(first.size(), 2u);
  const auto second = claim_tasks(two_);
  EXPECT_EQ(second.size(), 1u);
  EXPECT_TRUE(claim_tasks(one_).empty());
  EXPECT_FALSE(peek().activities) << "nothing can start: a busy loop";
  finish_all(first, one_.id);
  EXPECT_TRUE(peek().activities);
  EXPECT_EQ(claim_tasks(two_).size(), 2u);
  EXPECT_FALSE(peek().activities);
}

TEST_P(Limits, ABlockedKeyHoldsUpNeitherOtherKeysNorTasksWithoutOne) {
  limit_key("endpoint/*", {.max_concurrent = 1});
  add("endpoint/1", 20);
  add("endpoint/2", 2);
  add("other");
  add("");
  EXPECT_THAT(keys_of(claim_tasks(one_)), ElementsAre("", "endpoint/1", "endpoint/2", "other"));
  add("endpoint/3");
  add("");
  EXPECT_TRUE(peek().activities);
  EXPECT_THAT(keys_of(claim_tasks(one_)), ElementsAre("", "endpoint/3"));
}

TEST_P(Limits, PlentyOfTasksWithKeysDoNotKeepTheOthersFromStarting) {
  limit_key("k", {.max_concurrent = 1000});
  add("k", 12);
  add("", 2);
  int without = 0;
  for (int i = 0; i < 14; ++i) {
    const auto tasks = claim_tasks(one_, 1);
    ASSERT_EQ(tasks.size(), 1u);
    without += tasks[0].options.limit_key.empty() ? 1 : 0;
  }
  EXPECT_EQ(without, 2);
}

TEST_P(Limits, TheLongestWaitingTaskOfAKeyStartsFirst) {
  limit_key("k", {.max_concurrent = 1});
  std::vector<Uuid> added, started;
  for (int i = 0; i < 4; ++i) added.push_back(add("k"));
  for (int i = 0; i < 4; ++i) {
    const auto tasks = claim_tasks(one_);
    ASSERT_EQ(tasks.size(), 1u);
    started.push_back(tasks[0].key.run_id);
    finish_all(tasks, one_.id);
  }
  EXPECT_EQ(started, added);
}

TEST_P(Limits, TheLimitOfAQueueCountsTasksWithAndWithoutKeys) {
  limit_queue({.max_concurrent = 3});
  limit_key("k", {.max_concurrent = 1});
  add("k", 3);
  add("", 5);
  const auto first = claim_tasks(one_);
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(std::ranges::count(keys_of(first), "k"), 1);
  EXPECT_TRUE(std::ranges::all_of(first, &ClaimedActivity::queue_limited));
  EXPECT_TRUE(claim_tasks(two_).empty());
  const auto seen = peek();
  EXPECT_FALSE(seen.activities);
  EXPECT_THAT(seen.limited_queues, ElementsAre("payments"));
  finish_all(first, one_.id);
  EXPECT_TRUE(peek().activities);
  EXPECT_EQ(claim_tasks(two_).size(), 3u);
}

TEST_P(Limits, KeysOfALimitedQueueGetTheirTurns) {
  limit_queue({.max_concurrent = 2});
  add("a", 6);
  add("b", 6);
  std::set<std::string> seen;
  for (int i = 0; i < 4; ++i) {
    const auto tasks = claim_tasks(one_);
    ASSERT_EQ(tasks.size(), 2u);
    for (const auto& key : keys_of(tasks)) seen.insert(key);
    finish_all(tasks, one_.id);
  }
  EXPECT_TRUE(seen.contains("a"));
}

TEST_P(Limits, ARateLetsABurstStartAndThenOneAfterTheOther) {
  limit_key("k", {.rate = 10, .per = 1min, .burst = 2});
  add("k", 5);
  const auto first = claim_tasks(one_);
  ASSERT_EQ(first.size(), 2u);
  finish_all(first, one_.id);
  EXPECT_TRUE(claim_tasks(one_).empty());
  const auto seen = peek();
  EXPECT_FALSE(seen.activities);
  ASSERT_TRUE(seen.limits_due_in);
  EXPECT_GT(*seen.limits_due_in, 1s);
  EXPECT_LE(*seen.limits_due_in, 6s);
  advance_all(6s);
  EXPECT_TRUE(peek().activities);
  EXPECT_EQ(claim_tasks(one_).size(), 1u);
  EXPECT_FALSE(peek().activities);
  advance_all(60s);
  EXPECT_EQ(claim_tasks(one_).size(), 2u) << "a pause saves up a burst, and no more";
}

TEST_P(Limits, TheRateOfAQueueHolds) {
  limit_queue({.rate = 1, .per = 4s});
  add("", 2);
  add("k", 1);
  EXPECT_EQ(claim_tasks(one_).size(), 1u);
  EXPECT_FALSE(peek().activities);
  ASSERT_TRUE(peek().limits_due_in);
  advance_all(4s);
  EXPECT_TRUE(peek().activities);
  EXPECT_EQ(claim_tasks(two_).size(), 1u);
  advance_all(4s);
  EXPECT_EQ(claim_tasks(two_).size(), 1u);
}

TEST_P(Limits, EachKeyOfAClassHasTheClasssLimitUnlessItHasItsOwn) {
  limit_key("endpoint/*", {.max_concurrent = 1});
  limit_key("endpoint/big", {.max_concurrent = 4});
  add("endpoint/big", 5);
  add("endpoint/a", 2);
  add("endpoint/b", 2);
  add("endpoint/b/c", 2);
  EXPECT_THAT(keys_of(claim_tasks(one_, 100)),
              ElementsAre("endpoint/a", "endpoint/b", "endpoint/b/c", "endpoint/b/c", "endpoint/big", "endpoint/big",
                          "endpoint/big", "endpoint/big"));
}

TEST_P(Limits, ALoweredLimitEndsNothingAndARaisedOneStartsAtOnce) {
  limit_key("k", {.max_concurrent = 3});
  add("k", 6);
  auto running = claim_tasks(one_);
  ASSERT_EQ(running.size(), 3u);
  limit_key("k", {.max_concurrent = 1});
  EXPECT_TRUE(claim_tasks(one_).empty());
  finish_all({running[0], running[1]}, one_.id);
  EXPECT_TRUE(claim_tasks(one_).empty()) << "one still runs";
  limit_key("k", {.max_concurrent = 3});
  EXPECT_TRUE(peek().activities);
  EXPECT_EQ(claim_tasks(one_).size(), 2u);
  limit_key("k", {.max_concurrent = 0});
  EXPECT_TRUE(claim_tasks(two_).empty());
  EXPECT_TRUE(limits().delete_limit({LimitScope::key, "k"}));
  EXPECT_FALSE(limits().delete_limit({LimitScope::key, "k"}));
  EXPECT_EQ(claim_tasks(two_).size(), 1u);
}

TEST_P(Limits, ALimitOfZeroStopsAQueueAndDeletingItLetsItGoOn) {
  limit_queue({.max_concurrent = 0});
  add("", 2);
  add("k");
  EXPECT_TRUE(claim_tasks(one_).empty());
  EXPECT_FALSE(peek().activities);
  EXPECT_TRUE(limits().delete_limit({LimitScope::queue, "payments"}));
  EXPECT_TRUE(peek().activities);
  EXPECT_EQ(claim_tasks(one_).size(), 3u);
}

TEST_P(Limits, AWorkerThatDiesGivesItsPlacesBack) {
  limit_queue({.max_concurrent = 2});
  limit_key("k", {.max_concurrent = 2});
  add("k", 3);
  auto dying = new_worker({"payments"});
  ASSERT_EQ(claim_tasks(dying).size(), 2u);
  EXPECT_TRUE(claim_tasks(one_).empty());
  advance_all(kLease + 1ms);
  store().take_over_expired(100);
  for (auto& expired : store().claim_expired_activities(one_.id, 10)) {
    auto decided = outcome(Kind::retry, expired.task.key, 0);
    decided.failure = busy();
    decided.limit_key = "k";
    decided.limited_queue = "payments";
    EXPECT_EQ(finish(decided), 0);
  }
  EXPECT_TRUE(peek().activities);
  EXPECT_EQ(claim_tasks(one_).size(), 2u);
}

TEST_P(Limits, AnAttemptThatIsRetriedGivesItsPlaceToWhatWaits) {
  limit_key("k", {.max_concurrent = 1});
  const auto first = add("k");
  const auto second = add("k");
  const auto running = claim_tasks(one_);
  ASSERT_EQ(running.at(0).key.run_id, first);
  auto again = outcome(Kind::retry, running[0].key, one_.id);
  again.retry_delay = 1s;
  again.failure = busy();
  again.limit_key = "k";
  EXPECT_EQ(finish(again), 0);
  const auto next = claim_tasks(one_);
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0].key.run_id, second);
  advance_all(2s);
  EXPECT_TRUE(claim_tasks(one_).empty());
  EXPECT_FALSE(peek().activities);
  finish_all(next, one_.id);
  const auto retried = claim_tasks(one_);
  ASSERT_EQ(retried.size(), 1u);
  EXPECT_EQ(retried[0].key, (ActivityKey{first, 1, 2}));
}

TEST_P(Limits, WaitingForALimitCountsForScheduleToStart) {
  limit_key("k", {.max_concurrent = 0});
  auto task = new_task(1, store().now());
  task.options.limit_key = "k";
  task.options.schedule_to_start = 30s;
  start_with_task(owner_, task);
  EXPECT_TRUE(claim_tasks(one_).empty());
  EXPECT_FALSE(peek().expired_activities);
  advance_all(31s);
  EXPECT_TRUE(peek().expired_activities);
  const auto expired = store().claim_expired_activities(one_.id, 10);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].timeout, "ScheduleToStart");
}

TEST_P(Limits, ATaskThatIsDueSaysWhichLimitsHoldItUp) {
  limit_queue({.max_concurrent = 2});
  limit_key("endpoint/*", {.max_concurrent = 1, .rate = 1, .per = 1h});
  add("endpoint/1");
  const auto waiting = add("endpoint/1");
  const auto running = claim_tasks(one_);
  ASSERT_EQ(running.size(), 1u);
  auto pending = store().pending_activities(waiting).at(0);
  EXPECT_EQ(pending.limit_key, "endpoint/1");
  EXPECT_THAT(pending.waits_for_limit, ElementsAre("limit endpoint/1 (of endpoint/*): 1 of 1 running"));
  EXPECT_THAT(store().pending_activities(running[0].key.run_id).at(0).waits_for_limit, ElementsAre());
  limit_queue({.max_concurrent = 1});
  EXPECT_THAT(store().pending_activities(waiting).at(0).waits_for_limit,
              testing::UnorderedElementsAre("limit of queue payments: 1 of 1 running",
                                            "limit endpoint/1 (of endpoint/*): 1 of 1 running"));
  finish_all(running, one_.id);
  EXPECT_THAT(store().pending_activities(waiting).at(0).waits_for_limit,
              ElementsAre(HasSubstr("limit endpoint/1 (of endpoint/*): 1 starts per hour, the next at 20")));
}

TEST_P(Limits, LimitsAreDescribedAndListedWithWhatTheyHold) {
  limits().set_limit({{LimitScope::key, "endpoint/*"}, {.max_concurrent = 1}, "ops", "slow vendor", "file"});
  limits().set_limit({{LimitScope::queue, "payments"}, {.rate = 120, .per = 1min}, "", "", ""});
  add("endpoint/1", 3);
  add("endpoint/2", 1);
  claim_tasks(one_);
  const auto all = limits().list_limits({});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].content.limit, (LimitName{LimitScope::queue, "payments"}));
  EXPECT_EQ(all[0].content.rule, (LimitRule{.rate = 120, .per = 1min, .burst = 2}));
  EXPECT_EQ(all[0].running, 2);
  EXPECT_EQ(all[0].waiting, 2);
  EXPECT_EQ(all[1].content.limit.name, "endpoint/*");
  EXPECT_EQ(all[1].content.reason, "slow vendor");
  EXPECT_EQ(all[1].content.updated_by, "ops");
  EXPECT_EQ(all[1].running, 2);
  EXPECT_EQ(all[1].waiting, 2);
  EXPECT_EQ(limits().list_limits({.scope = LimitScope::key}).size(), 1u);
  EXPECT_EQ(limits().list_limits({.name_prefix = "end"}).size(), 1u);
  EXPECT_EQ(limits().list_limits({.origin = "file"}).size(), 1u);
  EXPECT_EQ(limits().list_limits({.after = all[0].content.limit}).size(), 1u);
  EXPECT_EQ(limits().list_limits({.limit = 1}).size(), 1u);
  EXPECT_EQ(limits().list_limits({.counts = false})[1].content.rule, all[1].content.rule);
  EXPECT_EQ(limits().list_limits({.counts = false})[1].waiting, 0);
  const auto one = limits().describe_limit({LimitScope::key, "endpoint/1"});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->rule_of, "endpoint/*");
  EXPECT_EQ(one->running, 1);
  EXPECT_EQ(one->waiting, 2);
  EXPECT_FALSE(limits().describe_limit({LimitScope::key, "other/1"}));
  EXPECT_FALSE(limits().describe_limit({LimitScope::queue, "other"}));
}

TEST_P(Limits, BadLimitsAreRefusedWithTheFieldAndWhatIsAllowed) {
  const auto refused = [&](LimitScope scope, const std::string& name, LimitRule rule, const std::string& words) {
    try {
      limits().set_limit({{scope, name}, rule, "", "", ""});
      ADD_FAILURE() << name << " was taken";
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), HasSubstr(words));
      EXPECT_THAT(error.what(), HasSubstr("allowed"));
    }
  };
  const LimitRule one{.max_concurrent = 1};
  refused(LimitScope::key, "", one, "name is empty");
  refused(LimitScope::key, "*", one, "name is \"*\"");
  refused(LimitScope::key, "/*", one, "name is \"/*\"");
  refused(LimitScope::key, "a*/b", one, "name is \"a*/b\"");
  refused(LimitScope::key, std::string("a\0b", 3), one, "NUL");
  refused(LimitScope::key, "\xff", one, "UTF-8");
  refused(LimitScope::key, std::string(256, 'k'), one, "256 bytes");
  refused(LimitScope::key, "k", {}, "max_concurrent is not set");
  refused(LimitScope::key, "k", {.max_concurrent = -1}, "max_concurrent is -1");
  refused(LimitScope::key, "k", {.rate = 0}, "rate is 0");
  refused(LimitScope::key, "k", {.rate = 1, .per = 0s}, "per is 0 us");
  refused(LimitScope::key, "k", {.rate = 1, .burst = 0}, "burst is 0");
  refused(LimitScope::key, "k", {.max_concurrent = 1, .burst = 3}, "burst is set without a rate");
  EXPECT_NO_THROW(limits().set_limit({{LimitScope::queue, "any * name"}, one, "", "", ""}));
  EXPECT_THROW(limits().list_limits({.limit = 0}), InvalidArgument);
}

}  // namespace
}  // namespace holdfast::test
