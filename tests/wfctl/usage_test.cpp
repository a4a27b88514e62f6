// What needs no database: the command line itself, and a database that is not there.
#include "wfctl_process.hpp"

#include <gmock/gmock.h>

#include <tests/support/test_database.hpp>

namespace holdfast::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::vector<std::string>> kCommands{{"dev"},
                                                      {"migrate"},
                                                      {"run", "list"},
                                                      {"run", "describe"},
                                                      {"run", "history"},
                                                      {"run", "start"},
                                                      {"run", "signal"},
                                                      {"run", "cancel"},
                                                      {"run", "terminate"},
                                                      {"run", "result"},
                                                      {"worker", "list"},
                                                      {"queue", "list"},
                                                      {"doctor"},
                                                      {"version"}};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += word.substr(0, 40) + " ";
  return out;
}

TEST(WfctlUsage, EveryCommandExplainsItself) {
  for (auto command : kCommands) {
    command.push_back("--help");
    const auto result = run_wfctl(command);
    EXPECT_EQ(result.exit_code, 0) << joined(command);
    EXPECT_THAT(result.out, HasSubstr("Usage")) << joined(command);
    EXPECT_THAT(result.err, IsEmpty()) << joined(command);
  }
}

TEST(WfctlUsage, AnswersABadCommandLineWithExitCode2AndAReason) {
  const std::string good = "postgresql://localhost:1/nothing";
  const std::vector<std::vector<std::string>> lines{
      {},
      {"run"},
      {"fly"},
      {"run", "fly"},
      {"run", "list", "--nonsense"},
      {"run", "list", "-o", "xml"},
      {"run", "list", "--color", "pink"},
      {"run", "list", "--status", "sleeping"},
      {"run", "list", "--limit", "0"},
      {"run", "list", "--limit", "many"},
      {"run", "list", "unexpected"},
      {"run", "describe"},
      {"run", "start"},
      {"run", "start", "T", "--priority", "9"},
      {"run", "start", "T", "--reuse", "sometimes"},
      {"run", "start", "T", "--conflict", "fight"},
      {"run", "signal", "only-an-id"},
      {"run", "cancel"},
      {"run", "history", "x", "--from", "0"},
      {"doctor", "--findings", "0"},
      {"migrate", "--sql", "--dry-run"},
      {"dev", "--ephemeral", "--dir", "/tmp/x"},
      {"dev", "--port", "70000"},
  };
  for (const auto& line : lines) {
    const auto result = run_wfctl(line, "", {{"HOLDFAST_DATABASE_URL", good}});
    EXPECT_EQ(result.exit_code, 2) << joined(line) << result.err;
    EXPECT_THAT(result.err, testing::Not(IsEmpty())) << joined(line);
    EXPECT_THAT(result.out, IsEmpty()) << joined(line);
  }
}

TEST(WfctlUsage, AnswersAnUnreachableDatabaseWithExitCode8) {
  for (const auto& line : std::vector<std::vector<std::string>>{{"run", "list"},
                                                                {"run", "describe", "x"},
                                                                {"run", "history", "x"},
                                                                {"run", "start", "T"},
                                                                {"run", "signal", "x", "y"},
                                                                {"run", "cancel", "x"},
                                                                {"run", "terminate", "x"},
                                                                {"run", "result", "x"},
                                                                {"worker", "list"},
                                                                {"queue", "list"},
                                                                {"doctor"},
                                                                {"migrate"},
                                                                {"migrate", "--dry-run"}}) {
    const auto result = run_wfctl(line, "", {{"HOLDFAST_DATABASE_URL", "host=/nonexistent dbname=x"}});
    EXPECT_EQ(result.exit_code, 8) << joined(line) << result.err;
    EXPECT_THAT(result.err, HasSubstr("wfctl: ")) << joined(line);
    EXPECT_THAT(result.out, IsEmpty()) << joined(line);
  }
}

TEST(WfctlUsage, ReadsThePgVariablesWhenNoUrlIsGiven) {
  const auto result = run_wfctl({"run", "list"}, "", {{"PGHOST", "/nonexistent"}, {"PGUSER", "x"}});
  EXPECT_EQ(result.exit_code, 8);
  EXPECT_THAT(result.err, HasSubstr("/nonexistent"));
}

TEST(WfctlUsage, AnswersANonsensicalDatabaseUrlWithExitCode2) {
  const auto result = run_wfctl({"--database-url", "nonsense", "run", "list"});
  EXPECT_EQ(result.exit_code, 2) << result.err;
}

TEST(WfctlUsage, AnswersADatabaseWithoutSchemaWithExitCode8AndTheRemedy) {
  const TestDatabase empty(Schema::empty);
  for (const auto& line : std::vector<std::vector<std::string>>{
           {"run", "list"}, {"run", "start", "T"}, {"worker", "list"}, {"queue", "list"}, {"doctor"}}) {
    const auto result = run_wfctl(line, "", {{"HOLDFAST_DATABASE_URL", empty.connection_string()}});
    EXPECT_EQ(result.exit_code, 8) << joined(line) << result.err;
    EXPECT_THAT(result.err, HasSubstr("wfctl migrate")) << joined(line);
  }
}

TEST(WfctlUsage, PrintsItsVersion) {
  const auto result = run_wfctl({"version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("wfctl "));
  EXPECT_THAT(run_wfctl({"version", "-o", "json"}).out, HasSubstr("\"version\""));
}

}  // namespace
}  // namespace holdfast::test
