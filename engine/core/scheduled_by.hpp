#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <holdfast/core/event.hpp>
#include <holdfast/core/failure.hpp>
#include <holdfast/core/time.hpp>

namespace holdfast {

/// What a run knows of the schedule that started it. Written in the commit that starts the run and never changed, so
/// every replay sees the same.
struct ScheduledBy {
  std::string schedule_id;
  Timestamp scheduled_at;               ///< the tick's nominal time: what the run is *for*, however late it began
  Payload last_result;                  ///< of the last completed run of this schedule; empty: there was none
  std::optional<Failure> last_failure;  ///< of the run before, if it failed
};

/// From `runs.scheduled`; nullopt for an empty text. Throws HistoryError.
std::optional<ScheduledBy> decode_scheduled_by(std::string_view json);

}  // namespace holdfast
