#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <pqxx/connection>
#include <pqxx/result>
#include <pqxx/transaction_base>

namespace platform {

/// Connections for activities that are not transactional: to look something up, one statement at a time, without
/// BEGIN and COMMIT. A statement sets its tenant by itself. Thread-safe; a connection that failed is thrown away.
class Database {
 public:
  /// Connects when first used. `connection_string` names the runtime role.
  explicit Database(std::string connection_string) : connection_string_(std::move(connection_string)) {}

  /// Calls `body` with a connection in autocommit mode. Throws what it throws, and pqxx::broken_connection.
  void query(const std::function<void(pqxx::transaction_base&)>& body);

 private:
  using Connection = std::unique_ptr<pqxx::connection>;
  Connection take();
  void give_back(Connection connection);

  const std::string connection_string_;
  std::mutex mutex_;
  std::vector<Connection> idle_;
};

}  // namespace platform
