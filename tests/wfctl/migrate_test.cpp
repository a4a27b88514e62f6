#include "wfctl_fixture.hpp"

#include <thread>

namespace holdfast::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class Migrate : public testing::Test {
 protected:
  TestDatabase database{Schema::empty};
  WfctlResult wfctl(const std::vector<std::string>& arguments) const {
    return run_wfctl(arguments, "", {{"HOLDFAST_DATABASE_URL", database.connection_string()}});
  }
};

TEST_F(Migrate, AppliesEverythingOnceAndMakesTheOtherCommandsWork) {
  EXPECT_EQ(wfctl({"run", "list"}).exit_code, 8);
  const auto first = wfctl({"migrate"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("engine/0001_runs.sql"));
  EXPECT_EQ(wfctl({"migrate"}).out, "the schema is up to date\n");
  EXPECT_EQ(wfctl({"run", "list"}).exit_code, 0);
  EXPECT_EQ(wfctl({"doctor"}).exit_code, 0);
}

TEST_F(Migrate, DryRunOnlyLists) {
  const auto planned = wfctl({"migrate", "--dry-run", "-o", "ids"});
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_THAT(planned.out, HasSubstr("engine/0001_runs.sql\n"));
  EXPECT_EQ(wfctl({"run", "list"}).exit_code, 8);
  EXPECT_EQ(wfctl({"migrate", "-o", "ids"}).out, planned.out);
  EXPECT_EQ(wfctl({"migrate", "--dry-run", "-o", "json"}).out, "[]\n");
}

TEST_F(Migrate, TwoAtOnceApplyEachMigrationOnce) {
  WfctlResult one, two;
  {
    std::jthread other([&] { one = wfctl({"migrate", "-o", "ids"}); });
    two = wfctl({"migrate", "-o", "ids"});
  }
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(two.exit_code, 0) << two.err;
  const std::string name = "engine/0001_runs.sql";
  EXPECT_NE(one.out.find(name) == std::string::npos, two.out.find(name) == std::string::npos) << one.out << two.out;
  EXPECT_EQ(wfctl({"migrate", "--dry-run", "-o", "ids"}).out, "");
}

TEST_F(Migrate, PrintsAScriptThatNeedsNoDatabaseAndWorks) {
  const auto script = run_wfctl({"migrate", "--sql"});
  EXPECT_EQ(script.exit_code, 0) << script.err;
  EXPECT_THAT(script.out, AllOf(HasSubstr("BEGIN;"), HasSubstr("CREATE TABLE holdfast.runs")));
  pqxx::connection connection(database.connection_string());
  pqxx::nontransaction session(connection);
  session.exec(script.out);
  EXPECT_EQ(wfctl({"migrate"}).out, "the schema is up to date\n");
}

TEST_F(Migrate, RefusesAChangedOrUnknownMigrationWithExitCode8) {
  ASSERT_EQ(wfctl({"migrate"}).exit_code, 0);
  pqxx::connection connection(database.connection_string());
  pqxx::nontransaction session(connection);
  session.exec("UPDATE holdfast.migrations SET checksum = 'other' WHERE set = 'engine' AND name = '0001_runs.sql'");
  for (const auto& line :
       {std::vector<std::string>{"migrate"}, {"migrate", "--dry-run"}, {"run", "list"}, {"doctor"}}) {
    const auto result = wfctl(line);
    EXPECT_EQ(result.exit_code, 8) << line[0];
    EXPECT_THAT(result.err, HasSubstr("0001_runs.sql"));
  }
}

TEST_F(Migrate, TheRuntimeRoleCanUseWhatTheOwnerMigrated) {
  ASSERT_EQ(wfctl({"migrate"}).exit_code, 0);
  const std::string role = database.name() + "_login";
  pqxx::connection connection(database.connection_string());
  pqxx::nontransaction session(connection);
  session.exec("CREATE ROLE " + role + " LOGIN IN ROLE holdfast_runtime");
  const std::string url = database.connection_string() + " user=" + role;
  for (const auto& line : std::vector<std::vector<std::string>>{{"run", "start", "T", "--id", "x"},
                                                                {"run", "list"},
                                                                {"run", "describe", "x"},
                                                                {"run", "signal", "x", "s"},
                                                                {"run", "cancel", "x"},
                                                                {"run", "terminate", "x"},
                                                                {"run", "history", "x"},
                                                                {"worker", "list"},
                                                                {"queue", "list"},
                                                                {"doctor"}}) {
    const auto result = run_wfctl(line, "", {{"HOLDFAST_DATABASE_URL", url}});
    EXPECT_EQ(result.exit_code, 0) << line[0] << " " << result.err << result.out;
  }
  EXPECT_NE(run_wfctl({"migrate"}, "", {{"HOLDFAST_DATABASE_URL", url}}).exit_code, 0);
  session.exec("DROP ROLE " + role);
}

}  // namespace
}  // namespace holdfast::test
