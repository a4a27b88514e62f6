#pragma once

#include <string>
#include <utility>

#include <pqxx/connection_base>
#include <pqxx/result>
#include <pqxx/transaction_base>

namespace platform {

/// One SQL statement with a name of its own. A constant, beside the step that runs it.
struct Statement {
  const char* name;
  const char* text;
};

/// Runs statements. Parameters are text or numbers; the statement casts them.
struct SqlRunner {
  /// Each statement is prepared on a connection when it is first used there. False for a PgBouncer before 1.21 in
  /// transaction mode, as in holdfast::store::PostgresOptions.
  bool prepared = true;

  template <class... Args>
  pqxx::result operator()(pqxx::transaction_base& tx, const Statement& statement, Args&&... args) const {
    if (!prepared) return tx.exec_params(statement.text, std::forward<Args>(args)...);
    tx.conn().prepare(statement.name, statement.text);  // does nothing when this connection knows it
    return tx.exec_prepared(statement.name, std::forward<Args>(args)...);
  }
};

}  // namespace platform
