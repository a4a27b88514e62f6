// Queries on real workers over the memory store.
#include <holdfast/client/client.hpp>

#include "worker_fixture.hpp"

namespace holdfast::worker::test {
namespace {

using namespace std::chrono_literals;

const Query<Note, Note> kText{"text"};
const Update<Note, Note> kAppend{"append"};
const Signal<Note> kAdd{"add"};
const WorkflowType<Note, Note> kPad{"Pad", "default"};

Workflow<Note> pad(Context ctx, Note note) {
  ctx.on_query(kText, [&](const Note& before) {
    if (before.text == "fail") throw ApplicationError("Refused", "no");
    return Note{before.text + note.text};
  });
  ctx.on_update(kAppend, [&](const Note& more) {
    note.text += more.text;
    return note;
  });
  for (;;) {
    const auto more = co_await ctx.receive(kAdd);
    if (more.text == "end") break;
    if (more.text == "renew") throw ctx.continue_as_new(note);
    note.text += more.text;
  }
  co_return note;
}

class WorkerQueries : public WorkerFixture {
 protected:
  WorkerQueries() { registry.add(kPad, pad); }
  client::Client client() { return client::Client(store); }
  std::string text_of(const std::string& id) { return client().query(id, kText, {}).text; }
};

TEST_F(WorkerQueries, AreAnsweredForOpenRunsAndLeaveNoTrace) {
  start_worker();
  const auto run_id = begin("Pad", "pad");
  EXPECT_EQ(text_of("pad"), "x");
  EXPECT_EQ(history_of(run_id).size(), 1u);
  EXPECT_EQ(client().query_json({.workflow_id = "pad"}, "__waiting_for"), R"("signal add")");
}

TEST_F(WorkerQueries, SeeWhatWasSentBefore) {
  start_worker();
  begin("Pad", "pad");
  std::string expected = "x";
  for (int i = 0; i < 20; ++i) {
    signal("pad", "add", std::to_string(i));
    expected += std::to_string(i);
    EXPECT_EQ(text_of("pad"), expected);
  }
  client().update("pad", kAppend, {"u"}, {.wait = store::UpdateStage::admitted});
  EXPECT_EQ(text_of("pad"), expected + "u");
}

TEST_F(WorkerQueries, OfClosedAndContinuedRuns) {
  start_worker();
  const auto first = begin("Pad", "pad");
  signal("pad", "add", "y");
  signal("pad", "add", "renew");
  signal("pad", "add", "z");
  EXPECT_EQ(text_of("pad"), "xyz");
  EXPECT_EQ(client().query_json({.run_id = first}, "text", R"({"text":""})"), R"({"text":"xy"})");
  signal("pad", "add", "end");
  EXPECT_EQ(text_of("pad"), "xyz");
}

TEST_F(WorkerQueries, FailuresReachTheAsker) {
  start_worker();
  begin("Pad", "pad");
  try {
    client().query("pad", kText, {"fail"});
    FAIL() << "it was answered";
  } catch (const client::QueryFailedError& e) {
    EXPECT_EQ(e.failure.type, "Refused");
  }
  try {
    client().query_json({.workflow_id = "pad"}, "colour");
    FAIL() << "it was answered";
  } catch (const client::QueryFailedError& e) {
    EXPECT_EQ(e.failure.type, "UnknownQuery");
  }
  EXPECT_THROW(client().query("nobody", kText, {}), client::NotFoundError);
}

TEST_F(WorkerQueries, WithoutAWorkerTimeOutAndSayWhy) {
  begin("Pad", "pad");
  try {
    client().query("pad", kText, {}, 20ms);
    FAIL() << "it was answered";
  } catch (const client::QueryTimeoutError& e) {
    EXPECT_NE(std::string(e.what()).find("no live worker serves queue default"), std::string::npos) << e.what();
  }
}

Workflow<Note> stranger(Context ctx, Note note) {
  co_await ctx.sleep(1h);
  co_return note;
}

TEST_F(WorkerQueries, OfARunWhoseCodePartedFromItsHistoryAreRefused) {
  start_worker();
  begin("Pad", "pad");
  EXPECT_EQ(text_of("pad"), "x");
  signal("pad", "add", "y");
  EXPECT_EQ(text_of("pad"), "xy");
  worker.reset();
  Registry other;
  other.add(kPad, stranger);
  Worker of_others(store, other, options);
  of_others.start();
  try {
    text_of("pad");
    FAIL() << "it was answered";
  } catch (const client::QueryFailedError& e) {
    EXPECT_EQ(e.failure.type, "ReplayFailed");
  }
}

TEST_F(WorkerQueries, NeedNoNotifications) {
  options.notify = false;
  start_worker();
  begin("Pad", "pad");
  client::Client quiet(store, {.notify = false});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(quiet.query("pad", kText, {}).text, "x");
}

TEST_F(WorkerQueries, OfManyAtOnce) {
  start_worker();
  for (int i = 0; i < 10; ++i) begin("Pad", "pad" + std::to_string(i));
  std::vector<std::thread> askers;
  std::atomic<int> right = 0;
  for (int i = 0; i < 10; ++i)
    askers.emplace_back([&, i] { right += text_of("pad" + std::to_string(i)) == "x" ? 1 : 0; });
  for (auto& asker : askers) asker.join();
  EXPECT_EQ(right, 10);
}

}  // namespace
}  // namespace holdfast::worker::test
