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
using holdfast::store::UpdateStage;

struct UpdateArguments {
  std::string id, name, update_id, wait = "completed", timeout;
  InputOptions input;
};

int send_update(Session& session, const UpdateArguments& arguments) {
  holdfast::client::UpdateOptions options;
  options.update_id = arguments.update_id;
  options.wait = UpdateStage::admitted;
  const auto timeout = arguments.timeout.empty() ? 30s : parse_duration("--timeout", arguments.timeout);
  const auto wanted = holdfast::store::parse_update_stage(arguments.wait);
  const auto& client = session.client();
  auto update = client.update_json(find_run(session, arguments.id), arguments.name, arguments.input.read(), options);
  bool reached = wanted == UpdateStage::admitted;
  if (!reached) {
    if (auto moved = client.wait_update(update, wanted, timeout)) {
      update = std::move(*moved);
      reached = true;
    }
  }
  const bool failed = update.failure.has_value();
  session.out().object(update_json(update), update.key.update_id,
                       failed                  ? ""
                       : update.result.empty() ? std::string(to_string(update.stage)) + "\n"
                                               : update.result + "\n");
  if (reached && !failed) return kOk;
  session.out().flush();
  std::cerr << "wfctl: update " << printable(in_quotes(update.key.update_id));
  if (!reached) {
    std::cerr << " is not " << arguments.wait << " after " << in_words(timeout) << "; it is " << to_string(update.stage)
              << "\n";
    return kTimeout;
  }
  std::cerr << (update.stage == UpdateStage::rejected ? " was rejected: " : " failed: ")
            << printable(describe(*update.failure)) << "\n";
  return update.failure->type == "WorkflowClosed" ? kConflict : kRunUnsuccessful;
}

}  // namespace

void add_run_update(CLI::App& parent, Chosen& chosen) {
  auto arguments = std::make_shared<UpdateArguments>();
  auto* command = parent.add_subcommand("update", "Send an update to an open run and wait for its answer");
  command->add_option("id", arguments->id, "Workflow id or run id")->required();
  command->add_option("name", arguments->name, "Update name")->required();
  command->add_option("--input", arguments->input.text, "What the update carries, as JSON text (default {})");
  command->add_option("--input-file", arguments->input.file, "File with it; - is standard input");
  command->add_option("--update-id", arguments->update_id,
                      "Idempotency key: the same id is the same update (default: a new one)");
  command->add_option("--wait", arguments->wait, "Until it is admitted, accepted or completed (default)")
      ->check(CLI::IsMember({"admitted", "accepted", "completed"}));
  command->add_option("--timeout", arguments->timeout, "Give up waiting after this long (default 30s); it goes on");
  command->footer(
      "Exit code 5 when the update was rejected or failed; 6 when the run has ended; 7 when it is not that far yet.\n"
      "Example:\n  wfctl run update account-7 deposit --input '{\"cents\":500}'");
  chosen.on(*command, [arguments](Session& session) { return send_update(session, *arguments); });
}

}  // namespace wfctl
