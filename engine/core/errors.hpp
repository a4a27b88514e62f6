#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <holdfast/core/failure.hpp>
#include <holdfast/core/retry.hpp>

namespace holdfast {

/// Base of the errors that *fail a run* when they leave its workflow function. Any other exception that leaves it
/// fails only the workflow task, which is repeated with back-off until the code is mended.
class FailureError : public std::runtime_error {
 public:
  explicit FailureError(Failure failure) : std::runtime_error(describe(failure)), failure_(std::move(failure)) {}
  const Failure& failure() const noexcept { return failure_; }

 private:
  Failure failure_;
};

/// Thrown by activities and workflows to fail with a name of their own.
class ApplicationError : public FailureError {
 public:
  using FailureError::FailureError;
  ApplicationError(std::string type, std::string message, bool non_retryable = false)
      : FailureError(Failure{.kind = FailureKind::application,
                             .type = std::move(type),
                             .message = std::move(message),
                             .non_retryable = non_retryable,
                             .next_retry_delay = {},
                             .details = {},
                             .cause = {}}) {}

  /// The same error, asking for the next attempt after `delay` instead of the retry policy's interval.
  ApplicationError with_next_retry(Duration delay) const {
    auto copy = failure();
    copy.next_retry_delay = delay;
    return ApplicationError(std::move(copy));
  }
};

/// Thrown at the `co_await` of an activity that finally failed. The last attempt's failure is `failure().cause`.
class ActivityError : public FailureError {
 public:
  ActivityError(Failure failure, RetryState retry_state)
      : FailureError(std::move(failure)), retry_state_(retry_state) {}
  RetryState retry_state() const noexcept { return retry_state_; }
  /// The type of the last attempt's failure, such as "CardDeclined"; empty when unknown.
  const std::string& cause_type() const noexcept { return failure().cause ? failure().cause->type : failure().type; }

 private:
  RetryState retry_state_;
};

/// Thrown at the `co_await` of a child workflow that did not complete. `failure().cause` is what it failed with; its
/// kind is canceled, terminated or timeout if the child ended so. A child that was canceled on the parent's own request
/// throws CanceledError instead.
class ChildWorkflowError : public FailureError {
 public:
  using FailureError::FailureError;
  /// The type of the child's failure, such as "CardDeclined"; empty when it has none.
  const std::string& cause_type() const noexcept { return failure().cause ? failure().cause->type : failure().type; }
};

/// The child was not started: its workflow id has an open run, or the reuse policy forbids another run after a closed
/// one.
class ChildWorkflowAlreadyStartedError : public ChildWorkflowError {
 public:
  using ChildWorkflowError::ChildWorkflowError;
};

/// Thrown at every `co_await` that was pending when the run's cancellation was requested. Caught, the workflow may
/// clean up with further activities; uncaught, the run ends as canceled.
class CanceledError : public FailureError {
 public:
  using FailureError::FailureError;
};

/// A validator, a condition or a query asked for something that only the workflow itself may ask for.
class ReadOnlyError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// The code does not do what the history says it did. Fails the workflow task, never the run.
class NondeterminismError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace holdfast
