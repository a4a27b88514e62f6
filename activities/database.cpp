#include <activities/database.hpp>

#include <utility>

#include <pqxx/nontransaction>
#include <pqxx/transaction>

namespace platform {

void Database::query(const std::function<void(pqxx::transaction_base&)>& body) {
  run<pqxx::nontransaction>(body, [](pqxx::nontransaction&) {});
}

void Database::transaction(const std::function<void(pqxx::transaction_base&)>& body) {
  run<pqxx::work>(body, [](pqxx::work& work) { work.commit(); });
}

template <class Transaction, class After>
void Database::run(const std::function<void(pqxx::transaction_base&)>& body, const After& after) {
  Connection connection;
  try {
    connection = take();
    if (!connection) connection = std::make_unique<pqxx::connection>(connection_string_);
    Transaction transaction(*connection);
    body(transaction);
    after(transaction);
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
