#pragma once

#include <stdexcept>
#include <string>

#include <holdfast/core/failure.hpp>
#include <holdfast/core/uuid.hpp>
#include <holdfast/store/types.hpp>
#include <holdfast/store/update_store.hpp>

namespace holdfast::client {

/// Base of what the client throws by itself. Errors of the store (store::Unavailable: try again; InvalidArgument: the
/// message names the field, its value and what is allowed; SchemaMismatch; StatementFailed) pass through unchanged.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A start was refused: the workflow id has an open run (IdConflictPolicy::fail), or the reuse policy forbids another
/// run after the closed one.
struct AlreadyStartedError : Error {
  AlreadyStartedError(const std::string& what, Uuid run_id, bool open) : Error(what), run_id(run_id), open(open) {}
  Uuid run_id;  ///< the run that stands in the way
  bool open;    ///< false: it is closed
};

/// No run has this workflow id or run id.
struct NotFoundError : Error {
  using Error::Error;
};

/// The run has ended: it takes no signals and no updates, cannot be canceled or terminated.
struct RunClosedError : Error {
  using Error::Error;
};

/// The run ended, but without a result: it failed, was canceled, was terminated or timed out.
struct WorkflowFailedError : Error {
  WorkflowFailedError(const std::string& what, store::ClosedRun run) : Error(what), run(std::move(run)) {}
  store::ClosedRun run;  ///< status, and the failure with its chain of causes when there is one
};

/// The schedule id is taken.
struct ScheduleExistsError : Error {
  using Error::Error;
};

/// The schedule was changed by somebody else since it was read.
struct ScheduleChangedError : Error {
  using Error::Error;
};

/// The run was still open at the deadline. It goes on.
struct ResultTimeoutError : Error {
  using Error::Error;
};

/// The run's validator rejected the update, or the run has no handler of its name. Nothing of it is in the history.
struct UpdateRejectedError : Error {
  UpdateRejectedError(const std::string& what, store::UpdateState update) : Error(what), update(std::move(update)) {}
  store::UpdateState update;  ///< its failure says why
};

/// The update was accepted, and its handler failed (or the run ended before it was done). The run may go on.
struct UpdateFailedError : Error {
  UpdateFailedError(const std::string& what, store::UpdateState update) : Error(what), update(std::move(update)) {}
  store::UpdateState update;
};

/// The update had not come as far as was asked for at the deadline. It goes on: ask again with the same update id.
struct UpdateTimeoutError : Error {
  UpdateTimeoutError(const std::string& what, store::UpdateState update) : Error(what), update(std::move(update)) {}
  store::UpdateState update;
};

/// The run's code gave no answer: `failure` says why (type "UnknownQuery": it has no such query; "ReplayFailed": it
/// cannot be rebuilt from its history; otherwise what the handler threw).
struct QueryFailedError : Error {
  QueryFailedError(const std::string& what, Failure failure) : Error(what), failure(std::move(failure)) {}
  Failure failure;
};

/// Nobody answered in time; the message says what is known about why.
struct QueryTimeoutError : Error {
  using Error::Error;
};

/// The run has as many unfinished updates as it may have; nothing was sent.
struct UpdateLimitError : Error {
  using Error::Error;
};

}  // namespace holdfast::client
