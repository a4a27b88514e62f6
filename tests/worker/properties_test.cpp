#include <gmock/gmock.h>

#include <holdfast/visibility/parse.hpp>

#include "worker_fixture.hpp"

namespace holdfast::worker::test {
namespace {

using namespace std::chrono_literals;

const Activity<Note, Note> look{"look", {.start_to_close = 10s}};
const Signal<Note> go{"go"};

Workflow<Note> staged(Context ctx, Note in) {
  ctx.upsert_search_attributes(Attributes().set("Stage", "one").set("Round", 1));
  ctx.upsert_search_attributes(Attributes().set("Stage", "two").remove("Given"));
  co_await ctx.run(look, in);
  ctx.upsert_memo(Attributes().set("note", in.text));
  co_await ctx.receive(go);
  ctx.upsert_search_attributes(Attributes().set("Stage", "done"));
  co_return in;
}

Workflow<Note> handed_on(Context ctx, Note in) {
  if (in.text == "last") co_return in;
  ctx.upsert_search_attributes(Attributes().set("Round", 2));
  throw ctx.continue_as_new(Note{"last"});
}

Workflow<Note> misnamed(Context ctx, Note in) {
  ctx.upsert_search_attributes(Attributes().set("Run Id", "x"));
  co_return in;
}

class UpsertedProperties : public WorkerFixture {
 protected:
  std::size_t count(std::string_view filter) {
    return inner.list_runs({.filter = visibility::parse_filter(filter)}).size();
  }
  store::RunDescription describe(const Uuid& run_id) { return inner.describe_run({.run_id = run_id}).value(); }
};

TEST_F(UpsertedProperties, AreThereWithTheStepThatSetThem) {
  add("staged", staged);
  std::size_t seen = 0;
  registry.add(look, [&](const Note& in, ActivityContext&) {
    // Nothing of the step is durable yet: this attempt began in the memory of its owner.
    seen = count("Stage = 'one'");
    return in;
  });
  auto run = new_run("staged", "w");
  run.search_attributes = R"({"Given":true,"Kept":"k"})";
  const auto id = begin(run);
  start_worker();
  wait_true([&] { return count("Stage = 'two' AND Given IS NULL AND Kept = 'k' AND Round = 1") == 1; });
  wait_true([&] { return describe(id).memo == R"({"note":"x"})"; });
  EXPECT_EQ(seen, 0u) << "one step, one change";
  signal("w", "go");
  EXPECT_EQ(wait_closed(id).status, store::RunStatus::completed);
  EXPECT_EQ(describe(id).search_attributes, R"({"Kept":"k","Round":1,"Stage":"done"})");
  EXPECT_THAT(history_of(id), testing::Contains("WorkflowPropertiesModified").Times(4));
}

TEST_F(UpsertedProperties, AreHandedOnByContinueAsNew) {
  add("handed_on", handed_on);
  auto run = new_run("handed_on", "w");
  run.search_attributes = R"({"Customer":"c1"})";
  const auto id = begin(run);
  start_worker();
  const auto next = wait_closed(id).next_run_id;
  wait_closed(next);
  EXPECT_EQ(count("Customer = 'c1' AND Round = 2"), 2u);
}

TEST_F(UpsertedProperties, ThatAreNotAllowedFailTheTaskAndSayWhy) {
  add("misnamed", misnamed);
  const auto id = begin("misnamed", "w");
  start_worker();
  wait_true([&] { return describe(id).task_failures > 0; });
  EXPECT_THAT(describe(id).task_failure,
              testing::HasSubstr("search_attributes has the name \"Run Id\"; allowed: names"));
}

}  // namespace
}  // namespace holdfast::worker::test
