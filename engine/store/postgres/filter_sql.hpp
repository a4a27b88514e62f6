#pragma once

#include <string>

#include <holdfast/store/postgres/parameters.hpp>
#include <holdfast/visibility/filter.hpp>

namespace holdfast::store::postgres {

/// A filter as a condition on a row `r` of holdfast.runs that is true for exactly the runs that match (it may be null
/// instead of false). Every value and every attribute's name becomes a parameter, appended to `parameters`.
std::string filter_sql(const visibility::Filter& filter, Parameters& parameters);

/// What runs are counted by, as jsonb.
std::string group_sql(const visibility::Column& column, Parameters& parameters);

/// True if only open runs can match: then the few rows of live_runs are the better place to begin.
bool wants_open_runs(const visibility::Filter& filter);

}  // namespace holdfast::store::postgres
