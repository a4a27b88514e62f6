// Parents, children and chains on PostgreSQL: connections cut around the COMMIT, rows that somebody holds, and many
// families on several workers at once.
#include <future>
#include <thread>

#include <holdfast/client/client.hpp>
#include <holdfast/core/map.hpp>
#include <holdfast/core/workflow.hpp>
#include <holdfast/store/postgres/doctor.hpp>
#include <holdfast/worker/worker.hpp>
#include <tests/support/fault_proxy.hpp>

#include "postgres_fixture.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;
using Cut = FaultProxy::Cut;
using At = FaultProxy::At;

class FamilyFixture : public PostgresFixture {
 protected:
  struct Lane {
    WorkerId worker;
    std::unique_ptr<LaneSession> session;
  };
  Lane open_lane(Store& store) {
    const WorkerId worker = store.register_worker(worker_info());
    return {worker, store.open_lane(worker)};
  }
  static void commit(Lane& lane, std::vector<RunCommit> runs) {
    CommitBatch batch{std::move(runs)};
    lane.session->begin_step()->commit(batch);
  }
  static void commit(Lane& lane, RunCommit run) { commit(lane, std::vector<RunCommit>{std::move(run)}); }

  Uuid own_a_run(Store& store, Lane& lane, std::string workflow_id) {
    const NewRun run = new_run(std::move(workflow_id));
    store.start_runs({&run, 1});
    EXPECT_EQ(claim(*lane.session).size(), 1u);
    commit(lane, append(run.run_id, 1, {event::WorkflowStarted{}}));
    return run.run_id;
  }
  NewChild new_child(const Uuid& parent, std::string workflow_id = "child",
                     ParentClosePolicy policy = ParentClosePolicy::terminate) {
    return {.run = new_run(std::move(workflow_id)),
            .parent_run_id = parent,
            .parent_seq = 1,
            .parent_close_policy = policy};
  }
  Uuid start_child(Lane& lane, const NewChild& child) {
    auto step = lane.session->begin_step();
    EXPECT_EQ(step->start_children({&child, 1}).at(0).status, StartStatus::started);
    step->commit({});
    return child.run.run_id;
  }
  /// A child that this lane owns, so that it can close it.
  Uuid own_a_child(Lane& lane, const Uuid& parent, std::string workflow_id = "child") {
    const Uuid child = start_child(lane, new_child(parent, std::move(workflow_id)));
    EXPECT_EQ(claim(*lane.session).size(), 1u);
    commit(lane, append(child, 1, {event::WorkflowStarted{}}));
    return child;
  }
  static RunCommit closing(const Uuid& run_id) {
    auto commit = append(run_id, 2, {event::WorkflowCompleted{"1"}});
    commit.next = NextState::closed;
    commit.result = "1";
    return commit;
  }
  static RunCommit closing_child(const Uuid& child, const Uuid& parent) {
    auto commit = closing(child);
    commit.notice = ParentNotice{parent, 1, MessageKind::child_completed, "1"};
    return commit;
  }
  static RunCommit closing_parent(const Uuid& parent) {
    auto commit = closing(parent);
    commit.has_children = true;
    return commit;
  }
  static RunCommit parking(const Uuid& run_id) {
    RunCommit commit;
    commit.run_id = run_id;
    commit.next = NextState::parked;
    commit.waiting_for = "child workflow";
    return commit;
  }
  RunCommit continuing(const Uuid& run_id) {
    auto commit = append(run_id, 2, {event::WorkflowContinuedAsNew{new_id(), "Order", "default", "2"}});
    commit.next = NextState::closed;
    commit.status = RunStatus::continued_as_new;
    commit.successor = NextRun{.run_id = new_id(), .workflow_type = "Order", .task_queue = "default", .input = "2"};
    return commit;
  }
  std::string status_of(const Uuid& run_id) {
    return ask("SELECT status FROM holdfast.runs WHERE run_id = '" + run_id.to_string() + "'");
  }
  std::string errands() { return ask("SELECT count(*) FROM holdfast.errands"); }
  void age_errands() { execute("UPDATE holdfast.errands SET at = at - interval '1 minute'"); }
};

// --- connections that are cut
// -----------------------------------------------------------------------------------------

class PostgresFamilyFaults : public FamilyFixture, public testing::WithParamInterface<Cut> {
 protected:
  PostgresFamilyFaults() : proxy_(server_socket()) {
    PostgresOptions options;
    options.connection_string = "host=" + proxy_.folder().string() + " port=5432 user=" + ask("SELECT current_user") +
                                " dbname=" + database_.name();
    store_ = open(options);
    lane_ = open_lane(*store_);
  }
  std::filesystem::path server_socket() {
    return std::filesystem::path(
               ask("SELECT trim('\"' FROM split_part(current_setting('unix_socket_directories'), ',', 1))")) /
           (".s.PGSQL." + ask("SHOW port"));
  }
  bool happened() const { return GetParam() == Cut::after; }
  /// The commit whose answer is lost; then once more, as after reading back, if it did not happen.
  void commit_in_doubt(const std::vector<RunCommit>& runs) {
    proxy_.arm(GetParam(), At::commit);
    EXPECT_THROW(commit(lane_, runs), InDoubt);
    EXPECT_TRUE(proxy_.has_cut());
    if (!happened()) commit(lane_, runs);
  }

  FaultProxy proxy_;
  std::unique_ptr<Store> store_;
  Lane lane_;
};
INSTANTIATE_TEST_SUITE_P(Cut, PostgresFamilyFaults, testing::Values(Cut::before, Cut::after),
                         [](const auto& info) { return info.param == Cut::before ? "BeforeCommit" : "AfterCommit"; });

TEST_P(PostgresFamilyFaults, AChildStartsExactlyOnce) {
  const Uuid parent = own_a_run(*store_, lane_, "parent");
  const auto child = new_child(parent);
  const auto start = [&] {
    auto step = lane_.session->begin_step();
    EXPECT_EQ(step->start_children({&child, 1}).at(0).status, StartStatus::started);
    CommitBatch batch;
    batch.runs.push_back(append(parent, 2, {event::TimerStarted{1, Timestamp(1s)}}));
    step->commit(batch);
  };
  proxy_.arm(GetParam(), At::commit);
  EXPECT_THROW(start(), InDoubt);
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.runs"), happened() ? "2" : "1") << "with the parent's events";
  if (!happened()) start();
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.live_runs"), "2");
}

TEST_P(PostgresFamilyFaults, AChildsEndReachesItsParentExactlyOnce) {
  const Uuid parent = own_a_run(*store_, lane_, "parent");
  const Uuid child = own_a_child(lane_, parent);
  commit(lane_, parking(parent));
  commit_in_doubt({closing_child(child, parent)});
  EXPECT_EQ(status_of(child), "completed");
  EXPECT_EQ(ask("SELECT count(*) || ' ' || bool_and(kind = 'child_completed') FROM holdfast.inbox"), "1 true");
  EXPECT_EQ(ask("SELECT rung AND ready_at <= now() FROM holdfast.live_runs"), "t");
}

TEST_P(PostgresFamilyFaults, AParentsEndIsCarriedOutExactlyOnce) {
  const Uuid parent = own_a_run(*store_, lane_, "parent");
  const Uuid terminated = start_child(lane_, new_child(parent, "c1"));
  const Uuid asked = start_child(lane_, new_child(parent, "c2", ParentClosePolicy::request_cancel));
  commit_in_doubt({closing_parent(parent)});
  EXPECT_EQ(status_of(parent), "completed");
  EXPECT_EQ(status_of(terminated), "terminated");
  EXPECT_EQ(status_of(asked), "running");
  EXPECT_EQ(ask("SELECT count(*) || ' ' || bool_and(kind = 'cancel') FROM holdfast.inbox"), "1 true");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.events WHERE type = 'WorkflowTerminated'"), "1");
}

TEST_P(PostgresFamilyFaults, ARunContinuesAsNewExactlyOnce) {
  const Uuid first = own_a_run(*store_, lane_, "loop");
  const auto unread = signal_to("loop", "unread");
  store_->send_messages({&unread, 1});
  auto next = continuing(first);
  next.successor->signals.push_back(signal_to("loop", "carried"));
  commit_in_doubt({next});
  EXPECT_EQ(ask("SELECT string_agg(status, ' ' ORDER BY run_id) FROM holdfast.runs WHERE run_id = '" +
                first.to_string() + "'"),
            "continued_as_new");
  EXPECT_EQ(ask("SELECT count(*) || ' ' || bool_and(run_id = '" + next.successor->run_id.to_string() +
                "') FROM holdfast.live_runs"),
            "1 true");
  EXPECT_EQ(ask("SELECT string_agg(name, ' ' ORDER BY inbox_id) FROM holdfast.inbox"), "carried unread");
}

// --- rows that somebody holds
// -----------------------------------------------------------------------------------------

class PostgresErrands : public FamilyFixture {
 protected:
  PostgresErrands() : store_(open()), lane_(open_lane(*store_)) {}

  /// Somebody whose transaction holds the run's live row until it goes out of scope.
  class Holder {
   public:
    Holder(const std::string& connection_string, const Uuid& run_id)
        : connection_(connection_string), transaction_(connection_) {
      transaction_.exec("SELECT FROM holdfast.live_runs WHERE run_id = '" + run_id.to_string() + "' FOR UPDATE");
    }

   private:
    pqxx::connection connection_;
    pqxx::work transaction_;
  };
  Holder hold(const Uuid& run_id) { return {connection_string(), run_id}; }

  std::unique_ptr<Store> store_;
  Lane lane_;
};

TEST_F(PostgresErrands, AChildEndsAlthoughSomebodyHoldsItsParent) {
  const Uuid parent = own_a_run(*store_, lane_, "parent");
  const Uuid child = own_a_child(lane_, parent);
  commit(lane_, parking(parent));
  {
    const auto holder = hold(parent);
    commit(lane_, closing_child(child, parent));
    EXPECT_EQ(status_of(child), "completed");
    EXPECT_EQ(ask("SELECT count(*) FROM holdfast.inbox"), "1") << "the message is there";
    EXPECT_EQ(ask("SELECT rung FROM holdfast.live_runs"), "f");
    EXPECT_EQ(errands(), "1");
    EXPECT_FALSE(store_->peek({}, {}).expired_workers) << "its maker had a second";
    age_errands();
    EXPECT_TRUE(store_->peek({}, {}).expired_workers);
  }
  store_->take_over_expired(3);
  EXPECT_EQ(errands(), "0");
  EXPECT_EQ(ask("SELECT rung AND ready_at <= now() FROM holdfast.live_runs"), "t");
  EXPECT_EQ(claim(*lane_.session).size(), 1u);
}

TEST_F(PostgresErrands, WhoeverCommittedRunsHisErrandOnceTheRowIsFree) {
  const Uuid parent = own_a_run(*store_, lane_, "parent");
  const Uuid child = own_a_child(lane_, parent);
  commit(lane_, parking(parent));
  auto holder = std::make_optional<Holder>(connection_string(), parent);
  auto committed = std::async(std::launch::async, [&] { commit(lane_, closing_child(child, parent)); });
  while (ask("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0" && status_of(child) != "completed") {}
  holder.reset();
  committed.get();
  if (errands() != "0") {  // the holder let go too late
    age_errands();
    store_->take_over_expired(3);
  }
  EXPECT_EQ(ask("SELECT rung FROM holdfast.live_runs"), "t");
  EXPECT_EQ(errands(), "0");
}

TEST_F(PostgresErrands, AMessageToAParentThatCloses) {
  const Uuid parent = own_a_run(*store_, lane_, "parent");
  const Uuid child = own_a_child(lane_, parent);
  {
    const auto holder = hold(parent);
    commit(lane_, closing_child(child, parent));
    EXPECT_EQ(errands(), "1");
  }
  // The parent does not know of it yet, and ends for another reason.
  commit(lane_, closing_parent(parent));
  EXPECT_EQ(status_of(parent), "completed");
  age_errands();
  store_->take_over_expired(3);
  EXPECT_EQ(errands(), "0");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.inbox"), "0");
}

TEST_F(PostgresErrands, AParentEndsAlthoughSomebodyHoldsItsChildren) {
  const Uuid parent = own_a_run(*store_, lane_, "parent");
  const Uuid terminated = start_child(lane_, new_child(parent, "c1"));
  const Uuid asked = start_child(lane_, new_child(parent, "c2", ParentClosePolicy::request_cancel));
  {
    const auto first = hold(terminated), second = hold(asked);
    commit(lane_, closing_parent(parent));
    EXPECT_EQ(status_of(parent), "completed");
    EXPECT_EQ(status_of(terminated), "running");
    EXPECT_EQ(errands(), "2");
  }
  age_errands();
  store_->take_over_expired(3);
  EXPECT_EQ(errands(), "0");
  EXPECT_EQ(status_of(terminated), "terminated");
  EXPECT_EQ(ask("SELECT string_agg(kind, ' ') FROM holdfast.inbox"), "cancel");
}

TEST_F(PostgresErrands, AnErrandFollowsAChildThatContinuedAsNew) {
  const Uuid parent = own_a_run(*store_, lane_, "parent");
  const Uuid child = own_a_child(lane_, parent);
  {
    const auto holder = hold(child);
    commit(lane_, closing_parent(parent));
    EXPECT_EQ(errands(), "1");
  }
  const auto next = continuing(child);
  commit(lane_, next);
  age_errands();
  store_->take_over_expired(3);
  EXPECT_EQ(status_of(next.successor->run_id), "terminated");
}

TEST_F(PostgresErrands, TerminatingAChildInACallersTransactionTellsItsParentWithIt) {
  const Uuid parent = own_a_run(*store_, lane_, "parent");
  start_child(lane_, new_child(parent));
  commit(lane_, parking(parent));
  execute("SELECT holdfast.terminate_workflow('child', 'by hand')");
  EXPECT_EQ(ask("SELECT payload ->> 'message' FROM holdfast.inbox WHERE run_id = '" + parent.to_string() + "'"),
            "by hand");
  EXPECT_EQ(ask("SELECT rung FROM holdfast.live_runs"), "t");
}

TEST_F(PostgresErrands, AMessageThatWaitsForARunThatContinuesReachesTheNextOne) {
  for (const bool by_run_id : {false, true}) {
    const std::string id = by_run_id ? "by run id" : "by workflow id";
    const Uuid first = own_a_run(*store_, lane_, id);
    auto step = lane_.session->begin_step();
    auto next = continuing(first);
    // The transaction that continues it is open: it has changed the live row already.
    step->business().postgres().exec("SELECT FROM holdfast.live_runs WHERE run_id = '" + first.to_string() +
                                     "' FOR UPDATE");
    auto message = signal_to(id, "late");
    if (by_run_id) message.to.run_id = first;
    auto sent = std::async(std::launch::async, [&] { return store_->send_messages({&message, 1}).at(0); });
    while (ask("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0") {}
    CommitBatch batch;
    batch.runs.push_back(next);
    step->commit(batch);
    EXPECT_EQ(sent.get(), SendStatus::sent) << id;
    EXPECT_EQ(ask("SELECT name FROM holdfast.inbox WHERE run_id = '" + next.successor->run_id.to_string() + "'"),
              "late")
        << id;
    step.reset();
    EXPECT_EQ(claim(*lane_.session).size(), 1u);
  }
}

// --- many families
// -----------------------------------------------------------------------------------------------------

struct Count {
  int value = 0;
};
BOOST_DESCRIBE_STRUCT(Count, (), (value))
const WorkflowType<Count, Count> kLeaf{"Leaf", "default"}, kSum{"Sum", "default"}, kTree{"Tree", "default"},
    kLoop{"Loop", "default"}, kHasty{"Hasty", "default"}, kStuck{"Stuck", "default"}, kAccount{"Account", "default"};
const Signal<Count> deposit{"deposit"};
const Signal<Count> never{"never"};

Workflow<Count> leaf(Context, Count count) { co_return Count{count.value + 1}; }
Workflow<Count> loop(Context ctx, Count count) {
  if (++count.value % 5 != 0) throw ctx.continue_as_new(kLoop, count);
  co_return count;
}
/// Adds up what it receives, two at a time; a negative amount asks for the balance.
Workflow<Count> account(Context ctx, Count balance) {
  for (int i = 0; i < 2; ++i) {
    const auto amount = co_await ctx.receive(deposit);
    if (amount.value < 0) co_return balance;
    balance.value += amount.value;
  }
  throw ctx.continue_as_new(kAccount, balance);
}
Workflow<Count> stuck(Context ctx, Count) { co_return co_await ctx.receive(never); }
Workflow<Count> sum(Context ctx, Count count) {
  std::vector<Count> inputs(static_cast<std::size_t>(count.value));
  Count total;
  for (const auto& part : co_await map(ctx, inputs, 4, [&](const Count& c) { return ctx.run_child(kLeaf, c); }))
    total.value += part.value;
  co_return total;
}
Workflow<Count> tree(Context ctx, Count count) {
  std::vector<Count> inputs(static_cast<std::size_t>(count.value), Count{5});
  Count total;
  for (const auto& part : co_await map(ctx, inputs, 3, [&](const Count& c) { return ctx.run_child(kSum, c); }))
    total.value += part.value;
  co_return Count{total.value + (co_await ctx.run_child(kLoop, {0})).value};
}
/// Ends while its children are in the middle of something.
Workflow<Count> hasty(Context ctx, Count count) {
  for (int i = 0; i < 3; ++i) ctx.start_child(kStuck, count);
  for (int i = 0; i < 3; ++i) ctx.start_child(kTree, {2});
  co_await ctx.run_child(kLeaf, count);
  co_return count;
}

class PostgresFamilies : public FamilyFixture {
 protected:
  PostgresFamilies() {
    registry_.add(kLeaf, leaf);
    registry_.add(kLoop, loop);
    registry_.add(kSum, sum);
    registry_.add(kTree, tree);
    registry_.add(kHasty, hasty);
    registry_.add(kStuck, stuck);
    registry_.add(kAccount, account);
  }
  worker::WorkerOptions options() {
    worker::WorkerOptions options;
    options.lanes = 3;
    options.lease = 1s;
    options.log = [](std::string_view, std::string_view) {};
    return options;
  }
  /// Everything ended, nothing is left over, and the tables keep every promise.
  void expect_all_is_well() {
    // Only there to end a hang: on a busy machine leases of a second lapse again and again.
    const auto deadline = std::chrono::steady_clock::now() + 5min;
    while ((ask("SELECT count(*) FROM holdfast.live_runs") != "0" || errands() != "0") &&
           std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(10ms);
    EXPECT_EQ(ask("SELECT count(*) FROM holdfast.live_runs"), "0") << "children end with their parents";
    EXPECT_EQ(errands(), "0");
    EXPECT_EQ(ask("SELECT count(*) FROM holdfast.inbox"), "0");
    EXPECT_EQ(ask("SELECT count(*) FROM holdfast.runs WHERE workflow_type = 'Leaf' AND parent_run_id IN (SELECT run_id "
                  "FROM holdfast.runs WHERE workflow_type = 'Sum' AND status = 'completed') AND status <> 'completed'"),
              "0");
    const auto report = postgres::examine(connection_string());
    EXPECT_TRUE(report.healthy());
    for (const auto& check : report.checks)
      if (check.kind == postgres::DoctorCheck::Kind::promise)
        for (const auto& finding : check.findings) ADD_FAILURE() << check.name << ": " << finding;
  }

  worker::Registry registry_;
};

TEST_F(PostgresFamilies, ManyFamiliesOnSeveralWorkersEndAsTheyShould) {
  const std::shared_ptr<Store> store = open();
  client::Client client(store);
  std::vector<std::unique_ptr<worker::Worker>> workers;
  for (int i = 0; i < 2; ++i) {
    workers.push_back(std::make_unique<worker::Worker>(*store, registry_, options()));
    workers.back()->start();
  }
  std::vector<client::RunHandle<Count>> trees, hasties;
  for (int i = 0; i < 10; ++i) {
    trees.push_back(client.start(kTree, "tree" + std::to_string(i), {4}));
    hasties.push_back(client.start(kHasty, "hasty" + std::to_string(i), {i}));
  }
  for (const auto& run : trees) EXPECT_EQ(run.result(120s).value, 4 * 5 + 5);
  for (std::size_t i = 0; i < hasties.size(); ++i) EXPECT_EQ(hasties[i].result(120s).value, static_cast<int>(i));

  expect_all_is_well();
  for (auto& worker : workers) worker->stop();
  EXPECT_EQ(ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), "0");
}

TEST_F(PostgresFamilies, SurviveConnectionsThatAreLostAllTheTime) {
  const std::shared_ptr<Store> store = open();
  client::Client client(store);
  worker::Worker first(*store, registry_, options()), second(*store, registry_, options());
  first.start();
  second.start();
  std::vector<client::RunHandle<Count>> trees, accounts;
  for (int i = 0; i < 8; ++i) {
    trees.push_back(client.start(kTree, "tree" + std::to_string(i), {4}));
    client.start(kHasty, "hasty" + std::to_string(i), {i});
    accounts.push_back(client.start(kAccount, "account" + std::to_string(i), {0}));
  }
  for (int blow = 0; blow < 60; ++blow) {
    execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
        "pg_backend_pid() AND backend_type = 'client backend' ORDER BY random() LIMIT 1");
    for (const auto& account : accounts) account.signal(deposit, {1});
  }
  for (const auto& account : accounts) {
    account.signal(deposit, {-1});
    EXPECT_EQ(account.result(120s).value, 60) << "no signal is lost or doubled";
  }
  for (const auto& run : trees) EXPECT_EQ(run.result(120s).value, 4 * 5 + 5);
  expect_all_is_well();
  first.stop();
  second.stop();
}

}  // namespace
}  // namespace holdfast::test
