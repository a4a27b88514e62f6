#pragma once

#include <pqxx/row>

#include <holdfast/store/postgres/statement.hpp>
#include <holdfast/store/types.hpp>

namespace holdfast::store::postgres {

extern const Statement kClosedRuns;
extern const Statement kDescribeRun;
extern const Statement kReadHistory;
extern const Statement kPendingActivities;

/// The columns of a row `r` of holdfast.runs that read_summary reads, from the first on.
extern const char* const kSummaryColumns;
RunSummary read_summary(const pqxx::row& row);

}  // namespace holdfast::store::postgres
