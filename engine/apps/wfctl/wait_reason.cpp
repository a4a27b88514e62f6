#include "wait_reason.hpp"

#include <algorithm>

#include "words.hpp"

namespace wfctl {
namespace {

using holdfast::Timestamp;
using holdfast::store::PendingActivity;
using holdfast::store::RunDescription;
using holdfast::store::WorkerDescription;
using holdfast::store::WorkerId;
using Workers = std::vector<WorkerDescription>;

std::string at(Timestamp t, Timestamp now) { return short_time(t) + " UTC (" + relative(t, now) + ")"; }

std::string worker_words(WorkerId id, const Workers& workers, Timestamp now) {
  const auto found = std::ranges::find(workers, id, &WorkerDescription::id);
  const std::string name = "worker " + std::to_string(id);
  if (found == workers.end()) return name + ", which is not registered: its runs wait for a takeover";
  const std::string who = name + " (" + found->identity + ")";
  if (found->alive) return who + ", lease until " + at(found->lease_until, now);
  return who + ", whose lease ended " + relative(found->lease_until, now) + ": its runs wait for a takeover";
}

std::string activity_words(const PendingActivity& task, const OpenRun& open) {
  std::string out = "activity " + task.activity + " (#" + std::to_string(task.seq) + ")";
  const std::string of = task.max_attempts > 0 ? " of " + std::to_string(task.max_attempts) : "";
  const auto attempt = [&](int number) { return "attempt " + std::to_string(number) + of; };
  if (task.owner != 0) {
    out += ": " + attempt(task.attempt) + " runs at " + worker_words(task.owner, open.workers, open.now);
  } else if (task.next_attempt_at && *task.next_attempt_at > open.now) {
    out += ": " + attempt(task.attempt + 1) + " starts at " + at(*task.next_attempt_at, open.now);
  } else {
    std::string limits;
    for (const auto& limit : task.waits_for_limit) limits += (limits.empty() ? "" : " and ") + limit;
    out += ": " + attempt(task.attempt + 1) + " is due and waits for " +
           (limits.empty() ? "a worker of queue " + task.task_queue : limits);
    if (!is_served(open.workers, task.task_queue)) out += "; no live worker serves that queue";
  }
  if (task.last_failure) out += "; last error: " + describe(*task.last_failure);
  return out;
}

std::string update_words(const holdfast::store::UpdateState& update, Timestamp now) {
  const std::string what = "update " + update.name + " (" + update.key.update_id + "): ";
  if (!update.accepted_at) return what + "admitted " + relative(update.admitted_at, now) + ", waits to be taken up";
  return what + "accepted " + relative(*update.accepted_at, now) + ", its handler is at work";
}

std::string place_words(const OpenRun& open) {
  const auto& run = open.run;
  const std::string waiting = run.waiting_for.empty() ? "" : run.waiting_for;
  if (run.owner != 0) return "owned by " + worker_words(run.owner, open.workers, open.now);
  if (run.unread_messages > 0 && (!run.ready_at || *run.ready_at > open.now))
    return "has unread messages but is not due: the doorbell was lost (run `wfctl doctor`)";
  if (!run.ready_at) return "waits for " + (waiting.empty() ? "a message" : waiting);
  if (*run.ready_at > open.now)
    return "waits for " + (waiting.empty() ? "its time" : waiting) + ", due " + at(*run.ready_at, open.now);
  return "ready since " + at(*run.ready_at, open.now) + ", waits for a worker of queue " + run.summary.task_queue;
}

}  // namespace

bool is_served(const Workers& workers, std::string_view task_queue) {
  return std::ranges::any_of(workers, [&](const WorkerDescription& worker) {
    return worker.alive && std::ranges::find(worker.task_queues, task_queue) != worker.task_queues.end();
  });
}

std::vector<std::string> why_it_waits(const OpenRun& open) {
  std::vector<std::string> reasons;
  const RunDescription& run = open.run;
  if (run.summary.status != holdfast::store::RunStatus::running) return reasons;
  if (run.quarantined)
    reasons.push_back("quarantined: " +
                      (run.waiting_for.empty() ? "its workers died again and again" : run.waiting_for));
  else
    reasons.push_back(place_words(open));
  if (run.task_failures > 0)
    reasons.push_back("its code fails: " + counted(run.task_failures, "workflow task") +
                      " in a row failed; last error: " + run.task_failure);
  for (const auto& task : open.activities) reasons.push_back(activity_words(task, open));
  for (const auto& update : open.updates) reasons.push_back(update_words(update, open.now));
  if (run.unread_messages > 0) reasons.push_back(counted(run.unread_messages, "unread message"));
  if (!is_served(open.workers, run.summary.task_queue))
    reasons.push_back("no live worker serves queue " + run.summary.task_queue);
  return reasons;
}

}  // namespace wfctl
