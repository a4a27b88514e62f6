#pragma once

#include <stdexcept>
#include <string>

#include <holdfast/core/failure.hpp>
#include <holdfast/core/uuid.hpp>
#include <holdfast/store/types.hpp>

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

/// The run has ended: it takes no signals, cannot be canceled or terminated.
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

}  // namespace holdfast::client
