#pragma once

#include <span>
#include <string>
#include <vector>

#include <holdfast/store/errors.hpp>
#include <holdfast/store/postgres/embedded_migrations.hpp>

namespace holdfast::store::postgres {

/// Applies one set of forward-only migrations ("engine", "platform") and compares a database with it. Each migration is
/// one transaction together with its row in holdfast.migrations, which holds the SHA-256 of the file; two programs that
/// start at once apply each one once. Errors: Unavailable, SchemaMismatch, StatementFailed (its message names the
/// migration). Not thread-safe; every call opens a connection of its own, as the owner of the schema.
class Migrator {
 public:
  /// `connection_string`: libpq's, a direct one. `migrations` must outlive the object and be ordered by name.
  Migrator(std::string connection_string, std::string set, std::span<const EmbeddedMigration> migrations);

  /// Names of the migrations that apply() would run now. Throws SchemaMismatch as check() does, except for missing
  /// ones.
  std::vector<std::string> plan() const;
  /// Applies what is missing; the names of what this call applied.
  std::vector<std::string> apply() const;
  /// The script that apply() would run on this database, for an administrator who runs it with psql.
  std::string sql() const;
  /// The same for an empty database; needs none.
  std::string sql_from_scratch() const;
  /// Throws SchemaMismatch that names what the database lacks, what it has that this program does not know, and what
  /// was changed after it had been applied.
  void check() const;

 private:
  std::string connection_string_;
  std::string set_;
  std::span<const EmbeddedMigration> migrations_;
};

/// Lower-case hexadecimal SHA-256.
std::string sha256_hex(std::string_view bytes);

}  // namespace holdfast::store::postgres
