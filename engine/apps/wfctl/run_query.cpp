#include <memory>

#include "commands.hpp"
#include "json_object.hpp"
#include "run_arguments.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {

void add_run_query(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::string id, name, timeout;
    InputOptions input;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("query", "Ask a run, open or closed, about itself");
  command->add_option("id", options->id, "Workflow id or run id")->required();
  command->add_option("name", options->name, "Query name; __waiting_for is answered by every run")->required();
  command->add_option("--input", options->input.text, "What the query carries, as JSON text (default {})");
  command->add_option("--input-file", options->input.file, "File with it; - is standard input");
  command->add_option("--timeout", options->timeout, "Give up after this long (default 10s)");
  command->footer(
      "Exit code 5 when the run's code gave no answer; 7 when nobody answered in time.\n"
      "Example:\n  wfctl run query account-7 balance");
  chosen.on(*command, [options](Session& session) {
    using namespace std::chrono_literals;
    const auto timeout = options->timeout.empty() ? 10s : parse_duration("--timeout", options->timeout);
    const auto run = find_run(session, options->id);
    const auto answer = session.client().query_json(run, options->name, options->input.read(), timeout);
    session.out().object(JsonObject().text("id", options->id).text("query", options->name).json("answer", answer).str(),
                         options->id, answer + "\n");
    return 0;
  });
}

}  // namespace wfctl
