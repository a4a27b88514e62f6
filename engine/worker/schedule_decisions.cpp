#include <holdfast/worker/schedule_decisions.hpp>

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <holdfast/core/codec.hpp>
#include <holdfast/schedule/definition.hpp>
#include <holdfast/schedule/errors.hpp>
#include <holdfast/schedule/length.hpp>
#include <holdfast/schedule/planner.hpp>

namespace holdfast::worker {
namespace {

schedule::WatchedRun as_watched(const store::DueSchedule::Watched& run) {
  using State = schedule::WatchedRun::State;
  schedule::WatchedRun out{run.workflow_id, run.run_id, State::other};
  if (!run.status) return out;
  switch (*run.status) {
    case store::RunStatus::running:
    case store::RunStatus::continued_as_new: out.state = State::open; break;
    case store::RunStatus::completed: out.state = State::completed; break;
    case store::RunStatus::failed:
    case store::RunStatus::timed_out: out.state = State::failed; break;
    case store::RunStatus::canceled:
    case store::RunStatus::terminated: break;
  }
  return out;
}

// What one transaction starts and decides, over all of its schedules: whoever fires what piled up in an outage must get
// somewhere before it is killed again.
constexpr std::size_t kStartsPerBatch = 1000, kTicksPerBatch = 20'000;

store::ScheduleDecision decide(Timestamp now, const store::DueSchedule& due, std::size_t batch,
                               const std::function<Uuid(Timestamp)>& new_run_id) {
  const store::ScheduleRow& row = due.row;
  const auto definition = schedule::parse_definition(row.content.definition);
  schedule::validate(definition);
  schedule::PlanInput input{.schedule_id = row.key.schedule_id,
                            .definition = definition,
                            .state = holdfast::decode<schedule::ScheduleState>(row.state),
                            .requests = holdfast::decode<std::vector<schedule::ScheduleRequest>>(row.requests),
                            .watched = {},
                            .paused = row.paused,
                            .remaining_actions = row.content.remaining_actions,
                            .since = row.since,
                            .now = now,
                            .new_run_id = [&] { return new_run_id(now); },
                            .most_starts = std::clamp<std::size_t>(kStartsPerBatch / batch, 1, 100),
                            .most_ticks = static_cast<int>(std::clamp<std::size_t>(kTicksPerBatch / batch, 10, 1000))};
  for (const auto& run : due.watched) input.watched.push_back(as_watched(run));
  auto plan = schedule::plan(std::move(input));

  store::ScheduleDecision out;
  out.key = row.key;
  std::optional<Duration> timeout;
  if (!definition.execution_timeout.empty())
    timeout = schedule::parse_length("execution_timeout", definition.execution_timeout, Duration(1));
  for (auto& start : plan.starts)
    out.starts.push_back({.run_id = start.run_id,
                          .workflow_id = std::move(start.workflow_id),
                          .workflow_type = definition.workflow_type,
                          .task_queue = definition.task_queue,
                          .scheduled_at = start.scheduled_at,
                          .priority = definition.priority,
                          .execution_timeout = timeout,
                          .last_completed = start.last_completed,
                          .last_failed = start.last_failed});
  out.cancel = std::move(plan.cancel);
  out.terminate = std::move(plan.terminate);
  out.state = encode(plan.state);
  out.watched = std::move(plan.watch);
  out.next_at = plan.next_at;
  out.waiting = plan.waiting;
  out.paused = plan.paused;
  out.note = std::move(plan.note);
  out.remaining_actions = plan.remaining_actions;
  return out;
}

}  // namespace

store::ScheduleDecision set_aside(const store::ScheduleRow& row, std::string error) {
  store::ScheduleDecision out;
  out.key = row.key;
  out.state = row.state;
  out.watched = row.watched;
  out.paused = row.paused;
  out.error = std::move(error);
  out.remaining_actions = row.content.remaining_actions;
  return out;
}

std::vector<store::ScheduleDecision> decide_schedules(Timestamp now, std::span<const store::DueSchedule> due,
                                                      const std::function<Uuid(Timestamp)>& new_run_id) {
  std::vector<store::ScheduleDecision> out;
  out.reserve(due.size());
  for (const auto& schedule : due) {
    try {
      out.push_back(decide(now, schedule, due.size(), new_run_id));
    } catch (const schedule::SpecError& error) {
      out.push_back(set_aside(schedule.row, error.what()));
    } catch (const CodecError& error) {
      out.push_back(set_aside(schedule.row, std::string("its state cannot be read: ") + error.what()));
    }
  }
  return out;
}

Uuid random_run_id(Timestamp now) {
  std::array<std::uint8_t, 10> random;
  while (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
  return make_uuid_v7(std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()), random);
}

}  // namespace holdfast::worker
