#include "dev_stack.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <pqxx/pqxx>

#include <holdfast/store/postgres/postgres_store.hpp>

#include "schema.hpp"

namespace wfctl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRuntimeLogin = "holdfast_dev";

fs::path default_dev_folder() {
  // PostgreSQL refuses to run as root; the user that it runs as instead cannot enter root's home.
  if (::geteuid() == 0) return "/var/lib/holdfast/dev";
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0')
    return fs::path(data) / "holdfast/dev";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return fs::path(home) / ".local/share/holdfast/dev";
  return fs::temp_directory_path() / "holdfast-dev";
}

bool accepts_connections(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

/// The last lines of a program's log, for the error that says it ended.
std::string tail_of(const fs::path& log) {
  std::string text;
  std::FILE* file = std::fopen(log.c_str(), "r");
  if (file == nullptr) return text;
  constexpr long kBytes = 2000;
  if (std::fseek(file, -kBytes, SEEK_END) != 0) std::rewind(file);
  char block[kBytes];
  text.assign(block, std::fread(block, 1, sizeof block, file));
  std::fclose(file);
  return text;
}

}  // namespace

DevOptions::DevOptions() : folder(default_dev_folder()), programs(own_folder()) {}

DevStack::DevStack(const DevOptions& options) : options_(options) {
  if (accepts_connections(options_.api_port))
    throw std::runtime_error("port " + std::to_string(options_.api_port) + " is in use: choose another with --port");
  for (const char* program : {"platform-worker", "platform-api"})
    if (::access((options_.programs / program).c_str(), X_OK) != 0)
      throw std::runtime_error((options_.programs / program).string() + ": " + std::strerror(errno) +
                               " (it is built beside wfctl)");
  start_database();
  prepare_database();
  start_programs();
  wait_until_ready();
}

DevStack::~DevStack() { stop(); }

void DevStack::start_database() {
  holdfast::devpg::PrivatePostgresOptions postgres;
  if (!options_.ephemeral) {
    postgres.folder = fs::absolute(options_.folder);
    postgres.persistent = true;
    const mode_t mask = ::umask(022);  // the user that PostgreSQL runs as has to get there
    fs::create_directories(postgres.folder);
    ::umask(mask);
  }
  if (options_.postgres_port != 0) postgres.tcp_port = options_.postgres_port;
  if (options_.database_url.empty()) {
    postgres_ = std::make_unique<holdfast::devpg::PrivatePostgres>(postgres);
    logs_ = postgres_->folder();
    owner_url_ = postgres_->connection_string("holdfast");
  } else {
    logs_ = options_.ephemeral ? fs::temp_directory_path() : postgres.folder;
    owner_url_ = options_.database_url;
  }
}

void DevStack::prepare_database() {
  if (postgres_) {
    pqxx::connection server(postgres_->connection_string());
    pqxx::nontransaction session(server);
    if (session.exec("SELECT FROM pg_database WHERE datname = 'holdfast'").empty())
      postgres_->create_database("holdfast");
  }
  migrate(owner_url_);
  if (!postgres_) return;
  // The programs run with the rights that they have in production: no DDL, and row-level security applies.
  pqxx::connection owner(owner_url_);
  pqxx::work transaction(owner);
  if (transaction.exec("SELECT FROM pg_roles WHERE rolname = 'holdfast_dev'").empty())
    transaction.exec("CREATE ROLE holdfast_dev LOGIN");
  transaction.exec("GRANT holdfast_runtime TO holdfast_dev");
  transaction.commit();
}

std::string DevStack::runtime_url() const {
  // The last value of a keyword wins.
  return postgres_ ? owner_url_ + " user=" + kRuntimeLogin : owner_url_;
}

void DevStack::start_programs() {
  const ChildProgram::Environment environment{{"HOLDFAST_DATABASE_URL", runtime_url()},
                                              {"HOLDFAST_ALLOW_LOOPBACK", "1"},
                                              {"HOLDFAST_API_PORT", std::to_string(options_.api_port)}};
  worker_ = std::make_unique<ChildProgram>(options_.programs / "platform-worker", environment, logs_ / "worker.log");
  api_ = std::make_unique<ChildProgram>(options_.programs / "platform-api", environment, logs_ / "api.log");
}

void DevStack::wait_until_ready() {
  const auto store = holdfast::store::open_postgres_store({.connection_string = owner_url_, .pool_size = 1});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const auto ready = [&] {
    bool worker = false;
    for (const auto& found : store->list_workers()) worker = worker || found.alive;
    return worker && accepts_connections(options_.api_port);
  };
  while (!ready()) {
    if (const auto ended = ended_program()) throw std::runtime_error(*ended);
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("worker and API did not come up within 30 s; see the logs in " + logs_.string());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

std::string DevStack::description() const {
  std::string text = "API       http://127.0.0.1:" + std::to_string(options_.api_port) + "\n";
  text += "database  " + owner_url_ + "\n";
  text += "try       export HOLDFAST_DATABASE_URL=\"" + owner_url_ + "\"; wfctl run list\n";
  text += "logs      " + worker_->log().string() + "\n          " + api_->log().string() + "\n";
  if (postgres_) text += "          " + postgres_->log_file().string() + "\n";
  return text + "Ctrl-C ends everything" +
         (options_.ephemeral ? " and removes the database.\n" : "; the database is kept.\n");
}

std::optional<std::string> DevStack::ended_program() {
  for (auto* program : {&worker_, &api_}) {
    std::string end;
    if (*program && (*program)->has_ended(end))
      return (*program)->name() + " " + end + "; the end of " + (*program)->log().string() + ":\n" +
             tail_of((*program)->log());
  }
  return std::nullopt;
}

void DevStack::stop() {
  if (api_) api_->stop();
  if (worker_) worker_->stop();
  api_.reset();
  worker_.reset();
  postgres_.reset();
}

}  // namespace wfctl
