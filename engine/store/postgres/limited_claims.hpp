#pragma once

#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

extern const Statement kFindLimited;
extern const Statement kClaimLimited;
extern const Statement kRingLimits;

}  // namespace holdfast::store::postgres
