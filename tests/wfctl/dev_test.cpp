// `wfctl dev`: everything comes up, works, and is gone afterwards.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>

#include <holdfast/devpg/child_process.hpp>
#include <holdfast/devpg/free_port.hpp>

#include "wfctl_process.hpp"

namespace holdfast::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string contents(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::set<pid_t> children_of(pid_t parent) {
  std::set<pid_t> children;
  std::istringstream in(contents("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children"));
  for (pid_t child; in >> child;) children.insert(child);
  return children;
}

bool is_running(pid_t pid) {
  std::istringstream in(contents("/proc/" + std::to_string(pid) + "/stat"));
  std::string number, name, state;
  return in >> number >> name >> state && state != "Z";
}

/// True as soon as `condition` holds, false when it does not within a minute.
bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

class Dev : public testing::Test {
 protected:
  ~Dev() override {
    if (pid_ != 0) ::kill(pid_, SIGTERM), ::waitpid(pid_, nullptr, 0);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void begin(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {wfctl_path(), "dev", "--port", std::to_string(devpg::free_port())});
    std::FILE* output = std::fopen((folder_ / "output").c_str(), "w");
    pid_ = devpg::start_process(arguments, {.output = ::fileno(output)});
    std::fclose(output);
    ASSERT_TRUE(eventually([&] { return output_text().find("Ctrl-C") != std::string::npos || !is_running(pid_); }));
    ASSERT_THAT(output_text(), HasSubstr("Ctrl-C"));
  }

  std::string output_text() const { return contents(folder_ / "output"); }

  std::string database_url() const {
    const std::string text = output_text(), label = "database  ";
    const auto from = text.find(label) + label.size();
    return text.substr(from, text.find('\n', from) - from);
  }

  int wait_for_end() {
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  fs::path folder_ = fs::path(testing::TempDir()) / ("wfctl_dev_" + std::to_string(::getpid()));
  bool made_ = [this] {
    fs::create_directories(folder_);
    fs::permissions(folder_, fs::perms(0755));  // PostgreSQL runs as another user when the tests run as root
    return true;
  }();
  pid_t pid_ = 0;
};

TEST_F(Dev, StartsEverythingAndEndsItOnCtrlC) {
  begin({"--ephemeral"});
  const Variables database{{"HOLDFAST_DATABASE_URL", database_url()}};
  EXPECT_THAT(run_wfctl({"worker", "list"}, "", database).out, HasSubstr("alive"));
  EXPECT_EQ(run_wfctl({"run", "start", "NoSuchType", "--id", "x"}, "", database).exit_code, 0);
  const auto children = children_of(pid_);
  EXPECT_GE(children.size(), 3U) << "PostgreSQL, worker, API";
  ::kill(pid_, SIGINT);
  EXPECT_EQ(wait_for_end(), 0) << output_text();
  for (const pid_t child : children) EXPECT_FALSE(is_running(child));
  EXPECT_EQ(run_wfctl({"worker", "list"}, "", database).exit_code, 8);
}

TEST_F(Dev, KeepsTheDatabaseInItsFolder) {
  begin({"--dir", folder_ / "dev"});
  EXPECT_EQ(run_wfctl({"run", "start", "T", "--id", "kept"}, "", {{"HOLDFAST_DATABASE_URL", database_url()}}).exit_code,
            0);
  ::kill(pid_, SIGTERM);
  EXPECT_EQ(wait_for_end(), 0);
  begin({"--dir", folder_ / "dev"});
  EXPECT_THAT(run_wfctl({"run", "list"}, "", {{"HOLDFAST_DATABASE_URL", database_url()}}).out, HasSubstr("kept"));
}

TEST_F(Dev, LeavesNothingRunningWhenItIsKilled) {
  begin({"--ephemeral"});
  const auto children = children_of(pid_);
  ::kill(pid_, SIGKILL);
  EXPECT_EQ(wait_for_end(), 128 + SIGKILL);
  EXPECT_TRUE(eventually([&] { return std::ranges::none_of(children, is_running); }));
}

TEST_F(Dev, EndsWithTheProgramThatEnds) {
  begin({"--ephemeral"});
  pid_t api = 0;
  for (const pid_t child : children_of(pid_))
    if (contents("/proc/" + std::to_string(child) + "/comm") == "platform-api\n") api = child;
  ASSERT_NE(api, 0);
  ::kill(api, SIGKILL);
  EXPECT_EQ(wait_for_end(), 1);
  EXPECT_THAT(output_text(), HasSubstr("platform-api was ended by signal 9"));
}

TEST_F(Dev, SaysWhatIsMissing) {
  const auto missing =
      run_wfctl({"dev", "--ephemeral", "--port", std::to_string(devpg::free_port()), "--bin-dir", "/nonexistent"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("/nonexistent/platform-worker"));
}

TEST_F(Dev, RefusesAPortThatIsInUse) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(socket, 1), 0);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  const auto busy = run_wfctl({"dev", "--ephemeral", "--port", std::to_string(ntohs(address.sin_port))});
  ::close(socket);
  EXPECT_EQ(busy.exit_code, 1);
  EXPECT_THAT(busy.err, HasSubstr("is in use"));
}

}  // namespace
}  // namespace holdfast::test
