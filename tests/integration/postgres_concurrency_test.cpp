#include <atomic>
#include <set>
#include <thread>
#include <unordered_set>

#include "postgres_fixture.hpp"

// Lanes, senders and workers that die, all at once: nothing is claimed twice, no message is lost, no history forks.
namespace holdfast::test {
namespace {

using namespace store;

class PostgresConcurrency : public PostgresFixture {
 protected:
  std::vector<Uuid> start_many(Store& store, int count) {
    std::vector<NewRun> runs;
    std::vector<Uuid> ids;
    for (int i = 0; i < count; ++i) {
      runs.push_back(new_run("order-" + std::to_string(i)));
      ids.push_back(runs.back().run_id);
    }
    store.start_runs(runs);
    return ids;
  }
  template <class Body>
  static void in_threads(int count, Body body) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([=] { body(i); });
    for (auto& thread : threads) thread.join();
  }
};

TEST_F(PostgresConcurrency, LanesNeverShareARun) {
  const auto store = open();
  constexpr int kRuns = 400;
  start_many(*store, kRuns);
  std::mutex mutex;
  std::unordered_multiset<Uuid> claimed;
  in_threads(4, [&](int) {
    const auto lane = store->open_lane(store->register_worker(worker_info()));
    for (;;) {
      const auto claims = claim(*lane, 7);
      if (claims.empty()) return;
      const std::lock_guard lock(mutex);
      for (const auto& run : claims) claimed.insert(run.run_id);
    }
  });
  // A lane that saw only rows locked by others may stop early; one more look finds what a rollback gave back: nothing.
  EXPECT_EQ(claimed.size(), static_cast<std::size_t>(kRuns));
  EXPECT_EQ(std::set<Uuid>(claimed.begin(), claimed.end()).size(), static_cast<std::size_t>(kRuns));
}

TEST_F(PostgresConcurrency, StartsOfOneIdGiveOneRun) {
  const auto store = open({.pool_size = 8});
  std::atomic<int> started = 0;
  std::vector<NewRun> runs;
  for (int i = 0; i < 8; ++i) runs.push_back(new_run("order-1"));
  runs[0].reuse = runs[1].reuse = IdReusePolicy::reject_duplicate;
  in_threads(8, [&](int i) {
    if (store->start_runs({&runs[static_cast<std::size_t>(i)], 1}).at(0).status == StartStatus::started) ++started;
  });
  EXPECT_EQ(started, 1);
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.runs"), "1");
}

TEST_F(PostgresConcurrency, TwoBatchesOfTheSameIdsInOppositeOrderBothEnd) {
  const auto store = open();
  std::vector<NewRun> forward, backward;
  for (int i = 0; i < 50; ++i) {
    forward.push_back(new_run("order-" + std::to_string(i)));
    backward.insert(backward.begin(), new_run("order-" + std::to_string(i)));
  }
  in_threads(2, [&](int i) { store->start_runs(i == 0 ? forward : backward); });
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.live_runs"), "50");
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.runs"), "50");
}

/// An owner that consumes what comes and parks; senders who never stop ringing. Every message is consumed once.
TEST_F(PostgresConcurrency, NoWakeUpIsLostBetweenParkingAndRinging) {
  const auto store = open({.pool_size = 6});
  constexpr int kSenders = 3, kMessages = 120;
  const Uuid run_id = start_many(*store, 1).at(0);
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    std::vector<NewMessage> messages;
    for (int i = 0; i < kMessages; ++i)
      messages.push_back(signal_to("order-0", std::to_string(sender) + "-" + std::to_string(i)));
    senders.emplace_back([&store, messages] {
      for (const auto& message : messages) ASSERT_EQ(store->send_messages({&message, 1}).at(0), SendStatus::sent);
    });
  }
  const auto lane = store->open_lane(store->register_worker(worker_info()));
  std::vector<std::string> received;
  EventId next = 1;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (received.size() < kSenders * kMessages && std::chrono::steady_clock::now() < deadline) {
    if (claim(*lane).empty()) continue;
    auto step = lane->begin_step();
    const auto state = step->load_runs({&run_id, 1});
    RunCommit commit;
    std::vector<Event> events;
    for (const auto& message : state.at(0).messages) {
      received.push_back(message.name);
      events.push_back(event::WorkflowSignaled{message.name, "{}", message.message_id.to_string()});
      commit.consumed.push_back(message.inbox_id);
    }
    commit.run_id = run_id;
    commit.first_event_id = next;
    if (!events.empty()) commit.events = encode_events(events);
    next += static_cast<EventId>(events.size());
    commit.next = NextState::parked;  // without a time: only a bell wakes it
    CommitBatch batch;
    batch.runs.push_back(std::move(commit));
    step->commit(batch);
  }
  for (auto& sender : senders) sender.join();
  EXPECT_EQ(received.size(), static_cast<std::size_t>(kSenders * kMessages));
  EXPECT_EQ(std::set<std::string>(received.begin(), received.end()).size(), received.size());
  for (int sender = 0; sender < kSenders; ++sender) {
    int last = -1;
    for (const auto& name : received) {
      if (name[0] != '0' + sender) continue;
      EXPECT_EQ(std::stoi(name.substr(2)), ++last) << "messages of one sender keep their order";
    }
  }
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.inbox"), "0");
}

TEST_F(PostgresConcurrency, ASenderWhoDoesNotCommitHoldsUpNoOtherRun) {
  const auto store = open({.lock_timeout = std::chrono::milliseconds(200)});
  const auto ids = start_many(*store, 2);
  const auto lane = store->open_lane(store->register_worker(worker_info()));
  ASSERT_EQ(claim(*lane).size(), 2u);
  const NewMessage first = signal_to("order-0");
  store->send_messages({&first, 1});
  const NewMessage other = signal_to("order-1");
  store->send_messages({&other, 1});
  pqxx::connection connection(connection_string());
  pqxx::work slow(connection);
  const NewMessage second = signal_to("order-0");
  send_messages_in(slow, {&second, 1});
  {
    auto step = lane->begin_step();
    const auto messages = step->collect_messages();
    ASSERT_EQ(messages.size(), 1u) << "the run whose row is held waits for the next step, the other one does not";
    EXPECT_EQ(messages[0].run_id, ids[1]);
    auto close = append(ids[0], 1, {event::WorkflowCompleted{"1"}});
    close.next = NextState::closed;
    CommitBatch batch;
    batch.runs.push_back(std::move(close));
    EXPECT_THROW(step->commit(batch), Conflict) << "it does not wait for ever either";
  }
  slow.commit();
  auto step = lane->begin_step();
  const auto messages = step->collect_messages();
  EXPECT_EQ(messages.size(), 2u);
  step->commit({});
}

TEST_F(PostgresConcurrency, ClaimsThatCommitAfterATakeoverAreFoundAndFreed) {
  const auto store = open();
  start_many(*store, 3);
  const WorkerId sleeper = store->register_worker(worker_info());
  const auto lane = store->open_lane(sleeper);
  const std::vector<std::string> queues{"default"};
  auto step = lane->begin_step();
  ASSERT_EQ(step->claim_runs({.task_queues = queues, .limit = 10}).size(), 3u);
  // Its lease ends while it sleeps in the middle of its step; it is taken over, wakes, and commits.
  execute("UPDATE holdfast.workers SET lease_until = now() - interval '1 s'");
  EXPECT_EQ(store->take_over_expired(3).workers, 1);
  step->commit({});
  step.reset();
  EXPECT_THROW(lane->begin_step(), LeaseLost);
  EXPECT_EQ(store->take_over_expired(3).runs, 0) << "it may still commit more";
  execute("UPDATE holdfast.workers SET ended_at = ended_at - interval '10 s', look_at = look_at - interval '10 s'");
  EXPECT_TRUE(store->peek({}, {}).expired_workers);
  EXPECT_EQ(store->take_over_expired(3).runs, 3);
  EXPECT_FALSE(store->peek({}, {}).expired_workers);
  EXPECT_EQ(ask("SELECT count(*) FROM holdfast.live_runs WHERE owner IS NULL"), "3");
}

TEST_F(PostgresConcurrency, AStepThatSleepsLosesItsTransaction) {
  const auto store = open({.idle_in_transaction_timeout = std::chrono::milliseconds(200)});
  start_many(*store, 1);
  const auto lane = store->open_lane(store->register_worker(worker_info()));
  const std::vector<std::string> queues{"default"};
  auto sleeping = lane->begin_step();
  ASSERT_EQ(sleeping->claim_runs({.task_queues = queues, .limit = 10}).size(), 1u);
  const auto other = store->open_lane(store->register_worker(worker_info()));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::size_t claimed = 0;
  while (claimed == 0 && std::chrono::steady_clock::now() < deadline) claimed = claim(*other).size();
  EXPECT_EQ(claimed, 1u) << "the rows that it had locked are free again";
  EXPECT_THROW(sleeping->commit({}), Error);
  sleeping.reset();
  EXPECT_TRUE(claim(*lane).empty());
}

}  // namespace
}  // namespace holdfast::test
