#include <iostream>
#include <memory>

#include "commands.hpp"
#include "exit_code.hpp"
#include "run_arguments.hpp"
#include "run_json.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using namespace std::chrono_literals;
using holdfast::client::ResultTimeoutError;
using holdfast::store::RunStatus;

constexpr holdfast::Duration kForEver = std::chrono::years(1);

int show_result(Session& session, std::string_view id, holdfast::Duration timeout) {
  const auto run = session.client().exact(find_run(session, id));
  const auto closed = session.client().wait_closed(run, timeout);
  if (!closed)
    throw ResultTimeoutError("workflow " + in_quotes(run.workflow_id) + " is still running after " + in_words(timeout));
  const bool completed = closed->status == RunStatus::completed;
  const std::string text = completed ? closed->result + "\n" : "";
  session.out().object(closed_run_json(run, *closed), run.run_id.to_string(), text);
  if (completed) return kOk;
  session.out().flush();
  std::cerr << "wfctl: workflow " << printable(in_quotes(run.workflow_id)) << " ended as " << to_string(closed->status);
  if (closed->failure) std::cerr << ": " << printable(describe(*closed->failure));
  std::cerr << "\n";
  return kRunUnsuccessful;
}

}  // namespace

void add_run_result(CLI::App& parent, Chosen& chosen) {
  struct Options {
    std::string id, timeout;
  };
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("result", "Wait for the end of a run and print its result");
  command->add_option("id", options->id, "Workflow id or run id")->required();
  command->add_option("--timeout", options->timeout,
                      "Give up after this long, such as 30s; 0s only looks (default: never)");
  command->footer(
      "Exit code 5 when the run failed, was canceled or terminated; 7 when it is still running.\n"
      "Example:\n  wfctl run result call-42 --timeout 30s");
  chosen.on(*command, [options](Session& session) {
    const auto timeout = options->timeout.empty() ? kForEver : parse_duration("--timeout", options->timeout);
    return show_result(session, options->id, timeout);
  });
}

}  // namespace wfctl
