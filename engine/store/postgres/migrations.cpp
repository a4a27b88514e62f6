#include <holdfast/store/postgres/migrations.hpp>

#include <algorithm>
#include <map>
#include <memory>

#include <openssl/evp.h>
#include <pqxx/pqxx>

namespace holdfast::store::postgres {
namespace {

// Where migrations are recorded; made by whoever comes first. The lock is held until the transaction ends.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(hashtext('holdfast.migrations'))";
constexpr const char* kCreateTable =
    "CREATE SCHEMA IF NOT EXISTS holdfast;\n"
    "CREATE TABLE IF NOT EXISTS holdfast.migrations (\n"
    "  set text NOT NULL, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),\n"
    "  PRIMARY KEY (set, name))";

using Checksums = std::map<std::string, std::string, std::less<>>;

std::unique_ptr<pqxx::connection> connect(const std::string& connection_string) {
  try {
    return std::make_unique<pqxx::connection>(connection_string);
  } catch (const pqxx::pqxx_exception& error) {
    throw Unavailable(std::string("cannot connect to PostgreSQL: ") + error.base().what());
  }
}

/// f(transaction), with libpqxx's exceptions turned into the store's. `doing` begins the message.
template <class F>
auto guarded(const std::string& doing, F f) {
  try {
    return f();
  } catch (const pqxx::in_doubt_error& error) {
    throw InDoubt(doing + ": " + error.what());
  } catch (const pqxx::sql_error& error) {
    throw StatementFailed(doing + ": " + error.what(), error.sqlstate());
  } catch (const pqxx::broken_connection& error) {
    throw Unavailable(doing + ": " + error.what());
  } catch (const pqxx::pqxx_exception& error) {
    throw StatementFailed(doing + ": " + error.base().what(), "");
  }
}

/// Empty when the database has no Holdfast at all.
Checksums read_applied(pqxx::transaction_base& transaction, const std::string& set) {
  Checksums applied;
  if (transaction.exec1("SELECT to_regclass('holdfast.migrations')")[0].is_null()) return applied;
  for (const auto& row :
       transaction.exec_params("SELECT name, checksum FROM holdfast.migrations WHERE set = $1", set)) {
    applied.emplace(row[0].c_str(), row[1].c_str());
  }
  return applied;
}

/// What is wrong with the database, apart from what is missing. Empty: nothing.
std::string differences(const Checksums& applied, std::span<const EmbeddedMigration> migrations) {
  std::string out;
  for (const auto& [name, checksum] : applied) {
    const auto known = std::ranges::find(migrations, name, &EmbeddedMigration::name);
    if (known == migrations.end())
      out += "; unknown to this program: " + name;
    else if (sha256_hex(known->sql) != checksum)
      out += "; changed after it was applied: " + name;
  }
  return out;
}

void throw_if(const std::string& set, const std::string& problems) {
  if (problems.empty()) return;
  throw SchemaMismatch("the database's " + set + " schema does not fit this program" + problems);
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += c;
    out += c;
  }
  return out + "'";
}

std::string as_script(const std::string& set, const EmbeddedMigration& migration) {
  const std::string name(migration.name);
  return "-- " + set + "/" + name + "\nBEGIN;\n" + kLock + ";\n" + kCreateTable +
         ";\nINSERT INTO holdfast.migrations (set, name, checksum) VALUES (" + quoted(set) + ", " + quoted(name) +
         ", " + quoted(sha256_hex(migration.sql)) + ");\n" + std::string(migration.sql) + "\nCOMMIT;\n\n";
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 is not available in this OpenSSL");
  }
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out += "0123456789abcdef"[digest[i] >> 4];
    out += "0123456789abcdef"[digest[i] & 15];
  }
  return out;
}

Migrator::Migrator(std::string connection_string, std::string set, std::span<const EmbeddedMigration> migrations)
    : connection_string_(std::move(connection_string)), set_(std::move(set)), migrations_(migrations) {}

std::vector<std::string> Migrator::plan() const {
  const auto connection = connect(connection_string_);
  return guarded("reading the migrations", [&] {
    pqxx::read_transaction transaction(*connection);
    const auto applied = read_applied(transaction, set_);
    throw_if(set_, differences(applied, migrations_));
    std::vector<std::string> names;
    for (const auto& migration : migrations_) {
      if (!applied.contains(migration.name)) names.emplace_back(migration.name);
    }
    return names;
  });
}

std::vector<std::string> Migrator::apply() const {
  const auto connection = connect(connection_string_);
  std::vector<std::string> done;
  for (const auto& migration : migrations_) {
    const std::string name(migration.name);
    guarded("migration " + set_ + "/" + name, [&] {
      pqxx::work transaction(*connection);
      transaction.exec(kLock);
      transaction.exec(kCreateTable);
      // Whoever waited for the lock sees here what the other one did.
      const auto applied = read_applied(transaction, set_);
      throw_if(set_, differences(applied, migrations_));
      if (applied.contains(name)) return;
      transaction.exec_params("INSERT INTO holdfast.migrations (set, name, checksum) VALUES ($1, $2, $3)", set_, name,
                              sha256_hex(migration.sql));
      transaction.exec(std::string(migration.sql));
      transaction.commit();
      done.push_back(name);
    });
  }
  return done;
}

std::string Migrator::sql() const {
  const auto names = plan();
  std::string out;
  for (const auto& migration : migrations_) {
    if (std::ranges::find(names, migration.name) != names.end()) out += as_script(set_, migration);
  }
  return out;
}

std::string Migrator::sql_from_scratch() const {
  std::string out;
  for (const auto& migration : migrations_) out += as_script(set_, migration);
  return out;
}

void Migrator::check() const {
  const auto connection = connect(connection_string_);
  const std::string problems = guarded("reading the migrations", [&] {
    pqxx::read_transaction transaction(*connection);
    const auto applied = read_applied(transaction, set_);
    std::string out = differences(applied, migrations_);
    for (const auto& migration : migrations_) {
      if (!applied.contains(migration.name)) out += "; missing: " + std::string(migration.name);
    }
    return out;
  });
  throw_if(set_, problems.empty() ? "" : problems + "; run `wfctl migrate`");
}

}  // namespace holdfast::store::postgres
