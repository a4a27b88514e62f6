#include <holdfast/devpg/private_postgres.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <pqxx/pqxx>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace holdfast::devpg {
namespace {

namespace fs = std::filesystem;

std::string one_value(const std::string& connection_string, const std::string& sql) {
  pqxx::connection connection(connection_string);
  pqxx::nontransaction session(connection);
  return session.exec(sql)[0][0].c_str();
}

bool becomes_true(const auto& condition) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

fs::path scratch_folder() {
  std::string path = fs::temp_directory_path() / "holdfast test XXXXXX";  // with spaces, on purpose
  if (mkdtemp(path.data()) == nullptr) {
    throw std::runtime_error("mkdtemp");
  }
  fs::permissions(path, fs::perms::owner_all | fs::perms::others_exec | fs::perms::group_exec);
  return path;
}

TEST(PrivatePostgres, starts_answers_and_leaves_nothing_behind) {
  fs::path folder;
  pid_t pid = 0;
  {
    PrivatePostgres server({.fsync = false, .settings = {{"work_mem", "7MB"}}});
    folder = server.folder();
    pid = server.pid();
    EXPECT_EQ(one_value(server.connection_string(), "SELECT current_setting('work_mem')"), "7MB");
    EXPECT_EQ(one_value(server.connection_string(), "SELECT current_setting('fsync')"), "off");
    EXPECT_EQ(one_value(server.connection_string(), "SELECT current_setting('synchronous_commit')"), "on");
    EXPECT_EQ(one_value(server.connection_string(), "SELECT current_setting('listen_addresses')"), "");
  }
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(PrivatePostgres, clones_databases_whatever_their_names) {
  PrivatePostgres server({.fsync = false});
  server.create_database("a \"b\" 'c\\");
  {
    pqxx::connection connection(server.connection_string("a \"b\" 'c\\"));
    pqxx::work transaction(connection);
    transaction.exec("CREATE TABLE t AS SELECT 42 AS n");
    transaction.commit();
  }
  server.create_database("copy", "a \"b\" 'c\\");
  EXPECT_EQ(one_value(server.connection_string("copy"), "SELECT n FROM t"), "42");
  server.drop_database("copy");
  server.drop_database("copy");
  EXPECT_THROW(pqxx::connection{server.connection_string("copy")}, pqxx::broken_connection);
  EXPECT_THROW(server.create_database(""), std::invalid_argument);
  EXPECT_THROW(server.create_database("postgres"), std::runtime_error);
}

TEST(PrivatePostgres, keeps_committed_data_through_an_immediate_restart) {
  PrivatePostgres server({.fsync = false});
  pid_t before = server.pid();
  {
    pqxx::connection connection(server.connection_string());
    pqxx::work transaction(connection);
    transaction.exec("CREATE TABLE t AS SELECT 1 AS n");
    transaction.commit();
  }
  server.restart_immediate();
  EXPECT_NE(server.pid(), before);
  EXPECT_EQ(one_value(server.connection_string(), "SELECT n FROM t"), "1");
}

TEST(PrivatePostgres, a_killed_server_is_started_again) {
  PrivatePostgres server({.fsync = false});
  kill(server.pid(), SIGKILL);
  EXPECT_TRUE(becomes_true([&] {
    server.start();
    try {
      return one_value(server.connection_string(), "SELECT 1") == "1";
    } catch (const pqxx::broken_connection&) {
      return false;
    }
  }));
}

TEST(PrivatePostgres, a_persistent_cluster_is_found_again_and_refuses_a_second_owner) {
  fs::path folder = scratch_folder();
  PrivatePostgresOptions options{.folder = folder / "cluster", .persistent = true, .fsync = false};
  {
    PrivatePostgres server(options);
    server.create_database("kept");
    try {
      PrivatePostgres second(options);
      ADD_FAILURE() << "two owners of one cluster";
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find("in use by another process"), std::string::npos) << error.what();
    }
    EXPECT_EQ(one_value(server.connection_string("kept"), "SELECT 1"), "1");
  }
  {
    PrivatePostgres server(options);
    EXPECT_EQ(one_value(server.connection_string("kept"), "SELECT 1"), "1");
  }
  fs::remove_all(folder);
}

TEST(PrivatePostgres, a_pid_file_of_a_dead_server_does_not_stop_the_start) {
  fs::path folder = scratch_folder();
  PrivatePostgresOptions options{.folder = folder, .persistent = true, .fsync = false};
  { PrivatePostgres server(options); }
  // The pid of a process that lives but is no server: this one.
  std::ofstream(folder / "data" / "postmaster.pid") << getpid() << "\n" << (folder / "data").string() << "\n";
  {
    PrivatePostgres server(options);
    EXPECT_EQ(one_value(server.connection_string(), "SELECT 1"), "1");
  }
  fs::remove_all(folder);
}

TEST(PrivatePostgres, a_deep_folder_still_gets_a_usable_socket) {
  fs::path folder = scratch_folder();
  {
    PrivatePostgres server({.folder = folder / std::string(90, 'd'), .fsync = false});
    EXPECT_EQ(one_value(server.connection_string(), "SELECT 1"), "1");
  }
  fs::remove_all(folder);
}

TEST(PrivatePostgres, a_bad_setting_is_reported_with_the_servers_own_words) {
  try {
    PrivatePostgres server({.fsync = false, .settings = {{"no_such_setting", "1"}}});
    ADD_FAILURE() << "started with an unknown setting";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("no_such_setting"), std::string::npos) << error.what();
  }
}

TEST(PrivatePostgres, a_killed_owner_leaves_no_server_and_no_folder) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pid_t owner = fork();
  if (owner == 0) {
    PrivatePostgres server({.fsync = false});
    std::string message = std::to_string(server.pid()) + " " + server.folder().string() + "\n";
    [[maybe_unused]] ssize_t written = write(ends[1], message.data(), message.size());
    pause();
  }
  close(ends[1]);
  char buffer[4096];
  ssize_t size = read(ends[0], buffer, sizeof buffer);
  close(ends[0]);
  ASSERT_GT(size, 0);
  std::string message(buffer, static_cast<std::size_t>(size) - 1);
  pid_t pid = std::stoi(message);
  fs::path folder = message.substr(message.find(' ') + 1);
  ASSERT_TRUE(fs::exists(folder));
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  EXPECT_TRUE(becomes_true([&] { return !fs::exists("/proc/" + std::to_string(pid) + "/exe"); }));
  EXPECT_TRUE(becomes_true([&] { return !fs::exists(folder); }));
}

}  // namespace
}  // namespace holdfast::devpg
