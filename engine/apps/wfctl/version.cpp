#include "commands.hpp"
#include "exit_code.hpp"
#include "json_object.hpp"
#include "schema.hpp"
#include "session.hpp"

#ifndef HOLDFAST_VERSION
#define HOLDFAST_VERSION "development"
#endif

namespace wfctl {

void add_version(CLI::App& parent, Chosen& chosen) {
  auto* command = parent.add_subcommand("version", "Print the version of this program and of its schema");
  chosen.on(*command, [](Session& session) {
    std::string last;
    for (const auto& part : schema_parts())
      if (!part.migrations.empty())
        last += (last.empty() ? "" : ", ") + std::string(part.name) + " " + std::string(part.migrations.back().name);
    session.out().object(JsonObject().text("version", HOLDFAST_VERSION).text("schema", last).str(), HOLDFAST_VERSION,
                         "wfctl " HOLDFAST_VERSION "\nschema " + last + "\n");
    return kOk;
  });
}

}  // namespace wfctl
