#pragma once

#include <functional>
#include <vector>

#include <pqxx/result>

#include <holdfast/store/postgres/parameters.hpp>
#include <holdfast/store/postgres/statement.hpp>
#include <holdfast/store/types.hpp>

/// What the commit of one run does to others: its parent, its children, and the run that goes on after it.
namespace holdfast::store::postgres {

extern const Statement kTellParents;
extern const Statement kPartFromChildren;
extern const Statement kRequestCancels;
extern const Statement kRunErrands;
extern const Statement kDueErrands;
extern const Statement kContinueRuns;
extern const Statement kMoveMessages;

using RunStatement = std::function<pqxx::result(const Statement&, const Parameters&)>;
using Commits = std::vector<const RunCommit*>;

/// The runs that could not be reached at once: kRunErrands, after the commit.
std::vector<Uuid> write_families(const CommitBatch& batch, const RunStatement& run);
/// The children of its closed parents that stand in the batch themselves, once their events are written: a history row
/// that is waited for while others wait for ours could be a deadlock, so only these come so late.
void part_from_batch(const CommitBatch& batch, const RunStatement& run, std::vector<Uuid>& left);
/// Those of a batch that continue as new; in the order of their ids. Returns what kContinueRuns does: runs that are not
/// this worker's any more.
pqxx::result continue_runs(const Commits& continued, WorkerId worker, const RunStatement& run);
/// After the messages that the batch consumed are gone.
void move_messages(const Commits& continued, const RunStatement& run);

}  // namespace holdfast::store::postgres
