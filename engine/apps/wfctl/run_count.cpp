#include <memory>
#include <optional>

#include <holdfast/visibility/fields.hpp>
#include <holdfast/visibility/parse.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_object.hpp"
#include "run_filter.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

struct Options {
  RunFilter filter;
  std::string group_by;
};

/// A text without its quotes; anything else as JSON.
std::string shown(const std::string& json) {
  if (json == "null") return "(none)";
  return json.starts_with('"') ? printable(holdfast::decode<std::string>(json)) : json;
}

int count(Session& session, const Options& options) {
  std::optional<holdfast::visibility::Column> group_by;
  if (!options.group_by.empty()) group_by = holdfast::visibility::parse_group_by(options.group_by);
  const auto counted = session.client().count(options.filter.read(session), group_by);
  if (!group_by) {
    const auto total = std::to_string(counted.total);
    session.out().object(JsonObject().number("count", counted.total).str(), total, total + "\n");
    return kOk;
  }
  ListOutput output(session.out(), {holdfast::visibility::column_name(*group_by), "RUNS"});
  for (const auto& group : counted.groups)
    output.row({shown(group.value), group.count},
               JsonObject().json("value", group.value).number("count", group.count).str(), shown(group.value));
  output.finish("no runs");
  return kOk;
}

}  // namespace

void add_run_count(CLI::App& parent, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("count", "Count runs, in all or by what they have");
  options->filter.add_options(*command);
  command->add_option("--group-by", options->group_by,
                      "ExecutionStatus, WorkflowType, TaskQueue, ScheduleId or a search attribute");
  command->footer("Example:\n  wfctl run count --since 24h --group-by ExecutionStatus");
  chosen.on(*command, [options](Session& session) { return count(session, *options); });
}

}  // namespace wfctl
