#include <memory>

#include "commands.hpp"
#include "exit_code.hpp"
#include "run_filter.hpp"
#include "run_json.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

struct Options {
  RunFilter filter;
  int limit = 20;
};

constexpr int kPage = 1000;

int list(Session& session, const Options& options) {
  auto filter = options.filter.read(session);
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
  options->filter.add_options(*command);
  command->add_option("--limit", options->limit, "At most this many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000'000));
  command->footer(
      "Examples:\n  wfctl run list -q \"OrganizationId = 'o1' AND ExecutionStatus = 'Failed'\" --since 24h\n"
      "  wfctl run list --status failed --since 24h -o ids | wfctl run describe -");
  chosen.on(*command, [options](Session& session) { return list(session, *options); });
}

}  // namespace wfctl
