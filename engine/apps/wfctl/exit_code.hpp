#pragma once

#include <exception>

namespace wfctl {

/// What scripts can rely on (docs/wfctl.md).
enum ExitCode : int {
  kOk = 0,
  kError = 1,
  kUsage = 2,
  kNotFound = 4,
  kRunUnsuccessful = 5,
  kConflict = 6,
  kTimeout = 7,
  kDatabase = 8,  ///< unreachable, or its schema is missing or of another version
  kInterrupted = 130,
};

/// The exit code of an error, by its class.
int exit_code_of(const std::exception& error);

}  // namespace wfctl
