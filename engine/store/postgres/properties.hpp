#pragma once

#include <holdfast/store/postgres/families.hpp>

namespace holdfast::store::postgres {

extern const Statement kModifyProperties;

/// What the runs of a batch changed of their memo and search attributes, for them and for the runs that go on after
/// them. The caller holds the rows of the open ones, and has written what closes the others. No change, no statement.
void modify_properties(const CommitBatch& batch, const RunStatement& run);

}  // namespace holdfast::store::postgres
