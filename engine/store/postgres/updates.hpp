#pragma once

#include <holdfast/store/postgres/families.hpp>
#include <holdfast/store/postgres/statement.hpp>
#include <holdfast/store/types.hpp>

/// Updates of runs: sending, reading, and what a step does to them.
namespace holdfast::store::postgres {

extern const Statement kSendUpdate;
extern const Statement kReadUpdates;
extern const Statement kOpenUpdates;
extern const Statement kWriteUpdates;
extern const Statement kEndUpdates;

/// No statement for a batch without updates.
void write_updates(const CommitBatch& batch, const RunStatement& run);

}  // namespace holdfast::store::postgres
