// A run that wants to close while somebody speaks to it.
#include <gmock/gmock.h>

#include "worker_fixture.hpp"

namespace holdfast::worker::test {
namespace {

using namespace std::chrono_literals;

const Activity<Note, Note> ring_self{"ring_self", {.start_to_close = 10s}};

Workflow<Note> one_step(Context ctx, Note in) { co_return co_await ctx.run(ring_self, in); }

const Signal<Note> page{"page"};
constexpr int kPages = 18;
Workflow<Note> reader(Context ctx, Note) {
  std::size_t bytes = 0;
  for (int i = 0; i < kPages; ++i) bytes += (co_await ctx.receive(page)).text.size();
  co_return Note{std::to_string(bytes)};
}

class Closing : public WorkerFixture {
 protected:
  Closing() {
    options.idle_poll = 1h;  // only what the worker does by itself can help
    add("one_step", one_step);
    registry.add(ring_self, [this](const Note& in, ActivityContext&) {
      EXPECT_EQ(signal("w", "more"), store::SendStatus::sent);
      return in;
    });
  }
};

TEST_F(Closing, ARunWhoseBellRangMeanwhileClosesOnAQuietLaneAfterHavingTakenTheMessage) {
  const auto id = begin("one_step", "w");
  start_worker();
  EXPECT_EQ(wait_closed(id).status, store::RunStatus::completed);
  EXPECT_THAT(history_of(id), testing::Contains("WorkflowSignaled")) << "it was answered: sent";
}

TEST_F(Closing, MessagesThatWouldMakeOneRowTooLargeAreTakenUpInSeveralSteps) {
  add("reader", reader);
  const auto id = begin("reader", "r");
  const std::string text(std::size_t{2} << 20, 'x');
  for (int i = 0; i < kPages; ++i) ASSERT_EQ(signal("r", "page", text + text.substr(100)), store::SendStatus::sent);
  start_worker();
  EXPECT_EQ(wait_closed(id).result, "{\"text\":\"" + std::to_string(kPages * (2 * text.size() - 100)) + "\"}");
  const auto rows = inner.read_history(id, 1, 100);
  EXPECT_GE(rows.size(), 2u);
  for (const auto& row : rows) EXPECT_LT(row.events.size(), std::size_t{70} << 20);
  EXPECT_EQ(std::ranges::count(history_of(id), "WorkflowSignaled"), kPages);
}

}  // namespace
}  // namespace holdfast::worker::test
