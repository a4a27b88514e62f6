#include <chrono>
#include <stdexcept>

#include <holdfast/core/run.hpp>

#include "bench_workflows.hpp"
#include "scenario.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

holdfast::RunInfo info(std::int64_t steps) {
  return {.run_id = {},
          .workflow_id = "replay",
          .workflow_type = kChain.name,
          .task_queue = "default",
          .input = holdfast::encode(ChainInput{.steps = steps}),
          .started_at = {}};
}

/// The rows that a lane would have stored: one per step.
std::vector<holdfast::HistoryRow> record(const holdfast::WorkflowDefinition& definition, std::int64_t steps) {
  holdfast::Run run(definition, info(steps));
  std::vector<holdfast::HistoryRow> rows;
  holdfast::EventId next = 1;
  const std::string result = holdfast::encode(Text{std::string(188, 'x')});
  for (std::int64_t i = 0; i <= steps; ++i) {
    holdfast::Event input = holdfast::event::WorkflowStarted{};
    if (i > 0) input = holdfast::event::ActivityCompleted{static_cast<holdfast::CommandSeq>(i), result};
    std::vector<holdfast::Event> events{input};
    for (const auto& command : run.apply({}, input)) events.push_back(holdfast::to_event(command));
    rows.push_back({.first_event_id = next, .at = {}, .events = holdfast::encode_events(events)});
    next += static_cast<holdfast::EventId>(events.size());
  }
  return rows;
}

std::int64_t replay_once(const holdfast::WorkflowDefinition& definition, std::int64_t steps,
                         const std::vector<holdfast::HistoryRow>& rows) {
  holdfast::Run run(definition, info(steps));
  for (const auto& row : rows) run.replay(row.at, row.first_event_id, holdfast::decode_events(row.events));
  if (!run.closed()) throw std::runtime_error("the replayed run did not end");
  return run.next_event_id() - 1;
}

}  // namespace

Report replay(Bench& bench) {
  Report report{.scenario = "replay", .repeats = {}, .remarks = {}};
  report.remarks.emplace_back(
      "one thread, in memory: stored rows of a run of 5,000 steps with 200-byte results are decoded and "
      "replayed into the coroutine, every command compared");
  const auto definition = holdfast::define(kChain, chain);
  const std::int64_t steps = bench.settings.runs_or(5'000);
  const auto rows = record(definition, steps);
  for (int i = 0; i < bench.settings.repeat; ++i) {
    std::int64_t events = 0;
    const auto start = Clock::now();
    double seconds = 0;
    while (seconds < 1) {
      events += replay_once(definition, steps, rows);
      seconds = std::chrono::duration<double>(Clock::now() - start).count();
    }
    Figures figures;
    figures.set("events_per_s", static_cast<double>(events) / seconds);
    report.repeats.push_back(std::move(figures));
  }
  return report;
}

}  // namespace bench
