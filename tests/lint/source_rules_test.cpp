#include <tests/lint/source_rules.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::lint {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<fs::path> checked_files() {
  std::vector<fs::path> files;
  for (const char* folder : {"engine", "workflows", "activities"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(fs::path(HOLDFAST_SOURCE_DIR) / folder)) {
      fs::path extension = entry.path().extension();
      if (extension == ".cpp" || extension == ".hpp" || extension == ".sql") files.push_back(entry.path());
    }
  }
  return files;
}

TEST(SourceRules, every_file_of_the_tree_keeps_them) {
  std::vector<fs::path> files = checked_files();
  EXPECT_GT(files.size(), 20U);
  for (const fs::path& file : files) {
    std::ifstream stream(file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(stream)), {});
    std::string path = fs::relative(file, HOLDFAST_SOURCE_DIR).generic_string();
    for (const std::string& violation : violations(path, text)) ADD_FAILURE() << path << " " << violation;
  }
}

TEST(SourceRules, a_long_file_is_named_with_its_length) {
  EXPECT_THAT(violations("engine/store/postgres/hot.sql", std::string(501, '\n')), ElementsAre(HasSubstr("501 lines")));
  EXPECT_THAT(violations("engine/store/postgres/hot.sql", std::string(500, '\n')), IsEmpty());
}

TEST(SourceRules, each_layer_includes_only_what_stands_below_it) {
  EXPECT_THAT(violations("engine/core/a.cpp", "#include <holdfast/core/a.hpp>\n#include <holdfast/store/b.hpp>\n"),
              ElementsAre(HasSubstr("holdfast/store/b.hpp")));
  EXPECT_THAT(violations("engine/store/a.cpp", "#include <holdfast/worker/b.hpp>\n"), ElementsAre(HasSubstr("worker")));
  EXPECT_THAT(violations("engine/worker/a.cpp", "#include <holdfast/store/postgres/b.hpp>\n"),
              ElementsAre(HasSubstr("store/postgres")));
  EXPECT_THAT(violations("engine/worker/a.cpp", "#include <holdfast/store/store.hpp>\n"), IsEmpty());
  EXPECT_THAT(violations("workflows/a.cpp", "#include <holdfast/client/client.hpp>\n"),
              ElementsAre(HasSubstr("client")));
  EXPECT_THAT(violations("workflows/a.cpp", "#include <activities/calls.hpp>\n"), IsEmpty());
  EXPECT_THAT(violations("workflows/a.cpp", "#include <activities/vendors/sms.hpp>\n"),
              ElementsAre(HasSubstr("vendors")));
  EXPECT_THAT(violations("activities/calls.cpp", "#include <holdfast/worker/registry.hpp>\n"),
              ElementsAre(HasSubstr("worker")));
  EXPECT_THAT(violations("activities/registration.cpp", "#include <holdfast/worker/registry.hpp>\n"), IsEmpty());
  EXPECT_THAT(violations("engine/apps/wfctl/main.cpp", "#include <holdfast/devpg/private_postgres.hpp>\n"), IsEmpty());
}

TEST(SourceRules, replayed_code_sees_no_clock_thread_chance_or_environment) {
  for (const char* line :
       {"#include <thread>", "#include <pqxx/pqxx>", "#  include <curl/curl.h>", "#include <random>",
        "auto t = std::chrono::system_clock::now();", "auto home = getenv(\"HOME\");", "int dice = std::rand();"}) {
    EXPECT_FALSE(violations("workflows/a.cpp", std::string(line) + "\n").empty()) << line;
    EXPECT_FALSE(violations("engine/core/a.cpp", std::string(line) + "\n").empty()) << line;
  }
  EXPECT_THAT(violations("workflows/a.cpp", "// getenv is banned\n/* steady_clock\n */ log(\"no getenv here\");\n"),
              IsEmpty());
}

TEST(SourceRules, code_after_strings_and_comments_is_still_seen) {
  EXPECT_EQ(code_only("a(\"x\\\"//\"); // c\nb; /* d\n */ e '\"' f"), "a(\"\"); \nb; \n e '\"' f");
}

TEST(SourceRules, the_database_is_known_to_its_store_only) {
  EXPECT_THAT(violations("engine/worker/a.cpp", "#include <pqxx/pqxx>\n"), ElementsAre(HasSubstr("pqxx")));
  EXPECT_THAT(violations("engine/store/memory/a.cpp", "#include <pqxx/pqxx>\n"), ElementsAre(HasSubstr("pqxx")));
  EXPECT_THAT(violations("engine/store/postgres/a.cpp", "#include <pqxx/pqxx>\n"), IsEmpty());
}

TEST(SourceRules, a_header_without_pragma_once_or_with_a_climbing_include_is_refused) {
  EXPECT_THAT(violations("engine/worker/a.hpp", "int x;\n"), ElementsAre(HasSubstr("#pragma once")));
  EXPECT_THAT(violations("engine/worker/a.cpp", "#include \"../b.hpp\"\n"), ElementsAre(HasSubstr("from the root")));
}

}  // namespace
}  // namespace holdfast::lint
