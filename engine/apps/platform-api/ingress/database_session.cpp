#include <ingress/database_session.hpp>

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <pqxx/except>
#include <pqxx/nontransaction>

namespace platform::ingress {
namespace {

constexpr std::chrono::milliseconds kPauseAfterFailure{200};

/// `set` is SET, or SET LOCAL where sessions are shared.
std::string settings(const DatabaseOptions& options, std::string_view set) {
  return fmt::format(
      "{0} application_name = 'platform-api'; {0} statement_timeout = {1}; {0} lock_timeout = {1}; "
      "{0} idle_in_transaction_session_timeout = 10000",
      set, options.statement_timeout.count());
}

}  // namespace

bool is_temporary(std::string_view state) {
  constexpr std::array<std::string_view, 5> kClasses = {"08", "53", "57", "58", "40"};
  const auto is_class = [&](std::string_view prefix) { return state.starts_with(prefix); };
  return state.empty() || state == "55P03" || state == "25006" || std::ranges::any_of(kClasses, is_class);
}

pqxx::connection& DatabaseSession::connection() {
  if (connection_) return *connection_;
  if (Clock::now() < next_attempt_) throw Unavailable("the database cannot be reached");
  try {
    connection_ = std::make_unique<pqxx::connection>(options_.url);
    // libpqxx would otherwise replace a broken session by itself, without these settings.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
    connection_->inhibit_reactivation(true);
#pragma clang diagnostic pop
    if (options_.prepared) pqxx::nontransaction(*connection_).exec(settings(options_, "SET"));
  } catch (const std::exception& error) {
    connection_.reset();
    next_attempt_ = Clock::now() + kPauseAfterFailure;
    throw Unavailable(std::string("cannot connect to the database: ") + error.what());
  }
  return *connection_;
}

void DatabaseSession::once(const std::function<void(pqxx::work&)>& body) {
  pqxx::work tx(connection());
  if (!options_.prepared) tx.exec(settings(options_, "SET LOCAL"));
  body(tx);
  tx.commit();
}

void DatabaseSession::transaction(const std::function<void(pqxx::work&)>& body) {
  for (bool repeated = false;; repeated = true) {
    try {
      return once(body);
    } catch (const Unavailable&) {
      throw;
    } catch (const pqxx::sql_error& error) {
      // A session that the server ended (57P01) is reported like a failed statement.
      if (connection_ && !connection_->is_open()) connection_.reset();
      const bool lost = !connection_ || error.sqlstate().empty() || error.sqlstate().starts_with("57P");
      if (!lost && !is_temporary(error.sqlstate())) throw;
      if (lost) connection_.reset();
      if (!lost || repeated) throw Unavailable(error.what());
    } catch (const pqxx::pqxx_exception& error) {
      // Lost, perhaps during COMMIT. Whoever commits twice finds its rows the second time.
      connection_.reset();
      if (repeated) throw Unavailable(error.base().what());
    }
  }
}

pqxx::result DatabaseSession::run(pqxx::transaction_base& tx, const Statement& statement,
                                  const holdfast::store::postgres::Parameters& parameters) const {
  const auto arguments = pqxx::prepare::make_dynamic_params(parameters);
  if (!options_.prepared) return tx.exec_params(statement.text, arguments);
  tx.conn().prepare(statement.name, statement.text);  // does nothing when this connection knows it
  return tx.exec_prepared(statement.name, arguments);
}

}  // namespace platform::ingress
