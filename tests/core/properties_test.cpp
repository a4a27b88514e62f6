#include <gtest/gtest.h>

#include <holdfast/core/errors.hpp>
#include <holdfast/core/run.hpp>

// Search attributes and memo, changed by a run.
namespace holdfast {
namespace {

using namespace std::chrono_literals;

struct Tags {
  std::optional<std::string> stage;
  std::vector<std::string> regions;
};
BOOST_DESCRIBE_STRUCT(Tags, (), (stage, regions))

const WorkflowType<Nothing, Nothing> kType{"Tagged", "default"};
const Timestamp kStart{1'700'000'000s};

RunInfo info() {
  return {.run_id = Uuid::parse("018bcfe5-6800-7000-8000-0123456789ab"),
          .workflow_id = "w",
          .workflow_type = "Tagged",
          .task_queue = "default",
          .input = "{}",
          .started_at = kStart};
}

Workflow<Nothing> tagged(Context ctx, Nothing) {
  ctx.upsert_search_attributes(Attributes().set("Stage", "new").set("Cents", 450).set("Rate", 0.5).remove("Old"));
  ctx.upsert_memo(Tags{.stage = "it's \"new\"", .regions = {"eu"}});
  co_await ctx.sleep(1h);
  ctx.upsert_search_attributes(Tags{.stage = {}, .regions = {"eu", "us"}});
  co_return Nothing{};
}

Workflow<Nothing> memo_only(Context ctx, Nothing) {
  ctx.upsert_memo(Attributes().set("Stage", "new"));
  co_return Nothing{};
}

Workflow<Nothing> misnamed(Context ctx, Nothing) {
  ctx.upsert_search_attributes(Attributes().set("WorkflowId", "x"));
  co_return Nothing{};
}

std::vector<Event> lines(Event input, const std::vector<Command>& commands) {
  std::vector<Event> out{std::move(input)};
  for (const auto& c : commands) out.push_back(to_event(c));
  return out;
}

TEST(UpsertedProperties, AreCommandsInTheOrderOfTheCode) {
  const auto definition = define(kType, tagged);
  holdfast::Run run(definition, info());
  EXPECT_EQ(
      encode_events(lines(event::WorkflowStarted{}, run.apply(kStart, event::WorkflowStarted{}))),
      R"([{"type":"WorkflowStarted"},)"
      R"({"type":"WorkflowPropertiesModified","seq":1,"search_attributes":{"Cents":450,"Old":null,"Rate":0.5,"Stage":"new"}},)"
      R"({"type":"WorkflowPropertiesModified","seq":2,"memo":{"stage":"it's \"new\"","regions":["eu"]}},)"
      R"({"type":"TimerStarted","seq":3,"fire_at":"2023-11-14T23:13:20.000000Z"}])");
  EXPECT_EQ(encode_events(lines(event::TimerFired{3}, run.apply(kStart + 1h, event::TimerFired{3}))),
            R"([{"type":"TimerFired","seq":3},)"
            R"({"type":"WorkflowPropertiesModified","seq":4,"search_attributes":{"regions":["eu","us"]}},)"
            R"({"type":"WorkflowCompleted","result":{}}])");
}

TEST(UpsertedProperties, AreComparedInReplayAndNotIssuedAgain) {
  const auto definition = define(kType, tagged);
  holdfast::Run run(definition, info());
  const auto row = lines(event::WorkflowStarted{}, run.apply(kStart, event::WorkflowStarted{}));
  for (std::size_t cut = 1; cut <= row.size(); ++cut) {
    holdfast::Run again(definition, info());
    const std::vector<Event> head(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(cut));
    again.replay(kStart, 1, head);
    EXPECT_EQ(again.take_unrecorded().size(), row.size() - cut);
  }
  const auto other = define(kType, memo_only);
  holdfast::Run parted(other, info());
  try {
    parted.replay(kStart, 1, row);
    FAIL() << "the code changes the memo where history changed the attributes";
  } catch (const NondeterminismError& error) {
    EXPECT_NE(std::string(error.what())
                  .find("event 2: history says WorkflowPropertiesModified of search attributes "
                        "(command 1), the code did WorkflowPropertiesModified of memo (command 1)"),
              std::string::npos)
        << error.what();
  }
}

TEST(UpsertedProperties, ThatAreNotAllowedThrowInTheCode) {
  const auto definition = define(kType, misnamed);
  holdfast::Run run(definition, info());
  EXPECT_THROW(run.apply(kStart, event::WorkflowStarted{}), std::invalid_argument);
}

TEST(UpsertedProperties, ThatHistoryHasReplayAlthoughTheyWouldNotBeAllowedNow) {
  const auto definition = define(kType, misnamed);
  holdfast::Run run(definition, info());
  const std::vector<Event> row{event::WorkflowStarted{},
                               event::WorkflowPropertiesModified{1, "", R"({"WorkflowId":"x"})"},
                               event::WorkflowCompleted{"{}"}};
  EXPECT_NO_THROW(run.replay(kStart, 1, row));
  EXPECT_TRUE(run.closed());
}

TEST(AttributesBuilder, WritesJson) {
  EXPECT_EQ(Attributes().json(), "{}");
  EXPECT_EQ(Attributes()
                .set("a", "x")
                .set("b", true)
                .set("c", 1)
                .set("d", std::int64_t{9007199254740993})
                .set("e", 1.5)
                .set("f", kStart)
                .set("g", std::vector<std::string>{"x", "y"})
                .remove("h")
                .set("a", "twice")
                .json(),
            R"({"a":"twice","b":true,"c":1,"d":9007199254740993,"e":1.5,"f":"2023-11-14T22:13:20.000000Z",)"
            R"("g":["x","y"],"h":null})");
  EXPECT_THROW(Attributes().set("a", std::numeric_limits<double>::infinity()), std::invalid_argument);
}

TEST(Properties, ChangesReplaceMembersAndNullRemovesThem) {
  const auto left =
      changed_properties(read_properties(R"({"a":1,"b":{"c":null}})"), read_properties(R"({"a":null,"d":"x"})"));
  EXPECT_EQ(write_properties(left), R"({"b":{"c":null},"d":"x"})");
  EXPECT_TRUE(read_properties("").empty());
}

}  // namespace
}  // namespace holdfast
