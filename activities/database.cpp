#include <activities/database.hpp>

#include <utility>

#include <pqxx/nontransaction>

namespace platform {

void Database::query(const std::function<void(pqxx::transaction_base&)>& body) {
  auto connection = take();
  {
    pqxx::nontransaction statement(*connection);
    body(statement);
  }
  give_back(std::move(connection));   // only after success: an exception closes the connection
}

Database::Connection Database::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return std::make_unique<pqxx::connection>(connection_string_);
}

void Database::give_back(Connection connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

}  // namespace platform
