#include <memory>

#include "commands.hpp"
#include "run_arguments.hpp"
#include "run_filter.hpp"
#include "session.hpp"

namespace wfctl {

void add_run_signal(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::string id, name;
    RunSelection runs;
    InputOptions input;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("signal", "Send a signal to an open run");
  command->add_option("id", options->id, "Workflow id or run id; - reads ids from standard input");
  command->add_option("name", options->name, "Signal name");
  options->runs.add_options(*command, "signal");
  command->add_option("--input", options->input.text, "What the signal carries, as JSON text (default {})");
  command->add_option("--input-file", options->input.file, "File with it; - is standard input");
  command->footer("Example:\n  wfctl run signal order-7 approve --input '{\"by\":\"ana\"}'");
  chosen.on(*command, [options](Session& session) {
    if (options->id == "-" && options->input.file == "-")
      throw holdfast::store::InvalidArgument("ids and input cannot both come from standard input");
    const auto input = options->input.read();
    // With --filter there is no id, so the first word is the name.
    auto runs = options->runs;
    const bool named = runs.filter.empty() || !options->name.empty();
    if (named && !options->id.empty()) runs.ids = {options->id};
    const auto& name = named ? options->name : options->id;
    if (name.empty()) throw holdfast::store::InvalidArgument("which signal? Give its name");
    return for_each_run_done(
        session, runs.read(session, "Signal"), "signaled",
        [&](const holdfast::store::RunKey& run) { session.client().signal_json(run, name, input); });
  });
}

}  // namespace wfctl
