// The half of PrivatePostgres that deals with folders, users and what earlier processes left behind.
#include <holdfast/devpg/private_postgres.hpp>

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <holdfast/devpg/child_process.hpp>
#include <holdfast/devpg/postgres_binaries.hpp>

namespace holdfast::devpg {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kLongestSocketPath = 106;

fs::path make_temporary_folder(const fs::path& parent, const std::string& prefix) {
  std::string path = parent / (prefix + "XXXXXX");
  if (mkdtemp(path.data()) == nullptr) {
    throw std::runtime_error("cannot make a folder " + path + ": " + strerror(errno));
  }
  return path;
}

fs::path temporary_parent() {
  const char* configured = std::getenv("TMPDIR");
  return configured != nullptr && configured[0] == '/' ? fs::path(configured) : fs::path("/tmp");
}

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// True when the process is a server on that data folder, not another process that got the same pid.
bool serves(pid_t pid, const fs::path& data) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  for (std::string argument; std::getline(file, argument, '\0');) {
    if (argument == data.string()) {
      return true;
    }
  }
  return false;
}

}  // namespace

void PrivatePostgres::choose_server_user() {
  server_uid_ = geteuid();
  server_gid_ = getegid();
  if (server_uid_ != 0) {
    return;
  }
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* user = getpwnam(name); user != nullptr && user->pw_uid != 0) {
      server_uid_ = user->pw_uid;
      server_gid_ = user->pw_gid;
      switch_user_ = true;
      return;
    }
  }
  throw std::runtime_error("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as");
}

std::vector<std::string> PrivatePostgres::as_server_user(std::vector<std::string> argv) const {
  if (!switch_user_) {
    return argv;
  }
  std::vector<std::string> command = {"/usr/bin/setpriv", "--reuid=" + std::to_string(server_uid_),
                                      "--regid=" + std::to_string(server_gid_), "--clear-groups", "--"};
  command.insert(command.end(), argv.begin(), argv.end());
  return command;
}

void PrivatePostgres::give_to_server_user(const fs::path& path) const {
  if (switch_user_ && chown(path.c_str(), server_uid_, server_gid_) != 0) {
    throw std::runtime_error("cannot give " + path.string() + " to the server's user: " + strerror(errno));
  }
}

void PrivatePostgres::prepare_folder() {
  if (options_.folder.empty()) {
    folder_ = make_temporary_folder(temporary_parent(), "holdfast-pg-");
    give_to_server_user(folder_);
  } else {
    folder_ = fs::absolute(options_.folder).lexically_normal();
    if (fs::create_directories(folder_)) {
      give_to_server_user(folder_);
    }
  }
  lock_folder();
  check_reachable();
  prepare_socket_folder();
  std::string version = first_line(data_folder() / "PG_VERSION");
  binaries_ = find_postgres_binaries(version);
  start_watcher();
  if (version.empty()) {
    initialize_data();
  }
}

/// Two processes on one cluster would stop it under each other.
void PrivatePostgres::lock_folder() {
  fs::path path = folder_ / "lock";
  lock_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) {
    throw std::runtime_error("cannot write to " + folder_.string() + ": " + strerror(errno));
  }
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    close(lock_);
    lock_ = -1;
    throw std::runtime_error("the PostgreSQL in " + folder_.string() + " is in use by another process");
  }
}

void PrivatePostgres::check_reachable() const {
  if (run_command(as_server_user({"/usr/bin/test", "-x", folder_.string()})).exit_code != 0) {
    throw std::runtime_error("PostgreSQL runs as user id " + std::to_string(server_uid_) +
                             ", which cannot enter the folder " + folder_.string() +
                             ": give it access to that path, or choose a folder under /var/tmp");
  }
}

/// Unix socket addresses are short; a deep folder gets its socket elsewhere.
void PrivatePostgres::prepare_socket_folder() {
  socket_folder_ = folder_ / "socket";
  if ((socket_folder_ / ".s.PGSQL.65535").string().size() > kLongestSocketPath) {
    socket_folder_ = make_temporary_folder("/tmp", "holdfast-socket-");
  } else {
    fs::create_directories(socket_folder_);
  }
  fs::permissions(socket_folder_, fs::perms::owner_all);  // whoever may enter is a superuser of this cluster
  give_to_server_user(socket_folder_);
}

/// initdb works in a folder that is renamed when complete, so that one which was interrupted is never mistaken.
void PrivatePostgres::initialize_data() {
  fs::path fresh = folder_ / "data.new";
  fs::remove_all(fresh);
  fs::remove_all(data_folder());
  fs::create_directory(fresh);
  fs::permissions(fresh, fs::perms::owner_all);
  give_to_server_user(fresh);
  CommandResult result = run_command(
      as_server_user({(binaries_ / "initdb").string(), "-D", fresh.string(), "-U", "postgres", "--auth=trust",
                      "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", "--no-sync"}));
  if (result.exit_code != 0) {
    throw std::runtime_error("initdb failed in " + fresh.string() + ":\n" + result.output);
  }
  fs::rename(fresh, data_folder());
}

/// We hold the folder's lock, so a server that still runs here belongs to a process that is gone.
void PrivatePostgres::clear_leftovers() {
  fs::path pid_file = data_folder() / "postmaster.pid";
  pid_t pid = std::atoi(first_line(pid_file).c_str());
  if (pid <= 1) {
    return;
  }
  for (int tries = 0; serves(pid, data_folder()) && tries < 1000; ++tries) {
    if (tries % 500 == 100) {  // its own watcher has had a second to stop it
      kill(pid, SIGQUIT);
    }
    usleep(10'000);
  }
  if (serves(pid, data_folder())) {
    throw std::runtime_error("a PostgreSQL (pid " + std::to_string(pid) + ") runs in " + folder_.string() +
                             " and does not end");
  }
  std::error_code ignored;
  fs::remove(pid_file, ignored);  // another process may have this pid by now, which would stop the start
}

void PrivatePostgres::remove_folders() {
  std::error_code ignored;
  if (!socket_folder_.empty() && socket_folder_.parent_path() != folder_) {
    fs::remove_all(socket_folder_, ignored);
  }
  // Without the lock the folder is another process's.
  if (lock_ >= 0 && !options_.persistent) {
    fs::remove_all(folder_, ignored);
  }
  if (lock_ >= 0) {
    close(lock_);
    lock_ = -1;
  }
}

std::string PrivatePostgres::log_tail() const {
  std::ifstream file(log_file(), std::ios::binary | std::ios::ate);
  if (!file) {
    return "(no log)";
  }
  constexpr std::streamoff kTail = 3000;
  std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kTail));
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace holdfast::devpg
