#pragma once

#include <condition_variable>
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
  /// Connects when first used, at most `max_connections` times at once. `connection_string` names the runtime role.
  explicit Database(std::string connection_string, int max_connections = 4)
      : connection_string_(std::move(connection_string)), unused_(max_connections) {}

  /// Calls `body` with a connection in autocommit mode; waits for one if all are in use, so `body` may not call query
  /// again. Throws what it throws, and pqxx::broken_connection.
  void query(const std::function<void(pqxx::transaction_base&)>& body);

  /// The same in a transaction, which is committed when `body` returns: for several statements that share their tenant.
  void transaction(const std::function<void(pqxx::transaction_base&)>& body);

 private:
  template <class Transaction, class After>
  void run(const std::function<void(pqxx::transaction_base&)>& body, const After& after);
  using Connection = std::unique_ptr<pqxx::connection>;
  Connection take();
  void give_back(Connection connection);

  const std::string connection_string_;
  std::mutex mutex_;
  std::condition_variable returned_;
  int unused_;                    // may still be taken, connected or not
  std::vector<Connection> idle_;  // connected
};

}  // namespace platform
