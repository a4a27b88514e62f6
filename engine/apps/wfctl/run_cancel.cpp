#include <memory>

#include "commands.hpp"
#include "run_arguments.hpp"
#include "run_filter.hpp"
#include "session.hpp"

namespace wfctl {

void add_run_cancel(CLI::App& parent, Chosen& chosen) {
  struct Options {
    RunSelection runs;
    std::string reason;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("cancel", "Ask runs to end: their code sees it and may clean up");
  command->add_option("id", options->runs.ids, "Workflow ids or run ids; - reads ids from standard input");
  options->runs.add_options(*command, "cancel");
  command->add_option("--reason", options->reason, "Kept in the history");
  command->footer(
      "Example:\n  wfctl run list --type Nightly --status running -o ids | wfctl run cancel - --reason 'wrong date'");
  chosen.on(*command, [options](Session& session) {
    return for_each_run_done(
        session, options->runs.read(session, "Cancel"), "cancel requested",
        [&](const holdfast::store::RunKey& run) { session.client().cancel(run, options->reason); });
  });
}

}  // namespace wfctl
