#pragma once

#include <string>

#include <activities/call_key.hpp>
#include <activities/step_options.hpp>

namespace platform {

/// An optional step of a call that was given up.
struct StepFailure {
  CallKey call;
  std::string step;
  std::string error;
};
BOOST_DESCRIBE_STRUCT(StepFailure, (), (call, step, error))

/// Records it in platform.audit_log as "call.step_failed".
inline const holdfast::TransactionalActivity<StepFailure> record_step_failure{"record_step_failure", step_options()};

}  // namespace platform
