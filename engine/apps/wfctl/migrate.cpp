#include <memory>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_object.hpp"
#include "schema.hpp"
#include "session.hpp"

namespace wfctl {
namespace {

int apply(Session& session, bool dry_run) {
  ListOutput output(session.out(), {"MIGRATION", dry_run ? "WOULD BE" : "WAS"});
  const auto names = dry_run ? pending_migrations(session.connection_string()) : migrate(session.connection_string());
  for (const auto& name : names)
    output.row({name, "applied"}, JsonObject().text("migration", name).flag("applied", !dry_run).str(), name);
  output.finish("the schema is up to date");
  return kOk;
}

}  // namespace

void add_migrate(CLI::App& parent, Chosen& chosen) {
  struct Options {
    bool dry_run = false, sql = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("migrate", "Bring the database's schema up to this program's version");
  auto* dry_run = command->add_flag("--dry-run", options->dry_run, "Only list the migrations that would be applied");
  command->add_flag("--sql", options->sql, "Print the script for an empty database, to review or to run with psql")
      ->excludes(dry_run);
  command->footer(
      "Connect as the owner of the schema. Safe when two start at once.\nExample:\n  wfctl migrate --dry-run");
  chosen.on(*command, [options](Session& session) {
    if (!options->sql) return apply(session, options->dry_run);
    session.out().write(migration_sql());
    return int{kOk};
  });
}

}  // namespace wfctl
