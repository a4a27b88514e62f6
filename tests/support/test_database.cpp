#include <tests/support/test_database.hpp>

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <pqxx/pqxx>

#include <activities/schema/embedded_migrations.hpp>
#include <holdfast/devpg/private_postgres.hpp>
#include <holdfast/store/postgres/embedded_migrations.hpp>
#include <holdfast/store/postgres/migrations.hpp>

namespace holdfast::test {
namespace {

/// The server of this process, and the migrated databases on it that tests are cloned from.
class Cluster {
 public:
  static Cluster& instance() {
    static Cluster cluster;
    return cluster;
  }

  std::string connection_string(const std::string& database) const {
    return server_ ? server_->connection_string(database) : given_ + " dbname=" + database;
  }

  void create(const std::string& name, Schema schema) {
    std::lock_guard lock(mutex_);
    execute("CREATE DATABASE " + name + (schema == Schema::empty ? "" : " TEMPLATE " + template_for(schema)));
  }

  void drop(const std::string& name) { execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); }

 private:
  Cluster() {
    const char* given = std::getenv("HOLDFAST_TEST_PG");
    if (given != nullptr && given[0] != '\0') {
      given_ = given;
    } else {
      server_ = std::make_unique<devpg::PrivatePostgres>(devpg::PrivatePostgresOptions{.fsync = false});
    }
  }

  ~Cluster() {
    if (!server_) {
      for (const auto& [schema, name] : templates_) {
        try {
          drop(name);
        } catch (const std::exception&) {  // the given server is gone: nothing is left to clean
        }
      }
    }
  }

  const std::string& template_for(Schema schema) {
    std::string& name = templates_[schema];
    if (name.empty()) {
      std::string fresh = "holdfast_template_" + std::to_string(getpid()) + "_" + std::to_string(int(schema));
      execute("CREATE DATABASE " + fresh);
      const std::string target = connection_string(fresh);
      store::postgres::Migrator(target, "engine", store::postgres::embedded_engine_migrations()).apply();
      if (schema == Schema::platform) {
        store::postgres::Migrator(target, "platform", platform::embedded_platform_migrations()).apply();
      }
      name = fresh;
    }
    return name;
  }

  void execute(const std::string& sql) {
    pqxx::connection connection(connection_string("postgres"));
    pqxx::nontransaction session(connection);
    session.exec(sql);
  }

  std::mutex mutex_;
  std::string given_;
  std::unique_ptr<devpg::PrivatePostgres> server_;
  std::map<Schema, std::string> templates_;
};

}  // namespace

TestDatabase::TestDatabase(Schema schema) {
  static std::atomic<int> counter = 0;
  std::string name = "holdfast_test_" + std::to_string(getpid()) + "_" + std::to_string(++counter);
  Cluster::instance().create(name, schema);
  name_ = name;
}

TestDatabase::~TestDatabase() {
  try {
    Cluster::instance().drop(name_);
  } catch (const std::exception&) {  // the server may be down, as some tests want it; it is removed whole anyway
  }
}

std::string TestDatabase::connection_string() const { return Cluster::instance().connection_string(name_); }

}  // namespace holdfast::test
