#pragma once

#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

extern const Statement kClaimSchedules;
extern const Statement kWatchedRuns;
extern const Statement kStartScheduled;
extern const Statement kAdvanceSchedules;
extern const Statement kNextSchedule;
extern const Statement kRequestSchedule;
extern const Statement kHurrySchedules;
extern const Statement kDescribeSchedule;
extern const Statement kListSchedules;

}  // namespace holdfast::store::postgres
