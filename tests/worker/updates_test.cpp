// Updates on real lanes over the memory store: answered, rejected, and never left without an end.
#include <holdfast/client/client.hpp>

#include "worker_fixture.hpp"

namespace holdfast::worker::test {
namespace {

using namespace std::chrono_literals;
using client::UpdateOptions;
using store::UpdateStage;

const Activity<Note, Note> book{"book", {.start_to_close = 10s}};
const Update<Note, Note> kAppend{"append"};
const Update<Note, Note> kBook{"book"};
const Update<Note> kClose{"close"};
const Signal<Note> kLeave{"leave"};
const Signal<Note> kRenew{"renew"};

Workflow<Note> booked(Context ctx, Note note) { co_return co_await ctx.run(book, note); }

/// Appends what it is told until it is closed, left, or renewed.
Workflow<Note> pad(Context ctx, Note note) {
  bool closed = false;
  ctx.on_update(
      kAppend,
      [](const Note& more) {
        if (more.text.empty()) throw ApplicationError("Empty", "there is nothing to append");
      },
      [&](const Note& more) {
        if (more.text == "fail") throw ApplicationError("Unreadable", "what does that say?");
        note.text += more.text;
        return note;
      });
  ctx.on_update(kBook, [](Context c, Note more) { return booked(c, more); });
  ctx.on_update(kClose, [&](const Note&) { closed = true; });
  auto leave = ctx.receive(kLeave);
  auto renew = ctx.receive(kRenew);
  auto done = ctx.wait_until([&] { return closed; });
  if (co_await when_any(leave, renew, done) == 1) {
    co_await renew;
    throw ctx.continue_as_new(note);
  }
  co_return note;
}
const WorkflowType<Note, Note> kPad{"Pad", "default"};

class WorkerUpdates : public WorkerFixture {
 protected:
  WorkerUpdates() {
    registry.add(kPad, pad);
    registry.add(book, [this](const Note& note, ActivityContext&) {
      if (note.text == "slow") wait_true([this] { return may_go.load(); });
      return Note{"booked " + note.text};
    });
  }
  ~WorkerUpdates() override {
    may_go = true;
    worker.reset();
  }

  client::Client client() { return client::Client(store); }
  std::string events(const Uuid& run_id) {
    std::string out;
    for (const auto& name : history_of(run_id)) out += (out.empty() ? "" : " ") + name;
    return out;
  }
  UpdateStage stage_of(const std::string& update_id) {
    return client().update_state({.workflow_id = "pad"}, update_id).stage;
  }

  std::atomic<bool> may_go = false;
};

TEST_F(WorkerUpdates, AreAnsweredInOneStep) {
  start_worker();
  const auto run_id = begin("Pad", "pad");
  const auto update = client().update("pad", kAppend, {"y"});
  EXPECT_EQ(update.result(10s).text, "xy");
  EXPECT_EQ(client().update("pad", kAppend, {"z"}, {.wait = UpdateStage::completed}).state().result,
            R"({"text":"xyz"})");
  EXPECT_EQ(events(run_id),
            "WorkflowStarted WorkflowUpdateAccepted WorkflowUpdateCompleted WorkflowUpdateAccepted "
            "WorkflowUpdateCompleted");
}

TEST_F(WorkerUpdates, OfARunThatNoWorkerHasSeenYetWaitForIt) {
  const auto run_id = begin("Pad", "pad");
  const auto sent = client().update("pad", kAppend, {"y"}, {.wait = UpdateStage::admitted});
  EXPECT_EQ(sent.state().stage, UpdateStage::admitted);
  EXPECT_THROW(client().update("pad", kAppend, {"z"}, {.timeout = 1ms}), client::UpdateTimeoutError);
  start_worker();
  EXPECT_EQ(sent.result(10s).text, "xy") << "its handler is set before anything is offered";
  EXPECT_EQ(events(run_id).substr(0, 38), "WorkflowStarted WorkflowUpdateAccepted");
}

TEST_F(WorkerUpdates, ARejectionIsAnAnswerAndNoEvent) {
  start_worker();
  const auto run_id = begin("Pad", "pad");
  try {
    client().update("pad", kAppend, {""}, {.update_id = "nothing"});
    FAIL() << "it was accepted";
  } catch (const client::UpdateRejectedError& e) {
    EXPECT_EQ(e.update.failure->type, "Empty");
  }
  EXPECT_THROW(client().update("pad", Update<Note>{"unheard-of"}, {}), client::UpdateRejectedError);
  EXPECT_THROW(client().update("pad", kAppend, {"late"}, {.update_id = "nothing"}), client::UpdateRejectedError)
      << "the same id is the same update";
  EXPECT_EQ(events(run_id), "WorkflowStarted");
  EXPECT_EQ(client().update("pad", kAppend, {"y"}).result(10s).text, "xy");
}

TEST_F(WorkerUpdates, AFailureIsTheUpdatesAlone) {
  start_worker();
  begin("Pad", "pad");
  const auto failing = client().update("pad", kAppend, {"fail"});
  try {
    failing.result(10s);
    FAIL() << "it succeeded";
  } catch (const client::UpdateFailedError& e) {
    EXPECT_EQ(e.update.failure->type, "Unreadable");
  }
  EXPECT_EQ(client().update("pad", kAppend, {"y"}).result(10s).text, "xy");
}

TEST_F(WorkerUpdates, ARepeatedIdIsAnsweredWithTheFirstResult) {
  start_worker();
  begin("Pad", "pad");
  EXPECT_EQ(client().update("pad", kAppend, {"y"}, {.update_id = "once"}).result(10s).text, "xy");
  EXPECT_EQ(client().update("pad", kAppend, {"y"}, {.update_id = "once"}).result(10s).text, "xy");
  EXPECT_EQ(client().find_update(kAppend, "pad", "once").result(10s).text, "xy");
  EXPECT_THROW(client().find_update(kAppend, "pad", "twice"), client::NotFoundError);
}

TEST_F(WorkerUpdates, AHandlerMayTakeLongAndOthersGoOnMeanwhile) {
  start_worker();
  begin("Pad", "pad");
  const auto slow = client().update("pad", kBook, {"slow"});
  EXPECT_EQ(slow.state().stage, UpdateStage::accepted);
  EXPECT_THROW(slow.result(1ms), client::UpdateTimeoutError);
  EXPECT_EQ(client().update("pad", kAppend, {"y"}).result(10s).text, "xy");
  may_go = true;
  EXPECT_EQ(slow.result(10s).text, "booked slow");
}

TEST_F(WorkerUpdates, ThoseAtWorkFailWithTheEndOfTheirRun) {
  start_worker();
  begin("Pad", "pad");
  const auto slow = client().update("pad", kBook, {"slow"});
  EXPECT_NO_THROW(client().update("pad", kClose, {}).result(10s));
  try {
    slow.result(10s);
    FAIL() << "it succeeded";
  } catch (const client::UpdateFailedError& e) {
    EXPECT_EQ(e.update.failure->type, "WorkflowUpdateNotCompleted");
  }
  EXPECT_THROW(client().update("pad", kAppend, {"y"}), client::RunClosedError);
}

TEST_F(WorkerUpdates, BehindTheSignalThatEndsTheRunTheyAreRefused) {
  begin("Pad", "pad");
  signal("pad", "leave");
  const auto late = client().update("pad", kAppend, {"y"}, {.wait = UpdateStage::admitted});
  start_worker();
  EXPECT_THROW(late.result(10s), client::RunClosedError);
}

TEST_F(WorkerUpdates, BehindAContinueAsNewTheyReachTheNextRun) {
  begin("Pad", "pad");
  signal("pad", "renew");
  const auto late = client().update("pad", kAppend, {"y"}, {.update_id = "late", .wait = UpdateStage::admitted});
  start_worker();
  EXPECT_EQ(late.result(10s).text, "xy");
  EXPECT_EQ(client().update("pad", kAppend, {"y"}, {.update_id = "late"}).result(10s).text, "xy");
}

TEST_F(WorkerUpdates, TerminatingAnswersThem) {
  start_worker();
  begin("Pad", "pad");
  const auto slow = client().update("pad", kBook, {"slow"});
  client().terminate({.workflow_id = "pad"}, "enough");
  EXPECT_THROW(slow.result(10s), client::UpdateFailedError);
}

TEST_F(WorkerUpdates, TheExecutionTimeoutAnswersThem) {
  auto run = new_run("Pad", "pad");
  run.execution_timeout = 300ms;
  begin(run);
  start_worker();
  const auto slow = client().update("pad", kBook, {"slow"});
  EXPECT_THROW(slow.result(10s), client::UpdateFailedError);
}

TEST_F(WorkerUpdates, GoOnWithAnotherWorker) {
  options.lease = 500ms;
  start_worker();
  const auto run_id = begin("Pad", "pad");
  const auto slow = client().update("pad", kBook, {"slow"});
  EXPECT_EQ(client().update("pad", kAppend, {"y"}).result(10s).text, "xy");
  store.set_plan([](std::string_view verb, int) -> std::optional<holdfast::test::Fault> {
    if (verb == "renew_lease" || verb == "begin_step") return holdfast::test::Fault::lease_lost;
    return std::nullopt;
  });
  signal("pad", "unheard");
  wait_true([&] { return store.faults() > 0; });
  store.set_plan({});
  may_go = true;
  EXPECT_EQ(slow.result(20s).text, "booked slow");
  EXPECT_EQ(client().update("pad", kAppend, {"z"}).result(10s).text, "xyz");
  EXPECT_EQ(stage_of(slow.update_id()), UpdateStage::completed);
  EXPECT_NO_THROW(history_of(run_id));
}

TEST_F(WorkerUpdates, NeedNoNotifications) {
  options.notify = false;
  start_worker();
  begin("Pad", "pad");
  client::Client quiet(store, {.notify = false});
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(quiet.update("pad", kAppend, {"y"}).result(10s).text,
              "x" + std::string(static_cast<std::size_t>(i + 1), 'y'));
}

TEST_F(WorkerUpdates, AreAppliedOnceWhateverFails) {
  options.idle_poll = 10ms;
  start_worker();
  const auto run_id = begin("Pad", "pad");
  store.set_plan(
      holdfast::test::fail_regularly(7, {holdfast::test::Fault::unavailable, holdfast::test::Fault::in_doubt_before,
                                         holdfast::test::Fault::in_doubt_after}));
  client::Client steady(inner);
  std::vector<client::UpdateHandle<Note>> sent;
  for (int i = 0; i < 40; ++i)
    sent.push_back(
        steady.update("pad", kAppend, {"y"}, {.update_id = "u" + std::to_string(i), .wait = UpdateStage::admitted}));
  std::size_t longest = 0;
  for (const auto& update : sent) longest = std::max(longest, update.result(30s).text.size());
  EXPECT_EQ(longest, 41u);
  store.set_plan({});
  int accepted = 0;
  for (const auto& name : history_of(run_id)) accepted += name == "WorkflowUpdateAccepted" ? 1 : 0;
  EXPECT_EQ(accepted, 40);
}

TEST_F(WorkerUpdates, AResultThatIsTooLargeFailsTheUpdate) {
  options.max_payload_bytes = 1024;
  start_worker();
  begin("Pad", "pad");
  const auto large = client().update("pad", kAppend, {std::string(2000, 'y')});
  EXPECT_THROW(large.result(10s), client::UpdateFailedError);
  EXPECT_EQ(client().find_update(kAppend, "pad", large.update_id()).state().failure->type, "PayloadTooLarge");
}

}  // namespace
}  // namespace holdfast::worker::test
