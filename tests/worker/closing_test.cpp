// A run that wants to close while somebody speaks to it.
#include <gmock/gmock.h>

#include "worker_fixture.hpp"

namespace holdfast::worker::test {
namespace {

using namespace std::chrono_literals;

const Activity<Note, Note> ring_self{"ring_self", {.start_to_close = 10s}};

Workflow<Note> one_step(Context ctx, Note in) { co_return co_await ctx.run(ring_self, in); }

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

}  // namespace
}  // namespace holdfast::worker::test
