#include "commands.hpp"
#include "exit_code.hpp"
#include "json_object.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::store::QueueDescription;

std::string to_json(const QueueDescription& queue) {
  JsonObject json;
  json.text("task_queue", queue.task_queue)
      .number("ready_runs", queue.ready_runs)
      .number("parked_runs", queue.parked_runs)
      .number("owned_runs", queue.owned_runs)
      .number("waiting_activities", queue.waiting_activities)
      .number("running_activities", queue.running_activities);
  if (queue.oldest_ready_age)
    json.number("oldest_ready_age_us", queue.oldest_ready_age->count());
  else
    json.json("oldest_ready_age_us", "");
  return json.number("workers", queue.workers).str();
}

int list(Session& session) {
  ListOutput output(session.out(),
                    {"QUEUE", "WORKERS", "READY", "OLDEST", "OWNED", "PARKED", "ACTIVITIES DUE", "RUNNING"});
  for (const auto& queue : session.store().list_queues()) {
    const bool starved = queue.workers == 0 && queue.ready_runs + queue.waiting_activities > 0;
    output.row({Cell(queue.task_queue, starved ? Colour::red : Colour::plain), std::int64_t{queue.workers},
                queue.ready_runs, queue.oldest_ready_age ? in_words(*queue.oldest_ready_age) : "", queue.owned_runs,
                queue.parked_runs, queue.waiting_activities, queue.running_activities},
               to_json(queue), queue.task_queue);
  }
  output.finish("no queues: nothing is open and no worker is registered");
  return kOk;
}

}  // namespace

void add_queue_list(CLI::App& parent, Chosen& chosen) {
  auto* command = parent.add_subcommand("list", "List task queues: backlog, age, workers that serve them");
  chosen.on(*command, list);
}

}  // namespace wfctl
