#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/core/scheduled_by.hpp>
#include <holdfast/schedule/definition.hpp>
#include <holdfast/store/memory/manual_clock.hpp>
#include <holdfast/store/memory/memory_store.hpp>

namespace holdfast::testing {

/// A run that a schedule started.
struct ScheduledRun {
  std::string workflow_id;
  Uuid run_id;
  Timestamp started_at;
  Payload input;
  ScheduledBy scheduled;
  store::RunStatus status = store::RunStatus::running;
  std::optional<Timestamp> ended_at;
};

/// How a run ends, in a test of schedules.
struct RunEnding {
  std::optional<Duration> after = Duration(0);  ///< nullopt: never by itself
  bool fails = false;
  Payload result = "{}";  ///< or, if it fails, the message of its failure
};

/// Schedules on a clock that jumps: fires them exactly as a worker does, and lets the runs that they start take as
/// long, and end, as the test says. For definitions, overlaps and catch-up; the workflow itself is tested with
/// Environment (EnvironmentOptions::scheduled is what it sees). Not thread-safe; no thread is started.
///
///     ScheduleEnvironment env;
///     env.on_run([](const ScheduledRun&) { return RunEnding{.after = 90min}; });
///     env.create("hourly", definition);
///     env.run_for(24h);
///     EXPECT_EQ(env.runs().size(), 12u);
class ScheduleEnvironment {
 public:
  explicit ScheduleEnvironment(Timestamp start = Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)));
  ~ScheduleEnvironment();
  ScheduleEnvironment(const ScheduleEnvironment&) = delete;

  /// Called at each start; without it runs complete at once.
  void on_run(std::function<RunEnding(const ScheduledRun&)> script) { script_ = std::move(script); }

  /// Throws schedule::SpecError.
  void create(const std::string& id, const schedule::ScheduleDefinition& definition, Payload input = "{}");
  /// What clients do otherwise: pause, update, request ...
  store::ScheduleStore& schedules() { return store_.schedules(); }
  store::ScheduleRow describe(const std::string& id);

  /// Lets `length` pass with everything that is due in it.
  void run_for(Duration length);
  /// Lets `length` pass while nobody fires: an outage. Runs that are open do not end meanwhile.
  void outage(Duration length) { clock_.advance(length); }

  Timestamp now() const { return clock_.now(); }
  /// In the order of their starts.
  const std::vector<ScheduledRun>& runs() const { return runs_; }

 private:
  bool step(Timestamp until);
  void fire();
  void take_up_new_runs();
  void carry_out_cancellations();
  void note_terminations();
  void end(std::size_t run, store::RunStatus status, const RunEnding& ending, std::vector<std::int64_t> consumed = {});

  store::ManualClock clock_;
  store::MemoryStore store_;
  store::WorkerId worker_;
  std::unique_ptr<store::LaneSession> lane_;
  std::function<RunEnding(const ScheduledRun&)> script_;
  std::vector<ScheduledRun> runs_;
  std::multimap<Timestamp, std::pair<std::size_t, RunEnding>> endings_;
  std::vector<std::string> queues_;
  std::uint64_t ids_ = 0;
};

}  // namespace holdfast::testing
