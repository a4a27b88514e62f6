#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include <holdfast/devpg/private_postgres.hpp>

namespace bench {

/// The PostgreSQL under test: one of our own, or the one that --database-url names (a superuser, or at least somebody
/// who may create databases).
class Server {
 public:
  explicit Server(std::string database_url);
  ~Server();
  Server(const Server&) = delete;

  std::string connection_string(const std::string& database) const;
  /// Runs one command outside a transaction.
  void execute(const std::string& sql, const std::string& database = "postgres") const;
  /// The postmaster, if it runs on this machine and we may know it; otherwise 0.
  pid_t pid() const;
  /// A migrated database that others are cloned from.
  const std::string& template_database();

 private:
  const std::string given_;
  std::unique_ptr<holdfast::devpg::PrivatePostgres> own_;
  std::string template_;
};

/// A connection string, of either form, with server options such as "-c name=value".
std::string with_options(const std::string& url, const std::string& options);

/// A migrated database of its own for one measurement; dropped with the object.
class Database {
 public:
  explicit Database(Server& server);
  ~Database();
  Database(const Database&) = delete;

  /// As the owner of everything.
  std::string url() const { return server_.connection_string(name_); }
  /// As the role that workers and services have.
  std::string runtime_url() const { return with_options(url(), "-c role=holdfast_runtime"); }
  Server& server() const { return server_; }
  void execute(const std::string& sql) const { server_.execute(sql, name_); }
  /// What the autovacuum would come to in time, and a checkpoint: every measurement begins in the same state.
  void settle() const;

 private:
  Server& server_;
  std::string name_;
};

}  // namespace bench
