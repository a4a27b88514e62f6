#include <map>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_object.hpp"
#include "session.hpp"
#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::store::LimitRule;
using holdfast::store::QueueDescription;

/// The limits of all queues, by queue.
std::map<std::string, LimitRule> limits_of_queues(Session& session) {
  std::map<std::string, LimitRule> out;
  holdfast::store::LimitFilter filter{.scope = holdfast::store::LimitScope::queue, .limit = 1000, .counts = false};
  for (;;) {
    const auto page = session.store().limits().list_limits(filter);
    for (const auto& row : page) out[row.content.limit.name] = row.content.rule;
    if (std::cmp_less(page.size(), filter.limit)) return out;
    filter.after = page.back().content.limit;
  }
}

std::string limit_in_words(const LimitRule& rule) {
  std::string out = rule.max_concurrent ? std::to_string(*rule.max_concurrent) + " at once" : "";
  if (rule.rate) out += (out.empty() ? "" : ", ") + std::to_string(*rule.rate) + " per " + in_words(rule.per);
  return out;
}

std::string to_json(const QueueDescription& queue, const LimitRule* limit) {
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
  const auto number = [&](const char* name, const std::optional<int>& value) {
    json.json(name, value ? std::to_string(*value) : "");
  };
  json.number("workers", queue.workers);
  number("max_concurrent", limit ? limit->max_concurrent : std::nullopt);
  number("rate", limit ? limit->rate : std::nullopt);
  return json.json("rate_per_us", limit && limit->rate ? std::to_string(limit->per.count()) : "").str();
}

int list(Session& session) {
  ListOutput output(session.out(),
                    {"QUEUE", "WORKERS", "READY", "OLDEST", "OWNED", "PARKED", "ACTIVITIES DUE", "RUNNING", "LIMIT"});
  const auto limits = limits_of_queues(session);
  for (const auto& queue : session.store().list_queues()) {
    const auto found = limits.find(queue.task_queue);
    const auto* limit = found == limits.end() ? nullptr : &found->second;
    const bool starved = queue.workers == 0 && queue.ready_runs + queue.waiting_activities > 0;
    output.row(
        {Cell(queue.task_queue, starved ? Colour::red : Colour::plain), std::int64_t{queue.workers}, queue.ready_runs,
         queue.oldest_ready_age ? in_words(*queue.oldest_ready_age) : "", queue.owned_runs, queue.parked_runs,
         queue.waiting_activities, queue.running_activities, limit ? limit_in_words(*limit) : ""},
        to_json(queue, limit), queue.task_queue);
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
