#include <memory>

#include "commands.hpp"
#include "run_arguments.hpp"
#include "session.hpp"

namespace wfctl {

void add_run_cancel(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::vector<std::string> ids;
    std::string reason;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("cancel", "Ask runs to end: their code sees it and may clean up");
  command->add_option("id", options->ids, "Workflow ids or run ids; - reads ids from standard input")->required();
  command->add_option("--reason", options->reason, "Kept in the history");
  command->footer(
      "Example:\n  wfctl run list --type Nightly --status running -o ids | wfctl run cancel - --reason 'wrong date'");
  chosen.on(*command, [options](Session& session) {
    return for_each_run_done(session, options->ids, "cancel requested", [&](const holdfast::store::RunKey& run) {
      session.client().cancel(run, options->reason);
    });
  });
}

}  // namespace wfctl
