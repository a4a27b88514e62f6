#pragma once

#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

extern const Statement kClosedRuns;
extern const Statement kDescribeRun;
extern const Statement kListRuns;
extern const Statement kListOpenRuns;
extern const Statement kListChildren;
extern const Statement kReadHistory;
extern const Statement kPendingActivities;

}  // namespace holdfast::store::postgres
