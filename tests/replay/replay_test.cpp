// Histories that were recorded once must replay with every later version of the engine and of the workflows.
// A new one: HOLDFAST_RECORD=1 test_replay, then commit the new file. A file must never be changed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include <holdfast/core/errors.hpp>
#include <holdfast/testing/replay_tester.hpp>
#include <workflows/definitions.hpp>

#include "recorded_workflows.hpp"

namespace holdfast::test {
namespace {

const std::string kFolder = HOLDFAST_SOURCE_DIR "/tests/replay/histories";

std::vector<std::string> recorded_files() {
  if (std::getenv("HOLDFAST_RECORD")) record_histories(kFolder);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) files.push_back(entry.path().stem());
  std::ranges::sort(files);
  return files;
}

testing::RecordedRun read(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(kFolder + "/" + name + ".json").rdbuf();
  return testing::decode_recorded_run(text.str());
}

WorkflowDefinition definition_of(const std::string& type) {
  auto definitions = recorded_workflows();
  std::ranges::move(platform::workflow_definitions(), std::back_inserter(definitions));
  for (auto& definition : definitions)
    if (definition.name == type) return definition;
  throw std::runtime_error("no workflow " + type);
}

class RecordedHistory : public ::testing::TestWithParam<std::string> {};

TEST_P(RecordedHistory, ReplaysFromEveryPrefix) {
  const auto run = read(GetParam());
  EXPECT_NO_THROW(testing::expect_replays(definition_of(run.info.workflow_type), run));
  EXPECT_NO_THROW(testing::expect_replays_from_every_prefix(definition_of(run.info.workflow_type), run));
}
INSTANTIATE_TEST_SUITE_P(All, RecordedHistory, ::testing::ValuesIn(recorded_files()), [](const auto& info) {
  auto name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(RecordedHistories, AreRefusedByAnotherWorkflow) {
  auto run = read("RecordedSteps");
  EXPECT_THROW(testing::expect_replays(definition_of("RecordedFanOut"), run), testing::ReplayError);
}

TEST(RecordedHistories, AreRefusedWhenAnEventIsMissing) {
  auto run = read("RecordedSteps");
  run.rows.erase(run.rows.begin() + 1);
  EXPECT_THROW(testing::expect_replays(definition_of("RecordedSteps"), run), testing::ReplayError);
}

}  // namespace
}  // namespace holdfast::test
