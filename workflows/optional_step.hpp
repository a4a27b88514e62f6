#pragma once

#include <optional>
#include <string>
#include <utility>

#include <activities/step_failures.hpp>
#include <holdfast/core/workflow.hpp>

namespace platform {

/// Awaits a step that may fail: its value, or nothing once it finally failed. The failure is recorded and does not
/// fail the run. (Recorded after the catch block, because nothing can be awaited inside one.)
template <class T>
holdfast::Workflow<std::optional<T>> optional_step(holdfast::Context ctx, CallKey call, std::string step,
                                                   holdfast::Future<T> future) {
  std::string error;
  try {
    co_return co_await future;
  } catch (const holdfast::ActivityError& e) {
    error = e.what();
  }
  co_await ctx.run(record_step_failure, {.call = call, .step = step, .error = error});
  co_return std::nullopt;
}

}  // namespace platform
