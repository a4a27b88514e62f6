#include <holdfast/devpg/private_postgres.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <holdfast/devpg/child_process.hpp>
#include <holdfast/devpg/postgres_binaries.hpp>

namespace holdfast::devpg {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

std::string in_quotes(std::string_view text, char quote, char escape) {
  std::string result(1, quote);
  for (char c : text) {
    if (c == quote || c == escape) {
      result += escape;
    }
    result += c;
  }
  return result + quote;
}

std::string identifier(std::string_view name) {
  if (name.empty() || name.size() > 63 || name.find('\0') != std::string_view::npos) {
    throw std::invalid_argument("a database name has 1 to 63 bytes and no NUL, got " + std::to_string(name.size()) +
                                " bytes");
  }
  return in_quotes(name, '"', '"');
}

/// The watcher outlives this process. It reads the postmaster's pid, then either "done" (orderly end) or the end of
/// the pipe (this process is gone): then it stops that server, recognised by its data folder, and removes what is
/// temporary.  $1 signal, $2 data folder, the rest: folders to remove.
constexpr const char* kWatcherScript = R"(
signal=$1; data=$2; shift 2; pid=
while read -r line; do
  [ "$line" != done ] || exit 0
  pid=$line
done
ours() { [ -n "$pid" ] && tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -e "$data"; }
if ours; then kill "-$signal" "$pid"; fi
tries=0
while ours && [ "$tries" -lt 600 ]; do sleep 0.05; tries=$((tries + 1)); done
if ours; then kill -KILL "$pid"; fi
[ $# -eq 0 ] || rm -rf -- "$@"
)";

}  // namespace

PrivatePostgres::PrivatePostgres(PrivatePostgresOptions options) : options_(std::move(options)) {
  if (options_.persistent && options_.folder.empty()) {
    throw std::invalid_argument("PrivatePostgres: persistent needs a folder");
  }
  choose_server_user();
  try {
    prepare_folder();
    start();
  } catch (...) {
    stop(StopMode::immediate);
    release_watcher();
    remove_folders();
    throw;
  }
}

PrivatePostgres::~PrivatePostgres() {
  try {
    stop(options_.persistent ? StopMode::fast : StopMode::immediate);
  } catch (const std::exception&) {
    // The watcher still holds the pid and finishes the job when its pipe closes with this process.
  }
  release_watcher();
  remove_folders();
}

void PrivatePostgres::start() {
  if (postmaster_ != 0 && !wait_for_exit(postmaster_, 0)) {
    return;
  }
  postmaster_ = 0;
  if (watcher_ < 0) {
    start_watcher();
  }
  clear_leftovers();
  // After a crash the old backends need a moment to let go of the shared memory; until then a start is refused.
  const auto deadline = Clock::now() + std::chrono::duration<double>(options_.start_timeout_seconds);
  for (int attempt = 1;; ++attempt) {
    double left = std::chrono::duration<double>(deadline - Clock::now()).count();
    if (try_start(left)) {
      return;
    }
    if (attempt == 20 || left <= 0 || log_tail().find("shared memory block") == std::string::npos) {
      throw std::runtime_error("PostgreSQL did not start in " + folder_.string() + "; its log ends with:\n" +
                               log_tail());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50 * attempt));
  }
}

/// One launch; false when the process ended before it was ready, or the time was over.
bool PrivatePostgres::try_start(double seconds) {
  int log = open(log_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) {
    throw std::runtime_error("cannot write " + log_file().string() + ": " + strerror(errno));
  }
  pid_t pid = -1;
  try {
    pid = start_process(as_server_user(server_command()), {.output = log, .announce_pid = watcher_pipe_});
  } catch (...) {
    close(log);
    throw;
  }
  close(log);
  postmaster_ = pid;
  const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
  while (!ready()) {
    if (wait_for_exit(pid, 0.01)) {
      postmaster_ = 0;
      return false;
    }
    if (Clock::now() >= deadline) {
      stop(StopMode::immediate);
      return false;
    }
  }
  return true;
}

void PrivatePostgres::stop(StopMode mode) {
  pid_t pid = postmaster_;
  if (pid == 0) {
    return;
  }
  kill(pid, mode == StopMode::fast ? SIGINT : SIGQUIT);
  if (!wait_for_exit(pid, mode == StopMode::fast ? 60 : 10)) {
    kill(pid, SIGQUIT);
    if (!wait_for_exit(pid, 10)) {
      kill(pid, SIGKILL);
      if (!wait_for_exit(pid, 10)) {
        throw std::runtime_error("PostgreSQL (pid " + std::to_string(pid) + ") does not end, even on SIGKILL");
      }
    }
  }
  postmaster_ = 0;
}

void PrivatePostgres::restart_immediate() {
  stop(StopMode::immediate);
  start();
}

std::string PrivatePostgres::connection_string(std::string_view database) const {
  return "host=" + in_quotes(socket_folder_.string(), '\'', '\\') + " port=" + std::to_string(port()) +
         " user=postgres dbname=" + in_quotes(database, '\'', '\\');
}

void PrivatePostgres::create_database(std::string_view name, std::string_view template_name) {
  std::string sql = "CREATE DATABASE " + identifier(name);
  if (!template_name.empty()) {
    sql += " TEMPLATE " + identifier(template_name);
  }
  run_sql(sql, "create database " + std::string(name));
}

void PrivatePostgres::drop_database(std::string_view name) {
  run_sql("DROP DATABASE IF EXISTS " + identifier(name) + " WITH (FORCE)", "drop database " + std::string(name));
}

void PrivatePostgres::run_sql(const std::string& sql, const std::string& what) const {
  CommandResult result = run_command({(binaries_ / "psql").string(), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d",
                                      connection_string("postgres"), "-c", sql});
  if (result.exit_code != 0) {
    throw std::runtime_error("cannot " + what + ": " + result.output);
  }
}

/// The eighth line of postmaster.pid is the server's own word on its state.
bool PrivatePostgres::ready() const {
  std::ifstream file(data_folder() / "postmaster.pid");
  std::string line;
  if (!std::getline(file, line) || line != std::to_string(postmaster_.load())) {
    return false;
  }
  for (int number = 2; number <= 8; ++number) {
    if (!std::getline(file, line)) {
      return false;
    }
  }
  return line.starts_with("ready");
}

std::vector<std::string> PrivatePostgres::server_command() const {
  std::vector<std::pair<std::string, std::string>> settings = {
      {"unix_socket_directories", in_quotes(socket_folder_.string(), '"', '"')},
      {"listen_addresses", options_.tcp_port ? "127.0.0.1" : ""},
      {"port", std::to_string(port())},
      {"max_connections", "200"},
      {"shared_buffers", "128MB"},
      {"synchronous_commit", "on"},
      {"fsync", options_.fsync ? "on" : "off"},
      {"full_page_writes", options_.fsync ? "on" : "off"},
      {"jit", "off"},
      {"logging_collector", "off"},
      {"log_line_prefix", "%m [%p] %d "},
  };
  settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
  std::vector<std::string> argv = {(binaries_ / "postgres").string(), "-D", data_folder().string()};
  for (const auto& [key, value] : settings) {
    argv.emplace_back("-c");
    argv.push_back(key + "=" + value);
  }
  return argv;
}

void PrivatePostgres::start_watcher() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw std::runtime_error(std::string("cannot make a pipe: ") + strerror(errno));
  }
  std::vector<std::string> argv = {"/bin/sh", "-c", kWatcherScript, "holdfast-postgres-watcher"};
  argv.emplace_back(options_.persistent ? "INT" : "QUIT");
  argv.push_back(data_folder());
  if (!options_.persistent) {
    argv.push_back(folder_);
  }
  if (socket_folder_.parent_path() != folder_) {
    argv.push_back(socket_folder_);
  }
  watcher_pipe_ = ends[1];
  try {
    watcher_ = start_process(argv, {.input = ends[0]});
  } catch (...) {
    close(ends[0]);
    throw;
  }
  close(ends[0]);
}

void PrivatePostgres::release_watcher() {
  if (watcher_pipe_ < 0) {
    return;
  }
  if (postmaster_ == 0) {  // otherwise the end of the pipe makes the watcher stop the server
    [[maybe_unused]] ssize_t written = write(watcher_pipe_, "done\n", 5);
  }
  close(watcher_pipe_);
  watcher_pipe_ = -1;
  if (watcher_ > 0 && wait_for_exit(watcher_, 40)) {
    watcher_ = -1;
  }
}

}  // namespace holdfast::devpg
