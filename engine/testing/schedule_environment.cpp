#include <holdfast/testing/schedule_environment.hpp>

#include <algorithm>

#include <holdfast/core/codec.hpp>
#include <holdfast/worker/schedule_decisions.hpp>

namespace holdfast::testing {
namespace {

constexpr int kBatch = 1000;

}  // namespace

ScheduleEnvironment::ScheduleEnvironment(Timestamp start)
    : clock_(start),
      store_({.now = [this] { return clock_.now(); }}),
      worker_(store_.register_worker(
          {.identity = "test", .task_queues = {}, .version = "", .lease = std::chrono::days(36'000)})),
      lane_(store_.open_lane(worker_)) {}

ScheduleEnvironment::~ScheduleEnvironment() = default;

void ScheduleEnvironment::create(const std::string& id, const schedule::ScheduleDefinition& definition, Payload input) {
  schedule::validate_schedule_id(id);
  schedule::validate(definition);
  store::NewSchedule made;
  made.key.schedule_id = id;
  made.content.definition = encode(definition);
  made.content.input = std::move(input);
  made.content.remaining_actions = definition.limited_actions;
  if (!store_.schedules().create_schedule(made)) throw std::logic_error("schedule " + id + " exists already");
  if (std::ranges::find(queues_, definition.task_queue) == queues_.end()) queues_.push_back(definition.task_queue);
  fire();
}

store::ScheduleRow ScheduleEnvironment::describe(const std::string& id) {
  auto row = store_.schedules().describe_schedule({"default", id});
  if (!row) throw std::logic_error("there is no schedule " + id);
  return std::move(*row);
}

void ScheduleEnvironment::run_for(Duration length) {
  const Timestamp until = clock_.now() + length;
  fire();
  while (step(until)) {}
  clock_.advance_to(until);
  fire();
}

/// Does the next thing that is due until then; false: there is none.
bool ScheduleEnvironment::step(Timestamp until) {
  const auto due_in = store_.peek({}, {}).schedule_due_in;
  const Timestamp fires_at = due_in ? clock_.now() + *due_in : Timestamp::max();
  const Timestamp ends_at = endings_.empty() ? Timestamp::max() : endings_.begin()->first;
  if (std::min(fires_at, ends_at) > until) return false;
  clock_.advance_to(std::min(fires_at, ends_at));
  if (ends_at <= fires_at) {
    const auto ending = endings_.extract(endings_.begin()).mapped();
    end(ending.first, ending.second.fails ? store::RunStatus::failed : store::RunStatus::completed, ending.second);
  }
  fire();
  return true;
}

void ScheduleEnvironment::fire() {
  const auto new_id = [this](Timestamp now) {
    std::array<std::uint8_t, 10> random{};
    ++ids_;
    for (std::size_t i = 0; i < 8; ++i) random[9 - i] = static_cast<std::uint8_t>(ids_ >> (8 * i));
    return make_uuid_v7(std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()), random);
  };
  for (;;) {
    const auto report =
        store_.schedules().fire_schedules(kBatch, [&](Timestamp now, std::span<const store::DueSchedule> due) {
          return worker::decide_schedules(now, due, new_id);
        });
    note_terminations();
    take_up_new_runs();
    carry_out_cancellations();
    if (report.schedules == 0) return;
  }
}

void ScheduleEnvironment::take_up_new_runs() {
  auto step = lane_->begin_step();
  const auto claims = step->claim_runs({.task_queues = queues_, .limit = kBatch, .full_sweep = true});
  step->commit({});
  for (const auto& claim : claims) {
    runs_.push_back({.workflow_id = claim.workflow_id,
                     .run_id = claim.run_id,
                     .started_at = claim.started_at,
                     .input = claim.input,
                     .scheduled = decode_scheduled_by(claim.scheduled).value_or(ScheduledBy{})});
    const RunEnding ending = script_ ? script_(runs_.back()) : RunEnding{};
    if (ending.after) endings_.emplace(clock_.now() + *ending.after, std::pair(runs_.size() - 1, ending));
  }
}

/// A run that is asked to cancel ends as canceled, at once.
void ScheduleEnvironment::carry_out_cancellations() {
  auto step = lane_->begin_step();
  const auto messages = step->collect_messages();
  step->commit({});
  for (const auto& of_run : messages) {
    const auto run = std::ranges::find(runs_, of_run.run_id, &ScheduledRun::run_id);
    if (run == runs_.end() || run->ended_at) continue;
    std::vector<std::int64_t> consumed;
    for (const auto& message : of_run.messages) consumed.push_back(message.inbox_id);
    end(static_cast<std::size_t>(run - runs_.begin()), store::RunStatus::canceled, {}, std::move(consumed));
  }
}

void ScheduleEnvironment::note_terminations() {
  for (auto& run : runs_) {
    if (run.ended_at) continue;
    const std::vector<Uuid> id{run.run_id};
    const auto closed = store_.closed_runs(id);
    if (closed.empty()) continue;
    run.status = closed.front().status;
    run.ended_at = clock_.now();
  }
}

void ScheduleEnvironment::end(std::size_t index, store::RunStatus status, const RunEnding& ending,
                              std::vector<std::int64_t> consumed) {
  ScheduledRun& run = runs_[index];
  if (run.ended_at) return;
  store::RunCommit commit;
  commit.run_id = run.run_id;
  commit.at = clock_.now();
  commit.consumed = std::move(consumed);
  commit.next = store::NextState::closed;
  commit.status = status;
  std::vector<Event> events{event::WorkflowStarted{}};
  if (status == store::RunStatus::completed) {
    commit.result = ending.result;
    events.push_back(event::WorkflowCompleted{ending.result});
  } else if (status == store::RunStatus::failed) {
    commit.failure = Failure{};
    commit.failure->message = ending.result;
    events.push_back(event::WorkflowFailed{*commit.failure});
  } else {
    events.push_back(event::WorkflowCanceled{});
  }
  commit.events = encode_events(events);
  auto step = lane_->begin_step();
  store::CommitBatch batch;
  batch.runs.push_back(std::move(commit));
  step->commit(batch);
  run.status = status;
  run.ended_at = clock_.now();
  const std::vector<store::ScheduleKey> keys{{"default", run.scheduled.schedule_id}};
  store_.schedules().hurry_schedules(keys);
}

}  // namespace holdfast::testing
