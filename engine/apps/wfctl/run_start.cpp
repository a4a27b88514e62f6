#include <memory>

#include <holdfast/client/uuid_generator.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "run_arguments.hpp"
#include "run_json.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::client::StartRequest;
using holdfast::store::IdConflictPolicy;
using holdfast::store::IdReusePolicy;

struct Options {
  std::string type, id, queue, delay, timeout, memo, attributes;
  InputOptions input;
  int priority = 3;
  IdReusePolicy reuse = IdReusePolicy::allow_duplicate;
  IdConflictPolicy conflict = IdConflictPolicy::fail;
};

const std::map<std::string, IdReusePolicy> kReusePolicies{
    {"allow_duplicate", IdReusePolicy::allow_duplicate},
    {"allow_duplicate_failed_only", IdReusePolicy::allow_duplicate_failed_only},
    {"reject_duplicate", IdReusePolicy::reject_duplicate}};
const std::map<std::string, IdConflictPolicy> kConflictPolicies{
    {"fail", IdConflictPolicy::fail},
    {"use_existing", IdConflictPolicy::use_existing},
    {"terminate_existing", IdConflictPolicy::terminate_existing}};

StartRequest request_of(const Options& options) {
  StartRequest request{
      .workflow_type = options.type, .workflow_id = options.id, .input = options.input.read(), .options = {}};
  if (request.workflow_id.empty()) request.workflow_id = options.type + "-" + holdfast::client::new_uuid().to_string();
  auto& start = request.options;
  start.task_queue = options.queue;
  start.priority = options.priority;
  start.reuse = options.reuse;
  start.conflict = options.conflict;
  start.memo = options.memo;
  start.search_attributes = options.attributes;
  if (!options.delay.empty()) start.start_delay = parse_duration("--delay", options.delay);
  if (!options.timeout.empty()) start.execution_timeout = parse_duration("--execution-timeout", options.timeout);
  return request;
}

int start(Session& session, const Options& options) {
  const auto request = request_of(options);
  const auto started = session.client().start_json(request);
  const std::string run_id = started.run.run_id.to_string();
  const auto json = JsonObject()
                        .text("run_id", run_id)
                        .text("workflow_id", started.run.workflow_id)
                        .text("outcome", started.existing ? "used_existing" : "started")
                        .str();
  const std::string text = std::string(started.existing ? "already running" : "started") + "  " +
                           printable(started.run.workflow_id) + "  run " + run_id + "\n";
  session.out().object(json, run_id, text);
  return kOk;
}

}  // namespace

void add_run_start(CLI::App& parent, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("start", "Start a run");
  command->add_option("type", options->type, "Workflow type")->required();
  command->add_option("--id", options->id, "Workflow id; made up from the type when not given");
  command->add_option("--input", options->input.text, "Input as JSON text (default {})");
  command->add_option("--input-file", options->input.file, "File with the input; - is standard input");
  command->add_option("--queue", options->queue, "Task queue (default: default)");
  command->add_option("--priority", options->priority, "1 (first) to 5")
      ->capture_default_str()
      ->check(CLI::Range(1, 5));
  command->add_option("--delay", options->delay, "Not before this long from now, such as 10m");
  command->add_option("--execution-timeout", options->timeout, "End the run after this long, such as 24h");
  command->add_option("--reuse", options->reuse, "When a closed run has the id")
      ->transform(CLI::CheckedTransformer(kReusePolicies)
                      .description("allow_duplicate|allow_duplicate_failed_only|reject_duplicate"));
  command->add_option("--conflict", options->conflict, "When an open run has the id")
      ->transform(CLI::CheckedTransformer(kConflictPolicies).description("fail|use_existing|terminate_existing"));
  command->add_option("--memo", options->memo, "JSON object kept with the run");
  command->add_option("--search-attributes", options->attributes, "JSON object kept with the run, for queries");
  command->footer(
      "Example:\n  wfctl run start CallStarted --id call-42-started --queue calls --input '{\"call_id\":\"42\"}'");
  chosen.on(*command, [options](Session& session) { return start(session, *options); });
}

}  // namespace wfctl
