#include "run_filter.hpp"

#include <iostream>

#include <unistd.h>

#include <holdfast/visibility/parse.hpp>

#include "run_arguments.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::store::InvalidArgument;
using holdfast::store::ListFilter;

constexpr int kPage = 1000;

/// On a terminal, by asking; elsewhere nobody could answer.
bool agrees(const std::string& question) {
  if (isatty(STDIN_FILENO) == 0)
    throw InvalidArgument(question +
                          ": nobody can answer this here; pass --yes. To look first: wfctl run list --filter");
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace

void RunFilter::add_options(CLI::App& command) {
  command.add_option("-q,--filter", filter,
                     "Only runs that match, such as: OrganizationId = 'o1' AND ExecutionStatus = 'Failed'");
  command.add_option("--type", type, "Only this workflow type");
  command.add_option("--status", status, "Only this status")
      ->check(
          CLI::IsMember({"running", "completed", "failed", "canceled", "terminated", "continued_as_new", "timed_out"}));
  command.add_option("--queue", queue, "Only this task queue");
  command.add_option("--id-prefix", id_prefix, "Only workflow ids that begin so");
  command.add_option("--parent", parent, "Only the children of this run: workflow id or run id");
  command.add_option("--since", since, "Started since: a time (RFC 3339), or a length of time ago (24h)");
  command.add_option("--until", until, "Started before: likewise");
}

ListFilter RunFilter::read(Session& session) const {
  ListFilter list;
  list.filter = holdfast::visibility::parse_filter(filter);
  list.namespace_ = session.options().namespace_;
  if (!type.empty()) list.workflow_type = type;
  if (!queue.empty()) list.task_queue = queue;
  if (!id_prefix.empty()) list.workflow_id_prefix = id_prefix;
  if (!status.empty()) list.status = holdfast::store::parse_run_status(status);
  if (!parent.empty()) list.parent_run_id = session.client().exact(find_run(session, parent)).run_id;
  if (!since.empty() || !until.empty()) {
    const auto now = session.store().now();
    if (!since.empty()) list.started_after = parse_when("--since", since, now);
    if (!until.empty()) list.started_before = parse_when("--until", until, now);
  }
  return list;
}

void RunSelection::add_options(CLI::App& command, const std::string& verb) {
  command.add_option("-q,--filter", filter, "Instead of ids: " + verb + " every open run that matches");
  command.add_flag("--yes", yes, "With --filter: do not ask");
}

std::vector<std::string> RunSelection::read(Session& session, const std::string& verb) const {
  if (filter.empty()) {
    if (ids.empty()) throw InvalidArgument("which runs? Give ids, - for ids from standard input, or --filter");
    return ids;
  }
  if (!ids.empty()) throw InvalidArgument("give ids or --filter, not both");
  ListFilter list;
  list.namespace_ = session.options().namespace_;
  list.filter = holdfast::visibility::parse_filter(filter);
  list.status = holdfast::store::RunStatus::running;
  list.limit = kPage;
  const auto count = session.client().count(list).total;
  if (count == 0) {
    std::cerr << "wfctl: no open run matches\n";
    return {};
  }
  if (!yes && !agrees(verb + " " + counted(count, "open run"))) return {};
  std::vector<std::string> chosen;
  for (;;) {
    const auto page = session.client().list(list);
    for (const auto& run : page) chosen.push_back(run.run_id.to_string());
    if (page.size() < kPage) return chosen;
    list.before = page.back().run_id;
  }
}

}  // namespace wfctl
