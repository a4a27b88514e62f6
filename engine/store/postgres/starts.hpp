#pragma once

#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

extern const Statement kStartFreeRuns;
extern const Statement kStartRuns;
extern const Statement kStartRunsByPolicy;
extern const Statement kStartChildren;
extern const Statement kAdoptChildren;

}  // namespace holdfast::store::postgres
