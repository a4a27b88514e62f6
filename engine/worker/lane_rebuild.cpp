#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include <holdfast/core/json_reader.hpp>
#include <holdfast/worker/contains.hpp>
#include <holdfast/worker/lane.hpp>
#include <holdfast/worker/messages.hpp>

namespace holdfast::worker {
namespace {

/// What somebody outside said: it goes before outcomes, so that a run that ends on one of them has seen it.
bool is_said(const PendingInput& input) {
  return std::holds_alternative<event::WorkflowSignaled>(input.event) ||
         std::holds_alternative<event::WorkflowUpdateAccepted>(input.event) ||
         std::holds_alternative<event::WorkflowCancelRequested>(input.event);
}

/// The id of the next event; 0: what is there cannot be read.
EventId end_of(const std::vector<HistoryRow>& history) {
  if (history.empty()) return 1;
  try {
    EventId count = 0;
    JsonReader in(history.back().events);
    in.array([&] {
      in.skip();
      ++count;
    });
    return history.back().first_event_id + count;
  } catch (const std::exception&) {
    return 0;
  }
}

}  // namespace

void Lane::rebuild(Batch& batch, store::StepTransaction& transaction, std::vector<LiveRun*> runs) {
  std::vector<Uuid> ids;
  for (const auto* live : runs) ids.push_back(live->info.run_id);
  const auto states = transaction.load_runs(ids);
  for (auto* live : runs) {
    const auto run_id = live->info.run_id;
    const auto state = std::ranges::find(states, run_id, &store::RunState::run_id);
    if (state != states.end()) {
      rebuild(batch, *live, *state);
      continue;
    }
    // Somebody else's by now, or over: forget it, and whatever still runs for it.
    std::erase(batch.runs, live);
    for (const auto& [seq, attempt] : live->local) env_.pool.cancel({run_id, seq, 1}, worker_id_);
    owned_.erase(run_id);
  }
}

void Lane::rebuild(Batch& batch, LiveRun& live, const store::RunState& state) {
  ++env_.stats.runs_replayed;
  // Messages are read again, and children whose start is not recorded are started again (which changes nothing then).
  std::erase_if(live.inputs, [](const PendingInput& input) {
    return input.inbox_id != 0 || std::holds_alternative<event::ChildWorkflowStarted>(input.event) ||
           std::holds_alternative<event::ChildWorkflowStartFailed>(input.event);
  });
  live.next_inputs.clear();
  live.to_start.clear();
  adopt_messages(live, state.messages);
  live.waiting.clear();
  live.unrecorded.clear();
  live.to_schedule.clear();
  live.to_resume.clear();
  live.fresh = state.history.empty();
  live.next_event = 0;
  const auto* definition = env_.registry.workflow(live.info.workflow_type);
  if (!definition) {
    live.next_event = end_of(state.history);
    return;
  }
  live.run = std::make_unique<Run>(*definition, info_of(live));
  try {
    for (const auto& row : state.history) live.run->replay(row.at, row.first_event_id, decode_events(row.events));
    live.unrecorded = live.run->take_unrecorded();
  } catch (const std::exception& e) {
    live.run.reset();
    live.next_event = end_of(state.history);
    live.refused = e.what();
    return;
  } catch (...) {
    live.run.reset();
    live.next_event = end_of(state.history);
    live.refused = "the workflow threw something that is not a std::exception";
    return;
  }
  std::erase_if(live.inputs, [&live](const PendingInput& input) {
    const auto seq = outcome_seq(input.event);
    return seq != 0 && input.inbox_id == 0 && !live.run->is_open(seq);
  });
  restore_activities(live, state);
  push_timers(batch, live);
}

void Lane::restore_activities(LiveRun& live, const store::RunState& state) {
  std::erase_if(live.new_tasks, [&](const store::NewActivityTask& task) { return !live.run->is_open(task.seq); });
  live.to_start = live.run->take_unstarted_children();
  // A run may have very many of each.
  std::unordered_map<CommandSeq, const store::TaskState*> rows;
  for (const auto& task : state.tasks) rows[task.seq] = &task;
  std::unordered_set<CommandSeq> ended;
  for (const auto& input : live.inputs) ended.insert(outcome_seq(input.event));
  for (auto& command : live.run->take_undispatched()) {
    const auto seq = command.seq;
    const bool known =
        live.local.contains(seq) || ended.contains(seq) || contains(live.new_tasks, seq, &store::NewActivityTask::seq);
    const auto found = rows.find(seq);
    const auto* row = found == rows.end() ? nullptr : found->second;
    if (row && row->transactional) {
      live.waiting[seq] = {std::move(command), row->attempt, row->scheduled_at, row->ready_at};
    } else if (!row && !known) {
      live.to_schedule.push_back(std::move(command));
    } else if (row && row->owner == worker_id_ && row->attempt == 1 && !known && live.in_doubt.contains(seq)) {
      // Recorded as begun on this lane, and never begun: the commit that said so was in doubt.
      live.to_resume.push_back(std::move(command));
    }
  }
}

void Lane::push_timers(Batch& batch, const LiveRun& live) {
  if (live.info.deadline) batch.timers.push_back({*live.info.deadline, live.info.run_id, 0, TimerKind::deadline});
  for (const auto& timer : live.run->pending_timers())
    batch.timers.push_back({timer.fire_at, live.info.run_id, timer.seq, TimerKind::timer});
  for (const auto& [seq, entry] : live.waiting)
    batch.timers.push_back({entry.due, live.info.run_id, seq, TimerKind::transactional});
}

void Lane::adopt_messages(LiveRun& live, const std::vector<store::Message>& messages) {
  for (const auto& message : messages) {
    if (contains(live.inputs, message.inbox_id, &PendingInput::inbox_id)) continue;
    PendingInput input{event_of(message), message.inbox_id};
    const auto place = is_said(input) ? std::ranges::find_if_not(live.inputs, is_said) : live.inputs.end();
    live.inputs.insert(place, std::move(input));
  }
}

}  // namespace holdfast::worker
