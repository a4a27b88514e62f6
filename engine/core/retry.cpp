#include <holdfast/core/retry.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace holdfast {
namespace {

constexpr std::array<std::string_view, 5> kRetryStates{"in_progress", "non_retryable_failure", "timeout",
                                                       "maximum_attempts_reached", "cancel_requested"};

[[noreturn]] void reject(std::string_view field, const std::string& value, std::string_view allowed) {
  throw std::invalid_argument("retry policy: " + std::string(field) + " is " + value +
                              "; allowed: " + std::string(allowed));
}

std::string in_words(Duration d) { return std::to_string(d.count()) + " us"; }

/// Timeouts over all attempts, or of the queue, are final; those of one attempt are not.
bool is_final_timeout(const Failure& failure) {
  return failure.kind == FailureKind::timeout &&
         (failure.type == "ScheduleToClose" || failure.type == "ScheduleToStart");
}

bool is_non_retryable(const RetryPolicy& policy, const Failure& failure) {
  return failure.non_retryable || failure.kind == FailureKind::terminated ||
         std::ranges::find(policy.non_retryable_types, failure.type) != policy.non_retryable_types.end();
}

Duration interval_after(const RetryPolicy& policy, int attempt) {
  // Saturates: 100 x the first interval, and the powers below, may exceed what 64 bits hold.
  constexpr double kLimit = 9e18;
  const auto first = static_cast<double>(policy.initial_interval.count());
  const double most = policy.maximum_interval ? static_cast<double>(policy.maximum_interval->count()) : 100.0 * first;
  const double grown = first * std::pow(policy.backoff_coefficient, std::max(attempt, 1) - 1);
  // Not std::min alone: 0 x infinity is NaN.
  const double interval = std::isnan(grown) ? first : std::min(grown, most);
  return Duration(static_cast<std::int64_t>(std::min(interval, kLimit)));
}

}  // namespace

void RetryPolicy::validate() const {
  if (initial_interval < Duration::zero()) reject("initial_interval", in_words(initial_interval), "0 or more");
  if (!std::isfinite(backoff_coefficient) || backoff_coefficient < 1.0) {
    reject("backoff_coefficient", std::to_string(backoff_coefficient), "1 or more");
  }
  if (maximum_interval && *maximum_interval < initial_interval) {
    reject("maximum_interval", in_words(*maximum_interval), "initial_interval or more");
  }
  if (max_attempts < 0) reject("max_attempts", std::to_string(max_attempts), "0 (unlimited) or more");
}

std::string_view to_string(RetryState state) { return kRetryStates.at(static_cast<std::size_t>(state)); }

RetryState parse_retry_state(std::string_view text) {
  const auto found = std::ranges::find(kRetryStates, text);
  if (found == kRetryStates.end()) {
    throw std::invalid_argument("unknown retry state \"" + std::string(text.substr(0, 64)) + "\"");
  }
  return static_cast<RetryState>(found - kRetryStates.begin());
}

RetryDecision decide_retry(const RetryPolicy& policy, int attempt, const Failure& failure,
                           std::optional<Duration> time_left) {
  if (failure.kind == FailureKind::canceled) return {RetryState::cancel_requested, {}};
  if (is_final_timeout(failure)) return {RetryState::timeout, {}};
  if (is_non_retryable(policy, failure)) return {RetryState::non_retryable_failure, {}};
  if (policy.max_attempts > 0 && attempt >= policy.max_attempts) return {RetryState::maximum_attempts_reached, {}};
  const Duration delay =
      std::min(kMaxDelay, failure.next_retry_delay ? std::max(*failure.next_retry_delay, Duration::zero())
                                                   : interval_after(policy, attempt));
  if (time_left && delay >= *time_left) return {RetryState::timeout, {}};
  return {RetryState::in_progress, delay};
}

}  // namespace holdfast
