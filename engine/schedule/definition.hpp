#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/schedule/spec.hpp>

namespace holdfast::schedule {

/// What happens at a tick while the run of an earlier one is still open.
BOOST_DEFINE_ENUM_CLASS(Overlap,
                        skip,             // nothing
                        buffer_one,       // start when it ends; at most one waits
                        buffer_all,       // start when it ends; up to 1,000 wait, one after the other
                        cancel_other,     // ask it to cancel, start when it ended
                        terminate_other,  // end it at once, start
                        allow_all)        // start beside it

/// Which of the ticks that nobody fired in time still fire (nobody was there; a tick is late after 10 s).
BOOST_DEFINE_ENUM_CLASS(CatchUp,
                        all,     // each, if it is not older than the catch-up window
                        latest,  // the last one, if it is not older than the window
                        none)    // none

/// A schedule as people define it: when, what, and how. The input, memo and search attributes of the runs are kept
/// beside it, as JSON text that nobody interprets.
struct ScheduleDefinition {
  ScheduleSpec spec;
  std::string workflow_type;
  std::string task_queue = "default";
  int priority = 3;               ///< 1 (first) to 5
  std::string execution_timeout;  ///< length such as "1h"; empty: none
  Overlap overlap = Overlap::skip;
  CatchUp catch_up = CatchUp::all;
  std::string catch_up_window = "365d";         ///< at least 10s
  bool pause_on_failure = false;                ///< after a run that failed or timed out
  std::optional<std::int64_t> limited_actions;  ///< this many runs, triggered ones not counted
};
BOOST_DESCRIBE_STRUCT(ScheduleDefinition, (),
                      (spec, workflow_type, task_queue, priority, execution_timeout, overlap, catch_up, catch_up_window,
                       pause_on_failure, limited_actions))

inline constexpr std::size_t kMaxScheduleIdBytes = 900;  ///< leaves room for the time in a workflow id
inline constexpr Duration kLeastCatchUpWindow = std::chrono::seconds(10);

/// Throws SpecError that names the field, its value and what is allowed.
void validate(const ScheduleDefinition& definition);
void validate_schedule_id(std::string_view id);

/// Reads a definition or a spec. What is absent keeps its default; an unknown member is an error. Throws SpecError
/// (`not a schedule: $.spec.cron[0] ...`). Does not validate.
ScheduleDefinition parse_definition(std::string_view json);
ScheduleSpec parse_spec(std::string_view json);

/// `{schedule-id}-{nominal time}`, such as "usage-2026-11-30T02:00:00Z".
std::string workflow_id_of(std::string_view schedule_id, Timestamp nominal);

}  // namespace holdfast::schedule
