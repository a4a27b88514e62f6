#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <unordered_set>

#include <pqxx/pqxx>

#include <holdfast/store/errors.hpp>
#include <holdfast/store/postgres/parameters.hpp>
#include <holdfast/store/postgres/postgres_store.hpp>
#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

/// A session. Never reconnects: once broken it is thrown away, by a ConnectionPool or a LaneSession. Not thread-safe.
class Connection {
 public:
  /// Throws Unavailable.
  explicit Connection(const PostgresOptions& options);

  pqxx::connection_base& pqxx() { return *connection_; }
  bool broken() const { return broken_; }
  void mark_broken() { broken_ = true; }

  /// Runs a statement in a transaction of this connection: prepared, if the options say so.
  pqxx::result run(pqxx::transaction_base& transaction, const Statement& statement, const Parameters& parameters = {});
  /// The same as a transaction of its own: in one round trip, if this is a session with settings.
  pqxx::result run(const Statement& statement, const Parameters& parameters = {});

  /// Prepares a statement under its name, so that SQL text can EXECUTE it. False: this session prepares nothing.
  bool prepare(const Statement& statement);

  /// Settings that a transaction needs on a connection without session settings; may be empty. Goes after BEGIN.
  const std::string& transaction_settings() const { return transaction_settings_; }
  /// True once per second, sooner when much was done, and every ten seconds in a session that is hardly used: plans are
  /// then to be made anew (DISCARD PLANS), because the tables may have grown (schema/README.md, plans).
  bool plans_are_old();
  /// Tells how many rows were handled.
  void note_work(std::size_t rows) { rows_since_planned_ += rows; }

 private:
  pqxx::result run_with_settings(const Statement& statement, const Parameters& parameters);

  std::unique_ptr<pqxx::connection> connection_;
  std::unique_ptr<pqxx::quiet_errorhandler> quiet_;
  std::unordered_set<const char*> known_;
  std::string transaction_settings_;
  std::chrono::steady_clock::time_point planned_at_;
  std::size_t rows_since_planned_ = 0;
  int asked_since_planned_ = 0;
  std::size_t rows_that_make_plans_old_ = 500;
  bool prepared_;
  bool broken_ = false;
};

/// Runs `statement` in somebody's transaction, without preparing it.
pqxx::result run_unprepared(pqxx::transaction_base& transaction, const Statement& statement,
                            const Parameters& parameters);

/// Throws the store's error for the libpqxx exception that is being handled; marks `connection` when it is lost.
/// `writes`: a lost connection leaves open whether the statement took effect.
[[noreturn]] void rethrow(Connection& connection, bool writes);

/// SQLSTATEs of a session that is over, or of a server that takes none.
bool is_unavailable(std::string_view sqlstate);

/// SQLSTATE classes that a repetition cures: serialization, deadlock, and a unique key that lost a race.
bool is_transient(std::string_view sqlstate);

/// What a statement of ours fails with when somebody else is in the way; repeat it.
struct Contention : StatementFailed {
  using StatementFailed::StatementFailed;
};

}  // namespace holdfast::store::postgres
