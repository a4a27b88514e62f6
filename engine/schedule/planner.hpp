#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>
#include <holdfast/schedule/definition.hpp>

/// What a schedule does now: pure. Whoever calls plan() writes everything that it says, and the new state, in one
/// transaction; so no tick is lost and none is doubled, whatever dies.
namespace holdfast::schedule {

/// A start that waits for the end of the run before it.
struct BufferedStart {
  Timestamp at;  ///< nominal time
  Overlap overlap = Overlap::skip;
  bool manual = false;  ///< triggered or backfilled: allowed while paused, not counted as a limited action
};
BOOST_DESCRIBE_STRUCT(BufferedStart, (), (at, overlap, manual))

/// Ticks of the past that still have to be run.
struct Backfill {
  Timestamp from, to;  ///< both inclusive; `from` moves on
  std::optional<Overlap> overlap;
};
BOOST_DESCRIBE_STRUCT(Backfill, (), (from, to, overlap))

struct RecentAction {
  Timestamp scheduled_at, started_at;
  std::string workflow_id;
  Uuid run_id;
};
BOOST_DESCRIBE_STRUCT(RecentAction, (), (scheduled_at, started_at, workflow_id, run_id))

/// What a schedule remembers; stored as JSON.
struct ScheduleState {
  std::optional<Timestamp> done_through;  ///< ticks up to here were decided
  std::vector<BufferedStart> buffer;
  std::vector<Backfill> backfills;
  std::vector<RecentAction> recent;    ///< the last 10, oldest first
  std::optional<Uuid> last_completed;  ///< the run whose result the next one gets
  std::optional<Uuid> last_failed;     ///< the run whose failure it gets; reset by a completed one
  std::int64_t actions = 0;            ///< runs started
  std::int64_t missed_catch_up = 0;    ///< ticks that were too old; per outage at most 1,000 are counted
  std::int64_t overlap_skipped = 0;
  std::int64_t buffer_dropped = 0;
  int looks = 0;  ///< how often a full buffer was looked at in vain: the looks become rarer
};
BOOST_DESCRIBE_STRUCT(ScheduleState, (),
                      (done_through, buffer, backfills, recent, last_completed, last_failed, actions, missed_catch_up,
                       overlap_skipped, buffer_dropped, looks))

/// What somebody asked of a schedule; stored as JSON until it is fired next.
struct ScheduleRequest {
  std::optional<Timestamp> trigger;  ///< start one run with this nominal time
  std::optional<Backfill> backfill;
  std::optional<Overlap> overlap;  ///< of the trigger; empty: the schedule's
};
BOOST_DESCRIBE_STRUCT(ScheduleRequest, (), (trigger, backfill, overlap))

/// A run that the schedule started and waits for, as it stands now.
struct WatchedRun {
  enum class State : std::uint8_t { open, completed, failed, other };  ///< other: canceled, terminated
  std::string workflow_id;
  Uuid run_id;
  State state = State::open;
};

struct PlanInput {
  std::string schedule_id;
  const ScheduleDefinition& definition;
  ScheduleState state;
  std::vector<ScheduleRequest> requests;
  std::vector<WatchedRun> watched;
  bool paused = false;
  std::optional<std::int64_t> remaining_actions;
  Timestamp since;  ///< creation, last change of the definition, last resume: earlier ticks are of no concern
  Timestamp now;
  std::function<Uuid()> new_run_id;
  std::size_t most_starts = 100;  ///< by ticks, in this plan; what is left is the next plan's
  int most_ticks = 1000;          ///< decided in this plan
};

struct PlannedStart {
  Timestamp scheduled_at;
  std::string workflow_id;
  Uuid run_id;
  std::optional<Uuid> last_completed, last_failed;  ///< whose result and failure the run gets
};

struct Plan {
  std::vector<PlannedStart> starts;
  std::vector<std::string> cancel, terminate;  ///< workflow ids
  std::vector<std::string> watch;              ///< workflow ids to look at next time
  ScheduleState state;
  bool waiting = false;  ///< the end of a watched run is of interest at once
  bool paused = false;
  std::string note;  ///< not empty: why it was paused just now
  std::optional<std::int64_t> remaining_actions;
  std::optional<Timestamp> next_at;  ///< when to plan again; nullopt: when somebody changes or triggers it
};

/// Throws SpecError for a definition that is not valid.
Plan plan(PlanInput input);

}  // namespace holdfast::schedule
