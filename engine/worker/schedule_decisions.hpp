#pragma once

#include <functional>
#include <span>
#include <vector>

#include <holdfast/store/schedule_store.hpp>

namespace holdfast::worker {

/// What becomes of due schedules: schedule::plan() between the store's rows and its decisions. A schedule that cannot
/// be read or is not valid gets an error and is left alone until somebody changes it; the others do not suffer.
/// `new_run_id` is given the database's time.
std::vector<store::ScheduleDecision> decide_schedules(Timestamp now, std::span<const store::DueSchedule> due,
                                                      const std::function<Uuid(Timestamp)>& new_run_id);

/// Leaves the schedule as it is, with an error.
store::ScheduleDecision set_aside(const store::ScheduleRow& row, std::string error);

/// A UUIDv7 of that time.
Uuid random_run_id(Timestamp now);

}  // namespace holdfast::worker
