#pragma once

#include <string>
#include <utility>

#include <pqxx/connection_base>
#include <pqxx/result>
#include <pqxx/transaction_base>

namespace platform {

/// One SQL statement with a name of its own: prepared on a connection when it is first used there.
struct Statement {
  const char* name;
  const char* text;
};

/// Runs a statement. Parameters are text or numbers; the statement casts them.
template <class... Args>
pqxx::result execute(pqxx::transaction_base& tx, const Statement& statement, Args&&... args) {
  tx.conn().prepare(statement.name, statement.text);   // does nothing when this connection knows it
  return tx.exec_prepared(statement.name, std::forward<Args>(args)...);
}

}  // namespace platform
