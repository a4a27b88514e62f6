#pragma once

#include <chrono>

#include <holdfast/core/activity.hpp>

namespace platform {

/// How every step of a call is run: 30 s per attempt, five attempts 1, 2, 4 and 8 s apart.
inline holdfast::ActivityOptions step_options() {
  holdfast::ActivityOptions options;
  options.start_to_close = std::chrono::seconds(30);
  options.retry.initial_interval = std::chrono::seconds(1);
  options.retry.backoff_coefficient = 2.0;
  options.retry.max_attempts = 5;
  return options;
}

/// For hints that are worthless later: 5 s, repeated once. (Not a single attempt: the engine records those before they
/// begin, which costs each call two row writes, and a hint that comes twice does no harm.)
inline holdfast::ActivityOptions hint_options() {
  holdfast::ActivityOptions options;
  options.start_to_close = std::chrono::seconds(5);
  options.retry.max_attempts = 2;
  return options;
}

}  // namespace platform
