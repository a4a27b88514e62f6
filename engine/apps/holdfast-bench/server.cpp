#include "server.hpp"

#include <unistd.h>

#include <atomic>

#include <pqxx/pqxx>

#include <activities/schema/embedded_migrations.hpp>
#include <holdfast/store/postgres/embedded_migrations.hpp>
#include <holdfast/store/postgres/migrations.hpp>

namespace bench {
namespace {

/// Of a measurement nothing must depend on when a checkpoint happens to come.
holdfast::devpg::PrivatePostgresOptions private_options() {
  return {.fsync = true,
          .settings = {{"shared_buffers", "512MB"}, {"max_wal_size", "4GB"}, {"checkpoint_timeout", "15min"}}};
}

/// `url` with another database, whatever its form.
std::string with_database(const std::string& url, const std::string& database) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url + " dbname=" + database;
  const auto path = url.find('/', scheme + 3);
  const auto query = url.find('?');
  const std::string parameters = query == std::string::npos ? "" : url.substr(query);
  return url.substr(0, std::min(path, query)) + "/" + database + parameters;
}

}  // namespace

std::string with_options(const std::string& url, const std::string& options) {
  if (url.find("://") == std::string::npos) return url + " options='" + options + "'";
  std::string encoded;
  for (const char c : options) encoded += c == ' ' ? "%20" : c == '=' ? "%3D" : std::string(1, c);
  return url + (url.find('?') == std::string::npos ? "?" : "&") + "options=" + encoded;
}

Server::Server(std::string database_url) : given_(std::move(database_url)) {
  if (given_.empty()) own_ = std::make_unique<holdfast::devpg::PrivatePostgres>(private_options());
}

Server::~Server() {
  if (own_ || template_.empty()) return;
  try {
    execute("DROP DATABASE IF EXISTS " + template_ + " WITH (FORCE)");
  } catch (const std::exception&) {  // the server is gone: nothing is left to clean
  }
}

std::string Server::connection_string(const std::string& database) const {
  return own_ ? own_->connection_string(database) : with_database(given_, database);
}

void Server::execute(const std::string& sql, const std::string& database) const {
  pqxx::connection connection(connection_string(database));
  pqxx::nontransaction(connection).exec(sql);
}

pid_t Server::pid() const { return own_ ? own_->pid() : 0; }

const std::string& Server::template_database() {
  if (template_.empty()) {
    const std::string name = "holdfast_bench_" + std::to_string(getpid());
    execute("CREATE DATABASE " + name);
    template_ = name;
    using holdfast::store::postgres::Migrator;
    Migrator(connection_string(name), "engine", holdfast::store::postgres::embedded_engine_migrations()).apply();
    Migrator(connection_string(name), "platform", platform::embedded_platform_migrations()).apply();
  }
  return template_;
}

Database::Database(Server& server) : server_(server) {
  static std::atomic<int> counter = 0;
  const std::string& original = server.template_database();
  name_ = original + "_" + std::to_string(++counter);
  server.execute("CREATE DATABASE " + name_ + " TEMPLATE " + original);
}

Database::~Database() {
  try {
    server_.execute("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) {  // as above
  }
}

void Database::settle() const {
  execute("VACUUM ANALYZE");
  execute("CHECKPOINT");
}

}  // namespace bench
