#include <tests/support/private_pgbouncer.hpp>

#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <pqxx/pqxx>
#include <stdexcept>
#include <thread>
#include <vector>

#include <holdfast/devpg/child_process.hpp>

namespace holdfast::test {
namespace {

constexpr auto kPort = "6432";

std::filesystem::path make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "pgbouncer-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for PgBouncer: " + name);
  std::filesystem::permissions(name, std::filesystem::perms::all);  // it may run as another user
  return name;
}

/// PgBouncer refuses to run as root. It is told to end when its parent does.
std::vector<std::string> command(const std::filesystem::path& configuration) {
  std::vector<std::string> argv{"/usr/bin/setpriv", "--pdeathsig=TERM"};
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr) user = getpwnam("nobody");
    if (user == nullptr)
      throw std::runtime_error("neither postgres nor nobody is a user: PgBouncer cannot run as root");
    argv.insert(argv.end(), {"--reuid=" + std::to_string(user->pw_uid), "--regid=" + std::to_string(user->pw_gid),
                             "--clear-groups"});
  }
  argv.insert(argv.end(), {"/usr/sbin/pgbouncer", configuration.string()});
  return argv;
}

}  // namespace

PrivatePgbouncer::PrivatePgbouncer(const std::string& server_connection_string) : folder_(make_folder()) {
  pqxx::connection server(server_connection_string);
  const std::string user = server.username();
  write_configuration(server.hostname(), server.port(), user);
  connection_string_ = "host=" + folder_.string() + " port=" + kPort + " user=" + user + " dbname=" + server.dbname();
  start();
}

PrivatePgbouncer::~PrivatePgbouncer() {
  if (pid_ > 0) {
    kill(pid_, SIGTERM);
    devpg::wait_for_exit(pid_, 10);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void PrivatePgbouncer::write_configuration(const std::string& host, const std::string& port,
                                           const std::string& user) const {
  std::ofstream(folder_ / "pgbouncer.ini")
      << "[databases]\n* = host=" << host << " port=" << port << " user=" << user << "\n"
      << "[pgbouncer]\npool_mode = transaction\nauth_type = any\nlisten_addr =\nlisten_port = " << kPort << "\n"
      << "unix_socket_dir = " << folder_.string() << "\nlogfile = " << (folder_ / "log").string()
      << "\n"
      // Few server connections, so that one client's transactions really run on changing sessions.
      << "max_client_conn = 200\ndefault_pool_size = 8\nserver_idle_timeout = 5\n";
}

void PrivatePgbouncer::start() {
  pid_ = devpg::start_process(command(folder_ / "pgbouncer.ini"), {});
  for (int i = 0; i < 1000; ++i) {
    if (accepts_connections()) return;
    if (devpg::wait_for_exit(pid_, 0.01)) break;
  }
  const std::string said = log();
  kill(pid_, SIGKILL);
  throw std::runtime_error("PgBouncer did not start:\n" + said);
}

bool PrivatePgbouncer::accepts_connections() const {
  try {
    pqxx::connection connection(connection_string_);
    pqxx::nontransaction session(connection);
    session.exec("SELECT 1");
    return true;
  } catch (const pqxx::failure&) {
    return false;
  }
}

std::string PrivatePgbouncer::log() const {
  std::ifstream file(folder_ / "log");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace holdfast::test
