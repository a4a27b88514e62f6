#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <holdfast/store/store.hpp>

namespace holdfast::store {

/// How to reach PostgreSQL, and how long to wait for it.
struct PostgresOptions {
  /// libpq's: key=value or URI. May be a PgBouncer in transaction mode; then set `prepared` to false.
  std::string connection_string = {};
  /// For listen(), which needs a session of its own: a direct connection when the other one is a PgBouncer.
  /// Empty: the same as connection_string.
  std::string listen_connection_string = {};
  /// Connections for everything but lanes and listeners, which have their own. At least 1.
  int pool_size = 4;
  /// Prepared statements and session settings. False: neither is used (PgBouncer before 1.21 in transaction mode).
  bool prepared = true;
  /// False: listen() never hears anything and notify() does nothing: polling alone carries the load.
  bool notifications = true;
  /// How long a lane waits for a row that someone else holds, such as a caller who signaled and has not committed yet.
  std::chrono::milliseconds lock_timeout{2000};
  /// Longest single statement; 0: no limit.
  std::chrono::milliseconds statement_timeout{30000};
  /// A worker that was stopped in the middle of a transaction loses it after this time, so that others get its rows.
  /// Not longer than a lease.
  std::chrono::milliseconds idle_in_transaction_timeout{5000};
  std::chrono::seconds connect_timeout{5};
  /// How long start_runs and send_messages try to find out what became of a transaction whose answer was lost.
  std::chrono::milliseconds in_doubt_timeout{10000};
  /// Shown in pg_stat_activity.
  std::string application_name = "holdfast";
};

/// A store on PostgreSQL. Connects at the first verb, not here; reconnects with back-off for ever. Throws
/// InvalidArgument for options that are not allowed.
std::unique_ptr<Store> open_postgres_store(PostgresOptions options);

/// Store::start_runs inside the caller's own transaction: the runs exist if and only if it commits. Never fails
/// because of an id that is in use; errors of the database come as pqxx exceptions, for it is the caller's transaction.
std::vector<StartResult> start_runs_in(pqxx::transaction_base& transaction, std::span<const NewRun> runs);

/// Store::send_messages inside the caller's own transaction. It holds the rows of the runs until it ends: keep it
/// short.
std::vector<SendStatus> send_messages_in(pqxx::transaction_base& transaction, std::span<const NewMessage> messages);

/// UpdateStore::send_update inside the caller's own transaction. It holds the row of the run until it ends.
SentUpdate send_update_in(pqxx::transaction_base& transaction, const NewUpdate& update);

}  // namespace holdfast::store
