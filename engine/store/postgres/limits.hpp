#pragma once

#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

extern const Statement kExplainLimits;

}  // namespace holdfast::store::postgres
