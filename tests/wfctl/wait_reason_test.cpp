// `wfctl run describe` says in words what an open run waits for: one test per reason.
#include "wfctl_fixture.hpp"

namespace holdfast::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class WaitReason : public WfctlTest {
 protected:
  std::string run_id = start("call-1");
  std::string described() { return wfctl({"run", "describe", "call-1"}).out; }
  store::WorkerId worker(Duration lease = 1h) {
    return client.store().register_worker(
        {.identity = "host:1", .task_queues = {"default"}, .version = "1", .lease = lease});
  }
  void park(const std::string& change) { sql("UPDATE holdfast.live_runs SET fresh = false, " + change); }
};

TEST_F(WaitReason, ReadyAndNobodyServesTheQueue) {
  EXPECT_THAT(described(), AllOf(HasSubstr("ready since"), HasSubstr("no live worker serves queue default")));
}

TEST_F(WaitReason, ReadyAndServed) {
  worker();
  EXPECT_THAT(described(), AllOf(HasSubstr("waits for a worker of queue default"), Not(HasSubstr("no live worker"))));
}

TEST_F(WaitReason, UpdatesThatAreNotCompleted) {
  client.update_json(client.key("call-1"), "approve", "{}", {.update_id = "u1", .wait = store::UpdateStage::admitted});
  EXPECT_THAT(described(), HasSubstr("update approve (u1): admitted"));
  sql("UPDATE holdfast.updates SET stage = 'accepted', accepted_at = now()");
  EXPECT_THAT(described(), HasSubstr("update approve (u1): accepted"));
  sql("UPDATE holdfast.updates SET stage = 'completed', ended_at = now()");
  EXPECT_THAT(described(), Not(HasSubstr("update approve")));
}

TEST_F(WaitReason, OwnedByALiveWorker) {
  park("owner = " + std::to_string(worker()) + ", ready_at = 'infinity'");
  EXPECT_THAT(described(), AllOf(HasSubstr("owned by worker"), HasSubstr("host:1"), HasSubstr("lease until")));
}

TEST_F(WaitReason, OwnedByAWorkerWhoseLeaseEnded) {
  park("owner = " + std::to_string(worker()) + ", ready_at = 'infinity'");
  sql("UPDATE holdfast.workers SET lease_until = now() - interval '7 seconds'");
  EXPECT_THAT(described(), AllOf(HasSubstr("whose lease ended 7 s ago"), HasSubstr("takeover")));
}

TEST_F(WaitReason, ATimer) {
  park("ready_at = now() + interval '90 minutes', waiting_for = 'timer #3'");
  EXPECT_THAT(described(), AllOf(HasSubstr("waits for timer #3, due"), HasSubstr("in 1 h 29 min")));
}

TEST_F(WaitReason, AMessage) {
  park("ready_at = 'infinity', waiting_for = 'signal approve'");
  EXPECT_THAT(described(), HasSubstr("waits for signal approve"));
}

TEST_F(WaitReason, AnActivityThatIsRetried) {
  park("ready_at = 'infinity', waiting_for = 'activity charge'");
  sql("INSERT INTO holdfast.activity_tasks (seq, run_id, attempt, max_attempts, ready_at, scheduled_at, namespace,"
      " workflow_id, task_queue, activity, input, options, last_failure) VALUES (4, '" +
      run_id +
      "', 6, 20,"
      " now() + interval '32 seconds', now(), 'default', 'call-1', 'default', 'charge', '{}', '{}',"
      " '{\"kind\":\"application\",\"type\":\"CardDeclined\",\"message\":\"no funds\"}')");
  EXPECT_THAT(described(), AllOf(HasSubstr("activity charge (#4): attempt 7 of 20 starts at"), HasSubstr("in 31 s"),
                                 HasSubstr("last error"), HasSubstr("no funds")));
}

TEST_F(WaitReason, AnActivityOfAQueueThatNobodyServes) {
  worker();
  park("ready_at = 'infinity', waiting_for = 'activity charge'");
  sql("INSERT INTO holdfast.activity_tasks (seq, run_id, ready_at, scheduled_at, namespace, workflow_id, task_queue,"
      " activity, input, options) VALUES (4, '" +
      run_id + "', now(), now(), 'default', 'call-1', 'gpu', 'charge', '{}', '{}')");
  EXPECT_THAT(described(), AllOf(HasSubstr("attempt 1 is due and waits for a worker of queue gpu"),
                                 HasSubstr("no live worker serves that queue")));
}

TEST_F(WaitReason, AnActivityUnderLimitsThatHaveNoPlace) {
  const auto id = std::to_string(worker());
  park("ready_at = 'infinity', waiting_for = 'activity charge'");
  const auto add = [&](int seq, const std::string& ready_at, const std::string& owner) {
    sql("INSERT INTO holdfast.activity_tasks (seq, run_id, ready_at, scheduled_at, namespace, workflow_id, task_queue,"
        " activity, input, options, limit_key, owner) VALUES (" +
        std::to_string(seq) + ", '" + run_id + "', " + ready_at +
        ", now(), 'default', 'call-1', 'default', 'charge', '{}', '{}', 'endpoint/123', " + owner + ")");
  };
  for (int seq = 1; seq <= 5; ++seq) add(seq, "'infinity'", id);
  add(6, "now()", "NULL");
  EXPECT_EQ(wfctl({"limit", "set", "endpoint/123", "--max-concurrent", "5"}).exit_code, 0);
  EXPECT_THAT(described(),
              HasSubstr("activity charge (#6): attempt 1 is due and waits for limit endpoint/123: 5 of 5 running"));
  EXPECT_EQ(wfctl({"limit", "set", "queue:default", "--max-concurrent", "0"}).exit_code, 0);
  EXPECT_THAT(described(),
              AllOf(HasSubstr("limit of queue default: 0 of 0 running"), HasSubstr(" and limit endpoint/123")));
}

TEST_F(WaitReason, Quarantine) {
  park("quarantined = true, ready_at = 'infinity', waiting_for = '5 workers died with it'");
  EXPECT_THAT(described(), HasSubstr("quarantined"));
}

TEST_F(WaitReason, CodeThatFails) {
  park(
      "ready_at = now() + interval '1 minute', task_failures = 3, task_failure = 'history says charge, the code did "
      "refund'");
  EXPECT_THAT(described(), AllOf(HasSubstr("3 workflow tasks in a row failed"), HasSubstr("the code did refund")));
}

TEST_F(WaitReason, UnreadMessages) {
  client.signal_json(client.key("call-1"), "approve");
  EXPECT_THAT(described(), HasSubstr("1 unread message"));
}

}  // namespace
}  // namespace holdfast::test
