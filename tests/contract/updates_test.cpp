// Updates: admitted once, moved on in the commit of their run's step, and never left without an end.
#include <algorithm>
#include <future>

#include "store_contract.hpp"

namespace holdfast::test {
namespace {

using namespace store;
using namespace std::chrono_literals;

class StoredUpdates : public StoreContract {
 protected:
  static NewUpdate update_to(const Uuid& run_id, std::string update_id = "u1", std::string name = "deposit") {
    NewUpdate update;
    update.to.run_id = run_id;
    update.update_id = std::move(update_id);
    update.name = std::move(name);
    update.input = R"({"cents": 5})";
    return update;
  }
  SentUpdate send_update(const NewUpdate& update) { return store().updates().send_update(update); }
  UpdateState read(const UpdateKey& key) {
    auto found = store().updates().read_updates({&key, 1});
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? UpdateState{} : std::move(found[0]);
  }
  std::vector<std::string> open(const Uuid& run_id) {
    std::vector<std::string> ids;
    for (const auto& update : store().updates().open_updates(run_id)) ids.push_back(update.key.update_id);
    return ids;
  }
  /// Takes up all that is unread and accepts it.
  RunCommit accepting(Worker& worker, const Uuid& run_id, EventId first_event) {
    std::vector<Event> events;
    RunCommit commit;
    for (const auto& of_run : collect(worker)) {
      if (of_run.run_id != run_id) continue;
      for (const auto& message : of_run.messages) {
        const auto update = decode_update_message(message.payload);
        events.push_back(event::WorkflowUpdateAccepted{update.update_id, message.name, update.input});
        commit.updates.push_back({update.update_id, UpdateStage::accepted, {}, {}});
        commit.consumed.push_back(message.inbox_id);
      }
    }
    auto out = step(run_id, first_event, std::move(events));
    out.updates = std::move(commit.updates);
    out.consumed = std::move(commit.consumed);
    return out;
  }
  static Failure refused() {
    Failure failure;
    failure.type = "Refused";
    failure.message = "no";
    return failure;
  }
};
HOLDFAST_ON_EVERY_STORE(StoredUpdates);

TEST_P(StoredUpdates, AnAdmittedOneIsInTheTableAndInTheInbox) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  const auto sent = send_update(update_to(run_id));
  ASSERT_EQ(sent.status, SendStatus::sent);
  EXPECT_EQ(sent.update.stage, UpdateStage::admitted);
  EXPECT_EQ(sent.update.run_id, run_id);
  EXPECT_EQ(sent.update.key, (UpdateKey{run_id, "u1"}));
  EXPECT_EQ(sent.update.name, "deposit");
  EXPECT_GT(sent.update.admitted_at, Timestamp{});
  EXPECT_FALSE(sent.update.accepted_at);
  EXPECT_EQ(read(sent.update.key).stage, UpdateStage::admitted);
  EXPECT_EQ(open(run_id), std::vector<std::string>{"u1"});
  const auto messages = collect(worker);
  ASSERT_EQ(messages.size(), 1u) << "it rang";
  ASSERT_EQ(messages[0].messages.size(), 1u);
  const auto& message = messages[0].messages[0];
  EXPECT_EQ(message.kind, MessageKind::update);
  EXPECT_EQ(message.name, "deposit");
  EXPECT_EQ(decode_update_message(message.payload).update_id, "u1");
  EXPECT_EQ(decode_update_message(message.payload).input, R"({"cents": 5})");
}

TEST_P(StoredUpdates, ARepeatedIdIsAdmittedOnce) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  send_update(update_to(run_id));
  auto again = update_to(run_id);
  again.to = {.workflow_id = "order-1"};
  EXPECT_EQ(send_update(again).status, SendStatus::sent);
  EXPECT_EQ(describe(run_id).unread_messages, 1);
  auto commit_done = accepting(worker, run_id, 2);
  commit_done.updates[0].stage = UpdateStage::completed;
  commit_done.updates[0].result = "7";
  commit(worker, std::move(commit_done));
  const auto answer = send_update(update_to(run_id));
  EXPECT_EQ(answer.status, SendStatus::sent);
  EXPECT_EQ(answer.update.stage, UpdateStage::completed);
  EXPECT_EQ(answer.update.result, "7");
  EXPECT_EQ(describe(run_id).unread_messages, 0);
  collect(worker);  // it may have rung, for nothing new
  commit(worker, closing(run_id, 3));
  EXPECT_EQ(send_update(update_to(run_id)).update.stage, UpdateStage::completed) << "also after the end of the run";
  EXPECT_EQ(send_update(update_to(run_id, "u2")).status, SendStatus::closed);
}

TEST_P(StoredUpdates, AreForOpenRunsOnly) {
  EXPECT_EQ(send_update(update_to(new_id())).status, SendStatus::not_found);
  auto update = update_to({});
  update.to.workflow_id = "order-1";
  EXPECT_EQ(send_update(update).status, SendStatus::not_found);
  RunKey key;
  key.run_id = start();
  store().terminate_run(key, "", "");
  EXPECT_EQ(send_update(update).status, SendStatus::closed);
}

TEST_P(StoredUpdates, AreReadInOrderWithSignals) {
  const Uuid run_id = start();
  send(signal_to(run_id, "first"));
  send_update(update_to(run_id, "u1", "second"));
  send(signal_to(run_id, "third"));
  auto worker = new_worker();
  ASSERT_EQ(claim(worker).size(), 1u);
  std::string names;
  for (const auto& message : messages_of(worker, run_id)) names += message.name + " ";
  EXPECT_EQ(names, "first second third ");
}

TEST_P(StoredUpdates, MoveOnInTheCommitOfTheStep) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  const auto key = send_update(update_to(run_id)).update.key;
  commit(worker, accepting(worker, run_id, 2));
  const auto accepted = read(key);
  EXPECT_EQ(accepted.stage, UpdateStage::accepted);
  EXPECT_TRUE(accepted.accepted_at);
  EXPECT_FALSE(accepted.ended_at);
  EXPECT_EQ(open(run_id), std::vector<std::string>{"u1"});

  auto failing = step(run_id, 3, {event::WorkflowUpdateCompleted{"u1", {}, refused()}});
  failing.updates.push_back({"u1", UpdateStage::completed, {}, refused()});
  commit(worker, std::move(failing));
  const auto completed = read(key);
  EXPECT_EQ(completed.stage, UpdateStage::completed);
  ASSERT_TRUE(completed.failure);
  EXPECT_EQ(completed.failure->type, "Refused");
  EXPECT_EQ(completed.accepted_at, accepted.accepted_at);
  EXPECT_TRUE(completed.ended_at);
  EXPECT_TRUE(open(run_id).empty());
}

TEST_P(StoredUpdates, ARejectionNeedsNoHistory) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  const auto key = send_update(update_to(run_id)).update.key;
  auto rejecting = accepting(worker, run_id, 2);
  rejecting.events.clear();
  rejecting.updates[0].stage = UpdateStage::rejected;
  rejecting.updates[0].failure = refused();
  commit(worker, std::move(rejecting));
  EXPECT_EQ(read(key).stage, UpdateStage::rejected);
  EXPECT_FALSE(read(key).accepted_at);
  EXPECT_EQ(whole_history(run_id), "WorkflowStarted");
  EXPECT_EQ(describe(run_id).unread_messages, 0);
  EXPECT_EQ(send_update(update_to(run_id)).update.failure->type, "Refused") << "known for ever";
}

TEST_P(StoredUpdates, NothingMovesIfTheStepFails) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  const auto key = send_update(update_to(run_id)).update.key;
  auto late = accepting(worker, run_id, 1);  // somebody else appended that event
  EXPECT_THROW(commit(worker, std::move(late)), Conflict);
  EXPECT_EQ(read(key).stage, UpdateStage::admitted);
}

TEST_P(StoredUpdates, ClosingWithAnUnreadOneIsAConflict) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  send_update(update_to(run_id));
  EXPECT_THROW(commit(worker, closing(run_id, 2)), Conflict);
  EXPECT_EQ(describe(run_id).summary.status, RunStatus::running);
}

TEST_P(StoredUpdates, EndWithTheirRun) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  const auto accepted = send_update(update_to(run_id, "taken")).update.key;
  commit(worker, accepting(worker, run_id, 2));
  const auto admitted = send_update(update_to(run_id, "late")).update.key;
  collect(worker);
  auto end = closing(run_id, 3);
  end.end_updates = true;
  commit(worker, std::move(end));
  EXPECT_EQ(read(accepted).stage, UpdateStage::completed);
  EXPECT_EQ(read(accepted).failure->type, "WorkflowUpdateNotCompleted");
  EXPECT_EQ(read(admitted).stage, UpdateStage::rejected);
  EXPECT_EQ(read(admitted).failure->type, "WorkflowClosed");
}

TEST_P(StoredUpdates, TerminatingEndsThem) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  const auto accepted = send_update(update_to(run_id, "taken")).update.key;
  commit(worker, accepting(worker, run_id, 2));
  const auto admitted = send_update(update_to(run_id, "late")).update.key;
  RunKey key;
  key.run_id = run_id;
  store().terminate_run(key, "enough", "");
  EXPECT_EQ(read(accepted).failure->type, "WorkflowUpdateNotCompleted");
  EXPECT_EQ(read(admitted).failure->type, "WorkflowClosed");
  EXPECT_TRUE(open(run_id).empty());
}

TEST_P(StoredUpdates, UnreadOnesMoveToTheNextRunAndKeepTheirId) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  const auto done = send_update(update_to(first, "done")).update.key;
  auto completing = accepting(worker, first, 2);
  completing.updates[0].stage = UpdateStage::completed;
  completing.updates[0].result = "1";
  commit(worker, std::move(completing));
  const auto unread = send_update(update_to(first, "unread")).update.key;
  NextRun next;
  next.run_id = new_id();
  next.workflow_type = "Order";
  next.task_queue = "default";
  next.input = "2";
  auto going_on =
      step(first, 3, {event::WorkflowContinuedAsNew{next.run_id, next.workflow_type, next.task_queue, next.input}},
           NextState::closed);
  going_on.status = RunStatus::continued_as_new;
  const Uuid second = next.run_id;
  going_on.successor = std::move(next);
  commit(worker, std::move(going_on));

  EXPECT_EQ(read(unread).run_id, second);
  EXPECT_EQ(read(unread).stage, UpdateStage::admitted);
  EXPECT_EQ(read(done).run_id, first);
  EXPECT_EQ(open(second), std::vector<std::string>{"unread"});
  EXPECT_EQ(send_update(update_to(first, "done")).update.result, "1") << "the same id in the whole chain";
  EXPECT_EQ(send_update(update_to(second, "unread")).update.key, unread);
  ASSERT_EQ(claim(worker).size(), 1u);
  const auto messages = messages_of(worker, second);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(decode_update_message(messages[0].payload).update_id, "unread");
}

TEST_P(StoredUpdates, AnotherChainOfTheWorkflowIdIsAnotherMatter) {
  auto worker = new_worker();
  const Uuid first = start_owned(worker);
  send_update(update_to(first));
  RunKey key;
  key.run_id = first;
  store().terminate_run(key, "", "");
  const Uuid second = start();
  auto update = update_to({});
  update.to.workflow_id = "order-1";
  const auto sent = send_update(update);
  EXPECT_EQ(sent.update.stage, UpdateStage::admitted);
  EXPECT_EQ(sent.update.run_id, second);
}

TEST_P(StoredUpdates, MoreThanARunMayHaveOpenAreRefused) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  for (int i = 0; i < kMaxOpenUpdates; ++i)
    ASSERT_EQ(send_update(update_to(run_id, "u" + std::to_string(i))).status, SendStatus::sent);
  EXPECT_EQ(send_update(update_to(run_id, "too much")).status, SendStatus::too_many);
  EXPECT_EQ(send_update(update_to(run_id, "u7")).status, SendStatus::sent) << "it is there";
  auto done = accepting(worker, run_id, 2);
  done.updates[0].stage = UpdateStage::completed;
  done.updates[0].result = "1";
  commit(worker, std::move(done));
  EXPECT_EQ(send_update(update_to(run_id, "too much")).status, SendStatus::sent);
}

TEST_P(StoredUpdates, TheSameIdFromManySendersIsOneUpdate) {
  auto worker = new_worker();
  const Uuid run_id = start_owned(worker);
  std::vector<std::future<SentUpdate>> senders;
  for (int i = 0; i < 8; ++i)
    senders.push_back(std::async(std::launch::async, [&] { return send_update(update_to(run_id)); }));
  for (auto& sender : senders) EXPECT_EQ(sender.get().status, SendStatus::sent);
  EXPECT_EQ(describe(run_id).unread_messages, 1);
}

TEST_P(StoredUpdates, BadValuesAreNamed) {
  const Uuid run_id = start();
  const auto refuses = [&](auto change, const std::string& field) {
    auto update = update_to(run_id);
    change(update);
    try {
      send_update(update);
      ADD_FAILURE() << field << " was taken";
    } catch (const InvalidArgument& e) {
      EXPECT_NE(std::string(e.what()).find(field), std::string::npos) << e.what();
    }
  };
  refuses([](NewUpdate& u) { u.update_id = ""; }, "update_id");
  refuses([](NewUpdate& u) { u.update_id = std::string(256, 'x'); }, "update_id");
  refuses([](NewUpdate& u) { u.update_id = std::string("a\0b", 3); }, "update_id");
  refuses([](NewUpdate& u) { u.update_id = "\xff"; }, "update_id");
  refuses([](NewUpdate& u) { u.name = ""; }, "update is empty");
  refuses([](NewUpdate& u) { u.input = "{"; }, "input");
  refuses([](NewUpdate& u) { u.input = "\"" + std::string(4 << 20, 'x') + "\""; }, "input");
  EXPECT_EQ(describe(run_id).unread_messages, 0);
}

}  // namespace
}  // namespace holdfast::test
