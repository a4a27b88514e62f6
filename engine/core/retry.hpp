#pragma once

#include <optional>
#include <string>
#include <vector>

#include <holdfast/core/failure.hpp>
#include <holdfast/core/time.hpp>

namespace holdfast {

/// How failed attempts are repeated. The defaults are the field's: 1 s, doubling, at most 100 x the first
/// interval, without an end. Intervals must be >= 0, the coefficient >= 1; max_attempts 0 = unlimited, 1 = no retry.
struct RetryPolicy {
  Duration initial_interval = std::chrono::seconds(1);
  double backoff_coefficient = 2.0;
  std::optional<Duration> maximum_interval = {};  ///< default: 100 x initial_interval
  int max_attempts = 0;
  std::vector<std::string> non_retryable_types = {};  ///< exact match on Failure::type

  /// Throws std::invalid_argument that names the field, its value and what is allowed.
  void validate() const;
};

/// Why there is, or is not, a further attempt.
enum class RetryState : std::uint8_t {
  in_progress,
  non_retryable_failure,
  timeout,
  maximum_attempts_reached,
  cancel_requested,
};
std::string_view to_string(RetryState state);
RetryState parse_retry_state(std::string_view text);

struct RetryDecision {
  RetryState state = RetryState::in_progress;  ///< in_progress: try again after `delay`
  Duration delay{};
};

/// Pure. `attempt` is the one that just failed (1 = the first); `time_left` is what schedule-to-close leaves, if set.
/// A delay that would not fit into the time left ends the activity with RetryState::timeout.
RetryDecision decide_retry(const RetryPolicy& policy, int attempt, const Failure& failure,
                           std::optional<Duration> time_left);

}  // namespace holdfast
