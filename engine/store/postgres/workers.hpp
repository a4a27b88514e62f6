#pragma once

#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

extern const Statement kRegisterWorker;
extern const Statement kRenewLeases;
extern const Statement kReleaseWorker;
extern const Statement kTakeOverExpired;
extern const Statement kPeek;

}  // namespace holdfast::store::postgres
