#pragma once

#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

extern const Statement kAskQuery;
extern const Statement kReadAnswers;
extern const Statement kWithdrawQuery;
extern const Statement kClaimQueries;
extern const Statement kAnswerQueries;
extern const Statement kForgetQueries;

}  // namespace holdfast::store::postgres
