#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/store/postgres/doctor.hpp>
#include <holdfast/store/postgres/embedded_migrations.hpp>

namespace wfctl {

class Session;

/// The migrations of one part of the database, in their order.
struct SchemaPart {
  std::string_view name;  ///< "engine", "platform"
  std::span<const holdfast::store::postgres::EmbeddedMigration> migrations;
};

/// What this program was built with: the engine, and the platform unless it was left out.
std::vector<SchemaPart> schema_parts();

/// Applies what is missing and returns their names, such as "engine/0001_runs.sql". Safe when two programs do it at
/// once.
std::vector<std::string> migrate(const std::string& connection_string);
/// What migrate would apply. Changes nothing.
std::vector<std::string> pending_migrations(const std::string& connection_string);

/// The script of all migrations, for an empty database; needs no database.
std::string migration_sql();

/// Throws store::SchemaMismatch when the engine's schema lacks migrations of this program, has others, or is missing.
void require_schema(Session& session);

/// Questions that the platform adds to the doctor's, where its schema is installed.
std::vector<holdfast::store::postgres::DoctorCheck> platform_doctor_checks(const std::string& connection_string);

}  // namespace wfctl
