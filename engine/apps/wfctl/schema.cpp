#include "schema.hpp"

#include <holdfast/store/postgres/migrations.hpp>

#include "session.hpp"

// The platform is left out of builds of the engine alone.
#if __has_include(<activities/schema/embedded_migrations.hpp>)
#include <activities/schema/embedded_migrations.hpp>
#define HOLDFAST_WITH_PLATFORM 1
#endif
#if __has_include(<activities/doctor_checks.hpp>)
#include <activities/doctor_checks.hpp>
#define HOLDFAST_WITH_PLATFORM_CHECKS 1
#endif

namespace wfctl {
namespace {

using holdfast::store::postgres::Migrator;

Migrator migrator(const std::string& connection_string, const SchemaPart& part) {
  return {connection_string, std::string(part.name), part.migrations};
}

template <class Ask>
std::vector<std::string> of_all_parts(const std::string& connection_string, Ask ask) {
  std::vector<std::string> names;
  for (const auto& part : schema_parts())
    for (const auto& name : ask(migrator(connection_string, part)))
      names.push_back(std::string(part.name) + "/" + name);
  return names;
}

}  // namespace

std::vector<SchemaPart> schema_parts() {
  return {
      {"engine", holdfast::store::postgres::embedded_engine_migrations()},
#ifdef HOLDFAST_WITH_PLATFORM
      {"platform", platform::embedded_platform_migrations()},
#endif
  };
}

std::vector<std::string> migrate(const std::string& connection_string) {
  return of_all_parts(connection_string, [](const Migrator& part) { return part.apply(); });
}

std::vector<std::string> pending_migrations(const std::string& connection_string) {
  return of_all_parts(connection_string, [](const Migrator& part) { return part.plan(); });
}

std::string migration_sql() {
  std::string sql;
  for (const auto& part : schema_parts()) sql += migrator("", part).sql_from_scratch();
  return sql;
}

void require_schema(Session& session) { migrator(session.connection_string(), schema_parts().front()).check(); }

std::vector<holdfast::store::postgres::DoctorCheck> platform_doctor_checks(const std::string& connection_string) {
#ifdef HOLDFAST_WITH_PLATFORM_CHECKS
  // A database may hold the engine alone.
  if (migrator(connection_string, schema_parts().back()).plan().empty()) return platform::doctor_checks();
#endif
  (void)connection_string;
  return {};
}

}  // namespace wfctl
