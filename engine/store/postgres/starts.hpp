#pragma once

#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

extern const Statement kStartRuns;
extern const Statement kStartRunsByPolicy;

}  // namespace holdfast::store::postgres
