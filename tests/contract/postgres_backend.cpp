#include <pqxx/pqxx>

#include <holdfast/store/postgres/postgres_store.hpp>
#include <tests/support/private_pgbouncer.hpp>
#include <tests/support/test_database.hpp>

#include "store_contract.hpp"

namespace holdfast::test {
namespace {

/// One database for the whole program: cloning one per test would take most of the time.
struct Shared {
  TestDatabase database{Schema::engine};
  pqxx::connection connection{database.connection_string()};
  std::unique_ptr<PrivatePgbouncer> pgbouncer;
};

enum class Way { direct, unprepared, pgbouncer };

class PostgresHarness final : public StoreHarness {
 public:
  explicit PostgresHarness(Way way) {
    pqxx::work tx(shared_.connection);
    for (const auto* table : {"runs", "live_runs", "inbox", "message_keys", "history", "activity_tasks", "workers",
                              "schedules", "updates", "queries", "limits", "limit_gates", "limit_lines"}) {
      tx.exec("DELETE FROM holdfast." + std::string(table));
    }
    tx.commit();
    store::PostgresOptions options;
    options.connection_string = shared_.database.connection_string();
    options.prepared = way == Way::direct;
    if (way == Way::pgbouncer) {
      if (!shared_.pgbouncer) shared_.pgbouncer = std::make_unique<PrivatePgbouncer>(options.connection_string);
      options.listen_connection_string =
          std::exchange(options.connection_string, shared_.pgbouncer->connection_string());
    }
    store_ = store::open_postgres_store(options);
  }
  store::Store& store() override { return *store_; }

  /// The server's clock cannot be moved, so everything that waits for it is moved the other way.
  void advance(Duration by) override {
    pqxx::work tx(shared_.connection);
    const std::string d = "interval '" + std::to_string(by.count()) + " microseconds'";
    tx.exec("UPDATE holdfast.live_runs SET ready_at = ready_at - " + d);
    tx.exec("UPDATE holdfast.runs SET deadline = deadline - " + d);
    tx.exec("UPDATE holdfast.queries SET look_at = look_at - " + d + ", deadline = deadline - " + d);
    tx.exec("UPDATE holdfast.schedules SET next_at = next_at - " + d + ", since = since - " + d);
    tx.exec("UPDATE holdfast.workers SET lease_until = lease_until - " + d + ", ended_at = ended_at - " + d +
            ", look_at = look_at - " + d);
    tx.exec("UPDATE holdfast.activity_tasks SET ready_at = ready_at - " + d + ", scheduled_at = scheduled_at - " + d +
            ", started_at = started_at - " + d + ", timeout_at = timeout_at - " + d + ", close_by = close_by - " + d);
    tx.exec("UPDATE holdfast.limit_gates SET look_at = look_at - " + d + ", full_at = full_at - " + d);
    tx.exec("UPDATE holdfast.limit_lines SET look_at = look_at - " + d);
    tx.commit();
  }

 private:
  static Shared& shared() {
    static Shared shared;
    return shared;
  }
  Shared& shared_ = shared();
  std::unique_ptr<store::Store> store_;
};

}  // namespace

std::vector<Backend> postgres_backends() {
  const auto backend = [](std::string name, Way way) {
    return Backend{std::move(name), [way] { return std::make_unique<PostgresHarness>(way); }};
  };
  return {backend("postgres", Way::direct), backend("postgres_unprepared", Way::unprepared),
          backend("pgbouncer", Way::pgbouncer)};
}

}  // namespace holdfast::test
