#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/core/time.hpp>

namespace holdfast {

/// What kind of thing failed; decides how the failure may be retried and how it reads.
enum class FailureKind : std::uint8_t {
  application,     ///< thrown by an activity or a workflow
  timeout,         ///< one of the activity timeouts; `type` says which ("StartToClose", ...)
  canceled,        ///< cancellation was requested
  terminated,      ///< an operator ended the run
  worker_lost,     ///< the worker that ran the attempt died
  activity,        ///< as seen by the workflow: an activity finally failed; `cause` is the last attempt's failure
  child_workflow,  ///< as seen by the parent: a child did not start or did not complete; `cause` says why
};

std::string_view to_string(FailureKind kind);
FailureKind parse_failure_kind(std::string_view text);

/// A failure as it is stored in histories and shown to operators: a value with a chain of causes.
struct Failure {
  FailureKind kind = FailureKind::application;
  std::string type;  ///< application-defined name, matched against non-retryable types
  std::string message;
  bool non_retryable = false;
  std::optional<Duration> next_retry_delay;  ///< overrides the retry policy's interval for the next attempt
  std::string details;                       ///< JSON text, or empty
  std::shared_ptr<const Failure> cause;      ///< immutable, shared
};

/// One JSON object; unset members are left out. Reads back with decode_failure, leniently.
std::string encode_failure(const Failure& failure);
Failure decode_failure(std::string_view json);

/// "type: message; caused by: ..." for logs and tables.
std::string describe(const Failure& failure);

}  // namespace holdfast
