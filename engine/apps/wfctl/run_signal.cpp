#include <memory>

#include "commands.hpp"
#include "run_arguments.hpp"
#include "session.hpp"

namespace wfctl {

void add_run_signal(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::string id, name;
    InputOptions input;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("signal", "Send a signal to an open run");
  command->add_option("id", options->id, "Workflow id or run id; - reads ids from standard input")->required();
  command->add_option("name", options->name, "Signal name")->required();
  command->add_option("--input", options->input.text, "What the signal carries, as JSON text (default {})");
  command->add_option("--input-file", options->input.file, "File with it; - is standard input");
  command->footer("Example:\n  wfctl run signal order-7 approve --input '{\"by\":\"ana\"}'");
  chosen.on(*command, [options](Session& session) {
    if (options->id == "-" && options->input.file == "-")
      throw holdfast::store::InvalidArgument("ids and input cannot both come from standard input");
    const auto input = options->input.read();
    return for_each_run_done(session, {options->id}, "signaled", [&](const holdfast::store::RunKey& run) {
      session.client().signal_json(run, options->name, input);
    });
  });
}

}  // namespace wfctl
