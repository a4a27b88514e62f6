#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace holdfast::lint {
namespace {

std::string read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(HOLDFAST_SOURCE_DIR "/" + path).rdbuf();
  return text.str();
}

/// What stands between the marks in a source file.
std::string marked(const std::string& source) {
  const std::string begin = "// [readme]\n", end = "// [/readme]";
  const auto from = source.find(begin) + begin.size();
  return source.substr(from, source.find(end) - from);
}

TEST(Readme, shows_the_workflow_that_is_compiled_and_run) {
  const auto shown = marked(read("examples/hello/main.cpp"));
  ASSERT_GT(shown.size(), 500u);
  EXPECT_NE(read("README.md").find("```cpp\n" + shown + "```"), std::string::npos)
      << "README.md must quote examples/hello/main.cpp:\n"
      << shown;
}

}  // namespace
}  // namespace holdfast::lint
