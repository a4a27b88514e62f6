#pragma once

#include <holdfast/store/postgres/statement.hpp>

namespace holdfast::store::postgres {

extern const Statement kCheckOwned;
extern const Statement kAppendHistory;
extern const Statement kConsumeMessages;
extern const Statement kEndTasks;
extern const Statement kWriteTasks;
extern const Statement kCancelTasks;
extern const Statement kCloseRuns;
extern const Statement kParkRuns;

}  // namespace holdfast::store::postgres
