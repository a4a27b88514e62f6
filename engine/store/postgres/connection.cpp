#include <holdfast/store/postgres/connection.hpp>

#include <libpq-fe.h>

#include <holdfast/store/postgres/hot_statements.hpp>

namespace holdfast::store::postgres {

// The plan of every statement of ours is the same whatever its parameters: an index scan per element of an array. The
// planner may not find another one while tables are small, because the plan outlives that (schema/README.md, plans).
// Pages cost next to nothing here, so that the number of rows that a plan touches decides even among a handful.
const char* const kSessionSettings =
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off "
    "-c random_page_cost=0.01 -c seq_page_cost=0.01 -c jit=off";

namespace {

// Between two looks at the plans: what an idle worker's poll does in some seconds.
constexpr int kTransactionsOfAnIdleSession = 10;

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A libpq value in quotes.
std::string quoted(const std::string& value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string session_settings(const PostgresOptions& options) {
  return std::string(kSessionSettings) + " -c lock_timeout=" + std::to_string(options.lock_timeout.count()) +
         " -c statement_timeout=" + std::to_string(options.statement_timeout.count()) +
         " -c idle_in_transaction_session_timeout=" + std::to_string(options.idle_in_transaction_timeout.count());
}

/// The caller's connection string (either form) with our defaults in front, over which it wins.
std::string with_settings(const PostgresOptions& options) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(options.connection_string.c_str(), &problem), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> message(problem, &PQfreemem);
  if (!parsed) {
    throw InvalidArgument("connection string is not understood: " + std::string(problem ? problem : "out of memory"));
  }
  std::string out = "connect_timeout=" + std::to_string(options.connect_timeout.count()) +
                    " application_name=" + quoted(options.application_name) +
                    " keepalives_idle=10 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=20000";
  std::string settings = options.prepared ? session_settings(options) : "";
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || *option->val == '\0') continue;
    if (std::string_view(option->keyword) == "options")
      settings += std::string(" ") + option->val;
    else
      out += std::string(" ") + option->keyword + "=" + quoted(option->val);
  }
  if (!settings.empty()) out += " options=" + quoted(settings);
  return out;
}

std::string settings_per_transaction(const PostgresOptions& options) {
  if (options.prepared) return "";
  return "SET LOCAL enable_seqscan=off;SET LOCAL enable_hashjoin=off;SET LOCAL enable_mergejoin=off;"
         "SET LOCAL random_page_cost=0.01;SET LOCAL seq_page_cost=0.01;SET LOCAL lock_timeout=" +
         std::to_string(options.lock_timeout.count()) +
         ";SET LOCAL statement_timeout=" + std::to_string(options.statement_timeout.count()) +
         ";SET LOCAL idle_in_transaction_session_timeout=" +
         std::to_string(options.idle_in_transaction_timeout.count()) + ";";
}

bool is_schema_error(std::string_view state) {
  return state == "42P01" || state == "3F000" || state == "42883" || state == "42703";
}

}  // namespace

Connection::Connection(const PostgresOptions& options)
    : transaction_settings_(settings_per_transaction(options)),
      planned_at_(steady_clock::now()),
      prepared_(options.prepared) {
  try {
    connection_ = std::make_unique<pqxx::connection>(with_settings(options));
    // libpqxx would otherwise replace a broken session by itself, in the middle of what we do.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
    connection_->inhibit_reactivation(true);
#pragma clang diagnostic pop
    quiet_ = std::make_unique<pqxx::quiet_errorhandler>(*connection_);  // libpqxx prints notices on standard error
  } catch (const pqxx::pqxx_exception& error) {
    throw Unavailable(std::string("cannot connect to PostgreSQL: ") + error.base().what());
  }
}

pqxx::result Connection::run(pqxx::transaction_base& transaction, const Statement& statement,
                             const Parameters& parameters) {
  if (!prepared_) return run_unprepared(transaction, statement, parameters);
  if (known_.insert(statement.name).second) connection_->prepare(statement.name, statement.sql);
  return transaction.exec_prepared(statement.name, pqxx::prepare::make_dynamic_params(parameters));
}

pqxx::result Connection::run(const Statement& statement, const Parameters& parameters) {
  if (!prepared_) return run_with_settings(statement, parameters);
  pqxx::nontransaction transaction(*connection_);
  if (plans_are_old()) transaction.exec("DISCARD PLANS");
  return run(transaction, statement, parameters);
}

pqxx::result Connection::run_with_settings(const Statement& statement, const Parameters& parameters) {
  pqxx::work transaction(*connection_);
  transaction.exec(transaction_settings_);
  auto result = run_unprepared(transaction, statement, parameters);
  transaction.commit();
  return result;
}

bool Connection::prepare(const Statement& statement) {
  if (!prepared_) return false;
  if (known_.insert(statement.name).second) {
    connection_->prepare(statement.name, statement.sql);
    connection_->prepare_now(statement.name);
  }
  return true;
}

bool Connection::plans_are_old() {
  if (!prepared_) return false;
  ++asked_since_planned_;
  const auto now = steady_clock::now();
  const auto age = now - planned_at_;
  const bool grown = rows_since_planned_ >= rows_that_make_plans_old_;
  const bool idle = asked_since_planned_ < kTransactionsOfAnIdleSession;
  if (age < (grown ? milliseconds(100) : idle ? milliseconds(10'000) : milliseconds(1000))) return false;
  if (grown) rows_that_make_plans_old_ *= 2;  // a table that is twice as large deserves a look, not every thousand rows
  planned_at_ = now;
  rows_since_planned_ = 0;
  asked_since_planned_ = 0;
  return true;
}

bool is_unavailable(std::string_view state) {
  return state.starts_with("08") || state.starts_with("57P") || state == "53300" || state == "25006" ||
         state == "25P03";
}

pqxx::result run_unprepared(pqxx::transaction_base& transaction, const Statement& statement,
                            const Parameters& parameters) {
  return transaction.exec_params(statement.sql, pqxx::prepare::make_dynamic_params(parameters));
}

bool is_transient(std::string_view state) {
  return state == "40001" || state == "40P01" || state == "55P03" || state == "23505";
}

void rethrow(Connection& connection, bool writes) {
  const auto lost = [&](const char* what) {
    connection.mark_broken();
    if (writes) throw InDoubt(std::string("lost the connection before the answer came: ") + what);
    throw Unavailable(std::string("lost the connection: ") + what);
  };
  try {
    throw;
  } catch (const pqxx::in_doubt_error& error) {
    connection.mark_broken();
    throw InDoubt(error.what());
  } catch (const pqxx::statement_completion_unknown& error) {
    lost(error.what());
  } catch (const pqxx::sql_error& error) {
    const std::string& state = error.sqlstate();
    // libpqxx reports some losses as errors without a state.
    if (state.empty() || is_unavailable(state)) lost(error.what());
    if (is_schema_error(state)) {
      throw SchemaMismatch(std::string("the database has another Holdfast schema than this program, or none: ") +
                           error.what());
    }
    if (is_transient(state)) throw Contention(error.what(), state);
    throw StatementFailed(error.what(), state);
  } catch (const pqxx::transaction_rollback& error) {
    throw Contention(error.what(), "40001");
  } catch (const pqxx::broken_connection& error) {
    lost(error.what());
  } catch (const pqxx::pqxx_exception& error) {
    if (!connection.pqxx().is_open()) lost(error.base().what());
    throw StatementFailed(error.base().what(), "");
  }
  throw;  // not libpqxx's
}

}  // namespace holdfast::store::postgres
