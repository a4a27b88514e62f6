#include "commands.hpp"
#include "exit_code.hpp"
#include "json_object.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ",") + word;
  return out;
}

std::string to_json(const holdfast::store::WorkerDescription& worker) {
  return JsonObject()
      .number("worker_id", worker.id)
      .text("identity", worker.identity)
      .text("version", worker.version)
      .texts("task_queues", worker.task_queues)
      .flag("alive", worker.alive)
      .time("started_at", worker.started_at)
      .time("lease_until", worker.lease_until)
      .number("owned_runs", worker.owned_runs)
      .number("owned_activities", worker.owned_activities)
      .str();
}

int list(Session& session) {
  const auto now = session.store().now();
  ListOutput output(session.out(),
                    {"WORKER", "STATE", "IDENTITY", "QUEUES", "RUNS", "ACTIVITIES", "STARTED", "VERSION"});
  for (const auto& worker : session.store().list_workers()) {
    const Cell state = worker.alive ? Cell("alive", Colour::green) : Cell("lease ended", Colour::red);
    output.row({worker.id, state, worker.identity, joined(worker.task_queues), worker.owned_runs,
                worker.owned_activities, relative(worker.started_at, now), worker.version},
               to_json(worker), std::to_string(worker.id));
  }
  output.finish("no workers");
  return kOk;
}

}  // namespace

void add_worker_list(CLI::App& parent, Chosen& chosen) {
  auto* command = parent.add_subcommand("list", "List workers with their leases and what they own");
  chosen.on(*command, list);
}

}  // namespace wfctl
