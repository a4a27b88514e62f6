#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <pqxx/connection>
#include <pqxx/transaction>

#include <activities/statement.hpp>
#include <holdfast/store/postgres/parameters.hpp>
#include <ingress/errors.hpp>

namespace platform::ingress {

struct DatabaseOptions {
  std::string url;       ///< libpq's; names the runtime role
  bool prepared = true;  ///< false: PgBouncer before 1.21 in transaction mode
  std::chrono::milliseconds statement_timeout{3000};
};

/// One connection of one thread, made when needed, thrown away when broken. Not thread-safe.
class DatabaseSession {
 public:
  explicit DatabaseSession(DatabaseOptions options) : options_(std::move(options)) {}

  /// Runs `body` in a transaction and commits it. A connection that turns out to be broken is replaced and `body` is
  /// called once more, so it must be repeatable. Throws Unavailable, or what `body` throws otherwise.
  void transaction(const std::function<void(pqxx::work&)>& body);

  pqxx::result run(pqxx::transaction_base& tx, const Statement& statement,
                   const holdfast::store::postgres::Parameters& parameters) const;

 private:
  using Clock = std::chrono::steady_clock;
  pqxx::connection& connection();
  void once(const std::function<void(pqxx::work&)>& body);

  const DatabaseOptions options_;
  std::unique_ptr<pqxx::connection> connection_;
  Clock::time_point next_attempt_{};  // after a failed connect: fail at once until then
};

/// True for SQLSTATEs that say "not now": connection, shutdown, resources, contention, timeouts.
bool is_temporary(std::string_view sqlstate);

}  // namespace platform::ingress
