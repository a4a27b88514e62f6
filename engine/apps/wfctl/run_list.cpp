#include <memory>

#include "commands.hpp"
#include "exit_code.hpp"
#include "run_arguments.hpp"
#include "run_json.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::store::ListFilter;

struct Options {
  std::string type, status, queue, id_prefix, since, until, parent;
  int limit = 20;
};

constexpr int kPage = 1000;

ListFilter filter_of(const Options& options, Session& session) {
  ListFilter filter;
  filter.namespace_ = session.options().namespace_;
  if (!options.type.empty()) filter.workflow_type = options.type;
  if (!options.queue.empty()) filter.task_queue = options.queue;
  if (!options.id_prefix.empty()) filter.workflow_id_prefix = options.id_prefix;
  if (!options.status.empty()) filter.status = holdfast::store::parse_run_status(options.status);
  if (!options.parent.empty()) {
    filter.parent_run_id = session.client().exact(find_run(session, options.parent)).run_id;
  }
  if (!options.since.empty() || !options.until.empty()) {
    const auto now = session.store().now();
    if (!options.since.empty()) filter.started_after = parse_when("--since", options.since, now);
    if (!options.until.empty()) filter.started_before = parse_when("--until", options.until, now);
  }
  return filter;
}

int list(Session& session, const Options& options) {
  auto filter = filter_of(options, session);
  ListOutput output(session.out(), {"STATUS", "WORKFLOW ID", "TYPE", "QUEUE", "STARTED", "TOOK", "RUN ID"});
  for (int left = options.limit; left > 0;) {
    filter.limit = std::min(left, kPage);
    const auto page = session.client().list(filter);
    for (const auto& run : page) {
      const std::string id = run.run_id.to_string();
      output.row({status_cell(run.status), run.workflow_id, run.workflow_type, run.task_queue,
                  short_time(run.started_at), run.closed_at ? in_words(*run.closed_at - run.started_at) : "", id},
                 run_members(run).str(), id);
    }
    if (std::cmp_less(page.size(), filter.limit)) break;
    filter.before = page.back().run_id;
    left -= filter.limit;
  }
  output.finish("no runs");
  return kOk;
}

}  // namespace

void add_run_list(CLI::App& parent, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = parent.add_subcommand("list", "List runs, newest first");
  command->add_option("--type", options->type, "Only this workflow type");
  command->add_option("--status", options->status, "Only this status")
      ->check(
          CLI::IsMember({"running", "completed", "failed", "canceled", "terminated", "continued_as_new", "timed_out"}));
  command->add_option("--queue", options->queue, "Only this task queue");
  command->add_option("--id-prefix", options->id_prefix, "Only workflow ids that begin so");
  command->add_option("--parent", options->parent, "Only the children of this run: workflow id or run id");
  command->add_option("--since", options->since, "Started since: a time (RFC 3339), or a length of time ago (24h)");
  command->add_option("--until", options->until, "Started before: likewise");
  command->add_option("--limit", options->limit, "At most this many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000'000));
  command->footer("Example:\n  wfctl run list --status failed --since 24h -o ids | wfctl run describe -");
  chosen.on(*command, [options](Session& session) { return list(session, *options); });
}

}  // namespace wfctl
