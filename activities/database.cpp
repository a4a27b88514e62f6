#include <activities/database.hpp>

#include <utility>

#include <pqxx/nontransaction>

namespace platform {

void Database::query(const std::function<void(pqxx::transaction_base&)>& body) {
  Connection connection;
  try {
    connection = take();
    if (!connection) connection = std::make_unique<pqxx::connection>(connection_string_);
    pqxx::nontransaction statement(*connection);
    body(statement);
  } catch (...) {
    give_back(nullptr);
    throw;
  }
  give_back(std::move(connection));
}

/// nullptr: the caller may connect.
Database::Connection Database::take() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return unused_ > 0; });
  --unused_;
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

/// nullptr: it failed.
void Database::give_back(Connection connection) {
  const std::lock_guard lock(mutex_);
  if (connection) idle_.push_back(std::move(connection));
  ++unused_;
  returned_.notify_one();
}

}  // namespace platform
