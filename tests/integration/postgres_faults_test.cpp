#include <functional>
#include <map>

#include <holdfast/store/postgres/migrations.hpp>
#include <tests/support/fault_proxy.hpp>

#include "postgres_fixture.hpp"

// Every kind of transaction with its connection cut before the server sees the COMMIT, and after the server has carried
// it out but before the client hears of it. What is checked each time: the caller learns nothing false, and after it
// did what the contract asks of it, the effect is there exactly once.
namespace holdfast::test {
namespace {

using namespace store;
using Cut = FaultProxy::Cut;
using At = FaultProxy::At;

class PostgresFaults : public PostgresFixture, public testing::WithParamInterface<Cut> {
 protected:
  PostgresFaults() : proxy_(server_socket()) {
    PostgresOptions options;
    options.connection_string = through_proxy();
    store_ = open(options);
    store_->now();  // the pool's session exists before the fault
  }

  std::filesystem::path server_socket() {
    return std::filesystem::path(
               ask("SELECT trim('\"' FROM split_part(current_setting('unix_socket_directories'), ',', 1))")) /
           (".s.PGSQL." + ask("SHOW port"));
  }
  std::string through_proxy() {
    return "host=" + proxy_.folder().string() + " port=5432 user=" + ask("SELECT current_user") +
           " dbname=" + database_.name();
  }

  bool happened() const { return GetParam() == Cut::after; }
  void arm(At at) { proxy_.arm(GetParam(), at); }

  /// Runs a verb that cannot resolve the loss by itself: it has to say so.
  void expect_in_doubt(At at, const std::function<void()>& verb) {
    arm(at);
    EXPECT_THROW(verb(), InDoubt);
    EXPECT_TRUE(proxy_.has_cut());
  }

  struct OwnedRun {
    WorkerId worker;
    std::unique_ptr<LaneSession> lane;
    Uuid run_id;
  };
  OwnedRun own_a_run(std::string workflow_id = "order-1") {
    OwnedRun owned;
    owned.worker = store_->register_worker(worker_info());
    owned.lane = store_->open_lane(owned.worker);
    const NewRun run = new_run(std::move(workflow_id));
    owned.run_id = run.run_id;
    store_->start_runs({&run, 1});
    EXPECT_EQ(claim(*owned.lane).size(), 1u);
    return owned;
  }
  void commit(LaneSession& lane, RunCommit commit) {
    CommitBatch batch;
    batch.runs.push_back(std::move(commit));
    lane.begin_step()->commit(batch);
  }
  /// A task that a worker executes.
  ClaimedActivity start_activity(const OwnedRun& owned) {
    auto with_task = append(owned.run_id, 1, {event::WorkflowStarted{}});
    NewActivityTask task;
    task.seq = 1;
    task.activity = "charge";
    task.task_queue = "default";
    task.input = "{}";
    task.options.start_to_close = std::chrono::minutes(1);
    task.scheduled_at = store_->now();
    with_task.new_tasks.push_back(task);
    commit(*owned.lane, std::move(with_task));
    const std::vector<std::string> queues{"default"};
    return store_->claim_activities(owned.worker, queues, 1).at(0);
  }
  std::string history_length(const Uuid& run_id) {
    return ask("SELECT count(*) FROM holdfast.events WHERE run_id = '" + run_id.to_string() + "'");
  }

  FaultProxy proxy_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Cut, PostgresFaults, testing::Values(Cut::before, Cut::after),
                         [](const auto& info) { return info.param == Cut::before ? "BeforeCommit" : "AfterCommit"; });

TEST_P(PostgresFaults, StartsAreResolvedByTheStore) {
  std::vector<NewRun> runs;
  for (int i = 0; i < 20; ++i) runs.push_back(new_run("order-" + std::to_string(i)));
  arm(At::execution);
  for (const auto& result : store_->start_runs(runs)) EXPECT_EQ(result.status, StartStatus::started);
  EXPECT_TRUE(proxy_.has_cut());
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.runs"), "20");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.live_runs"), "20");
}

TEST_P(PostgresFaults, AStartThatReplacesAnotherRunReplacesItOnce) {
  NewRun first = new_run("order-1");
  store_->start_runs({&first, 1});
  NewRun second = new_run("order-1");
  second.conflict = IdConflictPolicy::terminate_existing;
  arm(At::execution);
  EXPECT_EQ(store_->start_runs({&second, 1}).at(0).run_id, second.run_id);
  EXPECT_TRUE(proxy_.has_cut());
  EXPECT_EQ(ask("SELECT string_agg(status, ' ' ORDER BY status) FROM holdfast.runs"), "running terminated");
}

TEST_P(PostgresFaults, ARejectingStartDoesNotRejectItself) {
  NewRun run = new_run("order-1");
  run.reuse = IdReusePolicy::reject_duplicate;
  arm(At::execution);
  EXPECT_EQ(store_->start_runs({&run, 1}).at(0).status, StartStatus::started);
  EXPECT_TRUE(proxy_.has_cut());
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.runs"), "1");
}

TEST_P(PostgresFaults, MessagesAreResolvedByTheStore) {
  const NewRun run = new_run("order-1");
  store_->start_runs({&run, 1});
  const std::vector<NewMessage> messages{signal_to("order-1", "a"), signal_to("order-1", "b")};
  arm(At::execution);
  EXPECT_EQ(store_->send_messages(messages), (std::vector{SendStatus::sent, SendStatus::sent}));
  EXPECT_TRUE(proxy_.has_cut());
  EXPECT_EQ(ask("SELECT string_agg(name, ' ' ORDER BY inbox_id) FROM holdfast.inbox"), "a b");
}

TEST_P(PostgresFaults, ARunIsTerminatedOnce) {
  const NewRun run = new_run("order-1");
  store_->start_runs({&run, 1});
  RunKey key;
  key.workflow_id = "order-1";
  expect_in_doubt(At::execution, [&] { store_->terminate_run(key, "why", "me"); });
  EXPECT_EQ(store_->terminate_run(key, "why", "me"), happened() ? SendStatus::closed : SendStatus::sent);
  EXPECT_EQ(history_length(run.run_id), "1");
}

TEST_P(PostgresFaults, StartsAndSignalsInTheCallersTransactionShareItsFate) {
  {
    pqxx::connection connection(through_proxy());
    pqxx::work transaction(connection);
    const NewRun run = new_run("order-1");
    EXPECT_EQ(start_runs_in(transaction, {&run, 1}).at(0).status, StartStatus::started);
    const NewMessage message = signal_to("order-1");
    EXPECT_EQ(send_messages_in(transaction, {&message, 1}).at(0), SendStatus::sent);
    arm(At::commit);
    EXPECT_ANY_THROW(transaction.commit());
    EXPECT_TRUE(proxy_.has_cut());
  }
  const std::string expected = happened() ? "1" : "0";
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.runs"), expected);
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.live_runs WHERE rung"), expected);
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.inbox"), expected);
}

TEST_P(PostgresFaults, WorkersAreRegisteredRenewedAndReleased) {
  expect_in_doubt(At::execution, [&] { store_->register_worker(worker_info()); });
  const WorkerId worker = store_->register_worker(worker_info());
  expect_in_doubt(At::execution, [&] { store_->renew_leases({&worker, 1}, std::chrono::minutes(10)); });
  EXPECT_TRUE(store_->renew_leases({&worker, 1}, std::chrono::minutes(10)).empty());
  expect_in_doubt(At::execution, [&] { store_->release_worker(worker); });
  store_->release_worker(worker);
  EXPECT_EQ(store_->renew_leases({&worker, 1}, std::chrono::minutes(10)), std::vector{worker});
}

TEST_P(PostgresFaults, ATakeoverCountsOnce) {
  auto owned = own_a_run();
  start_activity(owned);
  execute("UPDATE holdfast.workers SET lease_until = now() - interval '1 s'");
  expect_in_doubt(At::execution, [&] { store_->take_over_expired(3); });
  EXPECT_EQ(store_->take_over_expired(3).runs, happened() ? 0 : 1);
  EXPECT_EQ(ask("SELECT owner IS NULL AND takeovers = 1 FROM holdfast.live_runs"), "t");
  EXPECT_EQ(ask("SELECT owner IS NULL AND timeout_kind = 'WorkerLost' FROM holdfast.activity_tasks"), "t");
}

// --- lanes -----------------------------------------------------------------------------------------------------------

TEST_P(PostgresFaults, ClaimsAreReadBack) {
  const WorkerId worker = store_->register_worker(worker_info());
  const auto lane = store_->open_lane(worker);
  const NewRun run = new_run("order-1");
  store_->start_runs({&run, 1});
  expect_in_doubt(At::commit, [&] { claim(*lane); });
  // The lane connects anew, and asks what it owns.
  EXPECT_EQ(lane->begin_step()->load_runs({&run.run_id, 1}).size(), happened() ? 1u : 0u);
  EXPECT_EQ(claim(*lane).size(), happened() ? 0u : 1u);
}

TEST_P(PostgresFaults, AppendedEventsAreThereOnceAfterReadingBack) {
  auto owned = own_a_run();
  const auto started = append(owned.run_id, 1, {event::WorkflowStarted{}});
  expect_in_doubt(At::commit, [&] { commit(*owned.lane, started); });
  const auto state = owned.lane->begin_step()->load_runs({&owned.run_id, 1});
  ASSERT_EQ(state.size(), 1u);
  EXPECT_EQ(state[0].history.size(), happened() ? 1u : 0u);
  if (state[0].history.empty()) commit(*owned.lane, started);
  EXPECT_EQ(history_length(owned.run_id), "1");
  EXPECT_THROW(commit(*owned.lane, started), Conflict);
}

TEST_P(PostgresFaults, ConsumedMessagesAndTasksShareTheFateOfTheirEvents) {
  auto owned = own_a_run();
  const NewMessage message = signal_to("order-1");
  store_->send_messages({&message, 1});
  auto step = owned.lane->begin_step();
  const auto messages = step->collect_messages();
  ASSERT_EQ(messages.size(), 1u);
  auto consume = append(owned.run_id, 1, {event::WorkflowStarted{}, event::WorkflowSignaled{"approve", "{}", ""}});
  consume.consumed = {messages[0].messages.at(0).inbox_id};
  NewActivityTask task;
  task.seq = 1;
  task.activity = "charge";
  task.task_queue = "default";
  task.input = "{}";
  task.scheduled_at = step->now();
  consume.new_tasks.push_back(task);
  CommitBatch batch;
  batch.runs.push_back(consume);
  expect_in_doubt(At::commit, [&] { step->commit(batch); });
  step.reset();
  const auto state = owned.lane->begin_step()->load_runs({&owned.run_id, 1});
  ASSERT_EQ(state.size(), 1u);
  EXPECT_EQ(state[0].history.size(), happened() ? 1u : 0u);
  EXPECT_EQ(state[0].tasks.size(), happened() ? 1u : 0u);
  EXPECT_EQ(state[0].messages.size(), happened() ? 0u : 1u);
  EXPECT_EQ(ask("SELECT rung FROM holdfast.live_runs"), happened() ? "f" : "t");
}

TEST_P(PostgresFaults, ParkingAndClosingAreReadBack) {
  auto parked = own_a_run("parked");
  RunCommit park = append(parked.run_id, 1, {event::WorkflowStarted{}});
  park.next = NextState::parked;
  park.waiting_for = "a signal";
  expect_in_doubt(At::commit, [&] { commit(*parked.lane, park); });
  EXPECT_EQ(parked.lane->begin_step()->load_runs({&parked.run_id, 1}).size(), happened() ? 0u : 1u);

  auto closed = own_a_run("closed");
  RunCommit close = append(closed.run_id, 1, {event::WorkflowCompleted{"1"}});
  close.next = NextState::closed;
  close.result = "1";
  expect_in_doubt(At::commit, [&] { commit(*closed.lane, close); });
  if (!happened()) commit(*closed.lane, close);
  EXPECT_EQ(store_->closed_runs({&closed.run_id, 1}).size(), 1u);
  EXPECT_EQ(history_length(closed.run_id), "1");
}

TEST_P(PostgresFaults, TransactionalWritesHappenExactlyOnce) {
  execute("CREATE TABLE ledger (amount int)");
  auto owned = own_a_run();
  const auto charge = [&] {
    auto step = owned.lane->begin_step();
    step->business().postgres().exec("INSERT INTO ledger VALUES (10)");
    CommitBatch batch;
    batch.runs.push_back(append(owned.run_id, 1, {event::WorkflowStarted{}, event::ActivityCompleted{1, "{}"}}));
    step->commit(batch);
  };
  expect_in_doubt(At::commit, charge);
  if (owned.lane->begin_step()->load_runs({&owned.run_id, 1}).at(0).history.empty()) charge();
  EXPECT_EQ(ask("SELECT sum(amount) FROM ledger"), "10");
  EXPECT_EQ(history_length(owned.run_id), "2");
}

TEST_P(PostgresFaults, AStepThatBreaksBeforeItsCommitDidNotHappen) {
  auto owned = own_a_run();
  auto step = owned.lane->begin_step();
  arm(At::execution);
  CommitBatch batch;
  batch.runs.push_back(append(owned.run_id, 1, {event::WorkflowStarted{}}));
  EXPECT_THROW(step->commit(batch), Unavailable);
  step.reset();
  EXPECT_EQ(history_length(owned.run_id), "0");
  commit(*owned.lane, append(owned.run_id, 1, {event::WorkflowStarted{}}));
}

// --- activities ------------------------------------------------------------------------------------------------------

TEST_P(PostgresFaults, AnOutcomeReachesItsRunOnce) {
  auto owned = own_a_run();
  const auto activity = start_activity(owned);
  ActivityOutcome outcome;
  outcome.key = activity.key;
  outcome.worker = owned.worker;
  outcome.result = "\"paid\"";
  expect_in_doubt(At::execution, [&] { store_->finish_activities({&outcome, 1}); });
  EXPECT_EQ(store_->finish_activities({&outcome, 1}).dropped, happened() ? 1 : 0);
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.inbox WHERE kind = 'activity_completed'"), "1");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.activity_tasks"), "0");
}

TEST_P(PostgresFaults, ARetryIsScheduledOnce) {
  auto owned = own_a_run();
  const auto activity = start_activity(owned);
  ActivityOutcome outcome;
  outcome.key = activity.key;
  outcome.worker = owned.worker;
  outcome.kind = ActivityOutcome::Kind::retry;
  outcome.failure.message = "busy";
  expect_in_doubt(At::execution, [&] { store_->finish_activities({&outcome, 1}); });
  EXPECT_EQ(store_->finish_activities({&outcome, 1}).dropped, happened() ? 1 : 0);
  EXPECT_EQ(ask("SELECT attempt || ' ' || (owner IS NULL) FROM holdfast.activity_tasks"), "1 true");
}

TEST_P(PostgresFaults, AClaimOfAnActivityWhoseAnswerIsLostEndsByItsTimeout) {
  auto owned = own_a_run();
  const auto activity = start_activity(owned);
  ActivityOutcome again;
  again.key = activity.key;
  again.worker = owned.worker;
  again.kind = ActivityOutcome::Kind::retry;
  store_->finish_activities({&again, 1});
  const std::vector<std::string> queues{"default"};
  expect_in_doubt(At::execution, [&] { store_->claim_activities(owned.worker, queues, 1); });
  if (happened()) {
    EXPECT_TRUE(store_->claim_activities(owned.worker, queues, 1).empty());
    execute("UPDATE holdfast.activity_tasks SET timeout_at = timeout_at - interval '1 hour'");
    expect_in_doubt(At::execution, [&] { store_->claim_expired_activities(owned.worker, 1); });
    // Whoever claimed it for a decision never heard of it: the next one is asked after ten seconds.
    execute("UPDATE holdfast.activity_tasks SET timeout_at = timeout_at - interval '10 s'");
    EXPECT_EQ(store_->claim_expired_activities(owned.worker, 1).at(0).timeout, "StartToClose");
  } else {
    EXPECT_EQ(store_->claim_activities(owned.worker, queues, 1).size(), 1u);
  }
}

TEST_P(PostgresFaults, AHeartbeatMayBeRepeated) {
  auto owned = own_a_run();
  const Heartbeat beat{.key = start_activity(owned).key, .details = "7"};
  expect_in_doubt(At::execution, [&] { store_->heartbeat_activities(owned.worker, {&beat, 1}); });
  EXPECT_TRUE(store_->heartbeat_activities(owned.worker, {&beat, 1}).empty());
  EXPECT_EQ(ask("SELECT heartbeat_details FROM holdfast.activity_tasks"), "7");
}

// --- the rest --------------------------------------------------------------------------------------------------------

TEST_P(PostgresFaults, MaintenanceMayBeRepeated) {
  expect_in_doubt(At::execution, [&] { store_->maintain(); });
  store_->maintain();
}

TEST_P(PostgresFaults, AReadIsRepeatedOnANewSession) {
  const NewRun run = new_run("order-1");
  store_->start_runs({&run, 1});
  arm(At::execution);
  RunKey key;
  key.workflow_id = "order-1";
  EXPECT_TRUE(store_->describe_run(key).has_value());
  EXPECT_TRUE(proxy_.has_cut());
}

TEST_P(PostgresFaults, AMigrationIsAppliedOnce) {
  const postgres::EmbeddedMigration table{"0001_table.sql", "CREATE TABLE once (n int); INSERT INTO once VALUES (1)"};
  const postgres::Migrator migrator(through_proxy(), "test", {&table, 1});
  expect_in_doubt(At::commit, [&] { migrator.apply(); });
  EXPECT_EQ(migrator.apply().size(), happened() ? 0u : 1u);
  migrator.check();
  EXPECT_EQ(ask("SELECT count(*) FROM once"), "1");
}

TEST_P(PostgresFaults, TheStoreSaysSoWhenItCannotFindOut) {
  PostgresOptions options;
  options.connection_string = through_proxy();
  options.in_doubt_timeout = std::chrono::milliseconds(100);
  const auto impatient = open(options);
  impatient->now();
  const NewRun run = new_run("order-1");
  const NewRun* only = &run;
  arm(At::execution);
  std::atomic<bool> done = false;
  std::thread refuser([&] {
    while (!proxy_.has_cut() && !done) std::this_thread::yield();
    proxy_.refuse(true);
  });
  // Either the server was reachable again in time to find out, or the caller hears that it is not known.
  try {
    EXPECT_EQ(impatient->start_runs({only, 1}).at(0).status, StartStatus::started);
  } catch (const InDoubt&) {}
  done = true;
  refuser.join();
  proxy_.refuse(false);
  EXPECT_EQ(store_->start_runs({only, 1}).at(0).status, StartStatus::started);
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.runs"), "1");
}

}  // namespace
}  // namespace holdfast::test
