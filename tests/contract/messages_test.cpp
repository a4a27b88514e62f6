#include <future>

#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class Messages : public StoreContract {};
HOLDFAST_ON_EVERY_STORE(Messages);

TEST_P(Messages, ASignalWaitsInTheInboxOfItsRun) {
  const Uuid run_id = start();
  const auto message = signal_to(run_id, "approve", R"({"by":"\u0000 \u00e9"})");
  EXPECT_EQ(send(message), SendStatus::sent);
  EXPECT_EQ(describe(run_id).unread_messages, 1);
  auto worker = new_worker();
  ASSERT_EQ(claim(worker).size(), 1u);
  const auto messages = messages_of(worker, run_id);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].kind, MessageKind::signal);
  EXPECT_EQ(messages[0].name, "approve");
  EXPECT_EQ(messages[0].payload, message.payload);
  EXPECT_EQ(messages[0].message_id, message.message_id);
}

TEST_P(Messages, ACancelRequestCarriesItsReason) {
  const Uuid run_id = start();
  NewMessage cancel = signal_to(run_id, "hung up");
  cancel.kind = MessageKind::cancel;
  EXPECT_EQ(send(cancel), SendStatus::sent);
  auto worker = new_worker();
  claim(worker);
  const auto messages = messages_of(worker, run_id);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].kind, MessageKind::cancel);
  EXPECT_EQ(messages[0].name, "hung up");
}

TEST_P(Messages, AnEmptyReasonIsAllowed) {
  NewMessage cancel = signal_to(start(), "");
  cancel.kind = MessageKind::cancel;
  EXPECT_EQ(send(cancel), SendStatus::sent);
}

TEST_P(Messages, AreReadInTheOrderInWhichTheyWereSent) {
  const Uuid run_id = start();
  std::vector<NewMessage> batch;
  for (int i = 0; i < 20; ++i) batch.push_back(signal_to(run_id, "s" + std::to_string(i)));
  store().send_messages(batch);
  for (int i = 20; i < 25; ++i) send(signal_to(run_id, "s" + std::to_string(i)));
  auto worker = new_worker();
  claim(worker);
  const auto messages = messages_of(worker, run_id);
  ASSERT_EQ(messages.size(), 25u);
  for (int i = 0; i < 25; ++i) EXPECT_EQ(messages[static_cast<std::size_t>(i)].name, "s" + std::to_string(i));
}

TEST_P(Messages, AnswersComeInTheOrderOfTheRequests) {
  const Uuid open = start("open");
  const Uuid closed = start("closed");
  RunKey key;
  key.run_id = closed;
  store().terminate_run(key, "test", "me");
  std::vector<NewMessage> batch{signal_to(closed), signal_to(new_id()), signal_to(open)};
  const auto results = store().send_messages(batch);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0], SendStatus::closed);
  EXPECT_EQ(results[1], SendStatus::not_found);
  EXPECT_EQ(results[2], SendStatus::sent);
}

TEST_P(Messages, AWorkflowIdMeansItsOpenRun) {
  NewRun first = new_run();
  start(first);
  NewRun second = new_run();
  second.conflict = IdConflictPolicy::terminate_existing;
  start(second);
  NewMessage message = signal_to({});
  message.to.workflow_id = "order-1";
  EXPECT_EQ(send(message), SendStatus::sent);
  EXPECT_EQ(describe(second.run_id).unread_messages, 1);
}

TEST_P(Messages, AWorkflowIdWithoutAnOpenRunIsClosedOrUnknown) {
  NewMessage message = signal_to({});
  message.to.workflow_id = "order-1";
  EXPECT_EQ(send(message), SendStatus::not_found);
  RunKey key;
  key.run_id = start();
  store().terminate_run(key, "", "");
  EXPECT_EQ(send(message), SendStatus::closed);
}

TEST_P(Messages, ARepeatedMessageIsDeliveredOnce) {
  const Uuid run_id = start();
  const auto message = signal_to(run_id);
  EXPECT_EQ(send(message), SendStatus::sent);
  EXPECT_EQ(send(message), SendStatus::sent);
  const std::vector<NewMessage> twice{message, message};
  EXPECT_EQ(store().send_messages(twice), (std::vector{SendStatus::sent, SendStatus::sent}));
  EXPECT_EQ(describe(run_id).unread_messages, 1);
}

TEST_P(Messages, ARepeatedMessageIsDeliveredOnceAlsoAfterItWasConsumed) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  const auto message = signal_to(run_id);
  send(message);
  const auto messages = collect(worker);
  ASSERT_EQ(messages.size(), 1u);
  auto consume = step(run_id, 2, {event::WorkflowSignaled{"approve", "{}", message.message_id.to_string()}});
  consume.consumed = {messages[0].messages.at(0).inbox_id};
  commit(worker, std::move(consume));
  EXPECT_EQ(send(message), SendStatus::sent);
  EXPECT_EQ(describe(run_id).unread_messages, 0);
  commit(worker, parking(run_id));
  EXPECT_EQ(messages_of(worker, run_id).size(), 0u);
}

TEST_P(Messages, RingTheOwnersDoorbellOnce) {
  auto worker = new_worker();
  const Uuid quiet = start_owned(worker, "quiet");
  const Uuid rung = start_owned(worker, "rung");
  EXPECT_TRUE(collect(worker).empty());
  send(signal_to(rung));
  const auto messages = collect(worker);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].run_id, rung);
  EXPECT_EQ(messages[0].messages.size(), 1u);
  EXPECT_TRUE(collect(worker).empty()) << "the bell was reset";
  EXPECT_EQ(messages_of(worker, rung).size(), 1u) << "but what was not consumed is still there";
  EXPECT_TRUE(messages_of(worker, quiet).empty());
}

TEST_P(Messages, ARolledBackStepRingsAgain) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  send(signal_to(run_id));
  EXPECT_EQ(worker.lane->begin_step()->collect_messages().size(), 1u);
  EXPECT_EQ(collect(worker).size(), 1u);
}

TEST_P(Messages, AMessageBetweenTwoReadsRingsAgain) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  send(signal_to(run_id, "first"));
  auto step_transaction = worker.lane->begin_step();
  const auto first = step_transaction->collect_messages();
  ASSERT_EQ(first.size(), 1u);
  // The sender may have to wait for this step's commit: that is how no wake-up is lost.
  auto sender = std::async(std::launch::async, [&] { return send(signal_to(run_id, "second")); });
  auto consume = step(run_id, 2, {event::WorkflowSignaled{"first", "{}", "m"}});
  for (const auto& message : first[0].messages) consume.consumed.push_back(message.inbox_id);
  std::vector<RunCommit> runs;
  runs.push_back(std::move(consume));
  step_transaction->commit({std::move(runs)});
  step_transaction.reset();
  EXPECT_EQ(sender.get(), SendStatus::sent);
  std::size_t unread = messages_of(worker, run_id).size();
  if (first[0].messages.size() == 1) {
    EXPECT_EQ(unread, 1u);
    EXPECT_EQ(collect(worker).size(), 1u) << "it must have rung";
  }
}

TEST_P(Messages, ClosingWithAnUnreadMessageIsAConflict) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  const Uuid neighbour = start_owned(worker, "order-2");
  send(signal_to(run_id));
  std::vector<RunCommit> batch;
  batch.push_back(closing(neighbour, 2));
  batch.push_back(closing(run_id, 2));
  try {
    commit(worker, std::move(batch));
    FAIL() << "the message would have been lost";
  } catch (const Conflict& conflict) {
    EXPECT_TRUE(conflict.runs.empty() || conflict.runs == std::vector{run_id});
  }
  EXPECT_EQ(describe(run_id).summary.status, RunStatus::running);
  EXPECT_EQ(describe(neighbour).summary.status, RunStatus::running) << "nothing of the batch happened";
  EXPECT_EQ(describe(run_id).owner, worker.id);
  EXPECT_EQ(collect(worker).size(), 1u);
  commit(worker, closing(run_id, 2));
}

TEST_P(Messages, ASenderThatMeetsAClosingRunIsNeverToldThatItWasSent) {
  for (int round = 0; round < 10; ++round) {
    auto worker = new_worker();
    const Uuid run_id = start_owned(worker, "race-" + std::to_string(round));
    auto sender = std::async(std::launch::async, [&] { return send(signal_to(run_id)); });
    bool closed = true;
    try {
      commit(worker, closing(run_id, 2));
    } catch (const Conflict&) {
      closed = false;
    }
    EXPECT_EQ(sender.get(), closed ? SendStatus::closed : SendStatus::sent);
  }
}

TEST_P(Messages, WakeAParkedRun) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  commit(worker, parking(run_id));
  EXPECT_TRUE(claim(worker).empty());
  EXPECT_EQ(describe(run_id).ready_at, std::nullopt);
  send(signal_to(run_id));
  const auto claimed = claim(worker);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_TRUE(claimed[0].rung);
  EXPECT_FALSE(claimed[0].fresh);
}

TEST_P(Messages, WakeARunThatSleeps) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  commit(worker, parking(run_id, store().now() + 1h));
  EXPECT_TRUE(claim(worker).empty());
  send(signal_to(run_id));
  EXPECT_EQ(claim(worker).size(), 1u);
}

TEST_P(Messages, ParkingKeepsARingThatTheOwnerHasNotHeard) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  send(signal_to(run_id));
  commit(worker, parking(run_id));
  const auto claimed = claim(worker);
  ASSERT_EQ(claimed.size(), 1u) << "a wake-up was lost";
  EXPECT_TRUE(claimed[0].rung);
}

TEST_P(Messages, ReadMessagesReturnsThoseOfOwnedRunsOnly) {
  auto worker = new_worker();
  auto other = new_worker();
  const Uuid mine = start_owned(worker, "mine");
  const Uuid theirs = start_owned(other, "theirs");
  send(signal_to(mine, "a"));
  send(signal_to(mine, "b"));
  send(signal_to(theirs, "c"));
  auto step_transaction = worker.lane->begin_step();
  const std::vector<Uuid> ids{mine, theirs};
  const auto messages = step_transaction->read_messages(ids);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].run_id, mine);
  ASSERT_EQ(messages[0].messages.size(), 2u);
  EXPECT_EQ(messages[0].messages[1].name, "b");
}

TEST_P(Messages, ConsumedOnesAreGoneAndOthersStay) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  send(signal_to(run_id, "a"));
  send(signal_to(run_id, "b"));
  const auto messages = collect(worker);
  auto consume = step(run_id, 2, {event::WorkflowSignaled{"a", "{}", "m"}});
  consume.consumed = {messages.at(0).messages.at(0).inbox_id};
  commit(worker, std::move(consume));
  const auto left = messages_of(worker, run_id);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].name, "b");
}

}  // namespace
}  // namespace holdfast::test
