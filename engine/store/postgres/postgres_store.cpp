#include <holdfast/store/postgres/postgres_store.hpp>

#include <holdfast/store/postgres/queries.hpp>
#include <holdfast/store/postgres/reading.hpp>
#include <holdfast/store/postgres/store_impl.hpp>

namespace holdfast::store::postgres {
namespace {

const Statement kNow{"now", "SELECT " HOLDFAST_MICROS("now()")};
const Statement kMaintain{
    "maintain",
    "SELECT holdfast.ensure_history_partitions(), holdfast.forget_message_keys(), holdfast.forget_idle_limits()"};

}  // namespace

/// Throws InvalidArgument.
static void check_options(const PostgresOptions& options) {
  if (options.pool_size < 1 || options.pool_size > 1000) {
    throw InvalidArgument("pool_size is " + std::to_string(options.pool_size) + "; allowed: 1 to 1000");
  }
  const auto not_negative = [](const char* name, auto value) {
    if (value.count() < 0) throw InvalidArgument(std::string(name) + " is negative; allowed: 0 or more");
  };
  not_negative("lock_timeout", options.lock_timeout);
  not_negative("statement_timeout", options.statement_timeout);
  not_negative("idle_in_transaction_timeout", options.idle_in_transaction_timeout);
  not_negative("connect_timeout", options.connect_timeout);
  not_negative("in_doubt_timeout", options.in_doubt_timeout);
}

PostgresStore::PostgresStore(PostgresOptions options) : options_(std::move(options)), pool_(options_) {}

Timestamp PostgresStore::now() {
  return with_session(Access::read, [](Connection& session) { return time_of(session.run(kNow)[0][0]); });
}

void PostgresStore::maintain() {
  with_session(Access::write, [](Connection& session) {
    session.run(kMaintain);
    session.run(kForgetQueries);
  });
}

}  // namespace holdfast::store::postgres

namespace holdfast::store {

std::unique_ptr<Store> open_postgres_store(PostgresOptions options) {
  postgres::check_options(options);
  return std::make_unique<postgres::PostgresStore>(std::move(options));
}

}  // namespace holdfast::store
