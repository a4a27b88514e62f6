#include <holdfast/core/retry.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

Failure failure_of(FailureKind kind, std::string type = {}) {
  Failure failure;
  failure.kind = kind;
  failure.type = std::move(type);
  failure.message = "no";
  return failure;
}
const Failure kOrdinary = failure_of(FailureKind::application, "Flaky");

struct Case {
  const char* name;
  RetryPolicy policy;
  int attempt;
  Failure failure;
  std::optional<Duration> time_left;
  RetryState state;
  Duration delay;
};

RetryPolicy policy(Duration initial, double coefficient, std::optional<Duration> maximum = {}, int attempts = 0,
                   std::vector<std::string> types = {}) {
  return {.initial_interval = initial,
          .backoff_coefficient = coefficient,
          .maximum_interval = maximum,
          .max_attempts = attempts,
          .non_retryable_types = std::move(types)};
}

std::vector<Case> table() {
  using enum RetryState;
  const RetryPolicy defaults;
  Failure flagged = kOrdinary;
  flagged.non_retryable = true;
  Failure soon = kOrdinary;
  soon.next_retry_delay = 7ms;
  return {
      {"first failure waits one second", defaults, 1, kOrdinary, {}, in_progress, 1s},
      {"the interval doubles", defaults, 4, kOrdinary, {}, in_progress, 8s},
      {"up to 100 times the first", defaults, 8, kOrdinary, {}, in_progress, 100s},
      {"for ever", defaults, 1'000'000, kOrdinary, {}, in_progress, 100s},
      {"own maximum", policy(1s, 2, 3s), 3, kOrdinary, {}, in_progress, 3s},
      {"coefficient 1 is a fixed interval", policy(5s, 1), 50, kOrdinary, {}, in_progress, 5s},
      {"no interval stays none", policy(0s, 10), 5'000, kOrdinary, {}, in_progress, 0s},
      {"attempts are counted", policy(1s, 2, {}, 3), 2, kOrdinary, {}, in_progress, 2s},
      {"the last attempt ends it", policy(1s, 2, {}, 3), 3, kOrdinary, {}, maximum_attempts_reached, 0s},
      {"one attempt is no retry", policy(1s, 2, {}, 1), 1, kOrdinary, {}, maximum_attempts_reached, 0s},
      {"flagged failure", defaults, 1, flagged, {}, non_retryable_failure, 0s},
      {"listed type", policy(1s, 2, {}, 0, {"Other", "Flaky"}), 1, kOrdinary, {}, non_retryable_failure, 0s},
      {"listed types match exactly", policy(1s, 2, {}, 0, {"Flak", "flaky"}), 1, kOrdinary, {}, in_progress, 1s},
      {"type before attempts", policy(1s, 2, {}, 1, {"Flaky"}), 1, kOrdinary, {}, non_retryable_failure, 0s},
      {"the failure's own delay", defaults, 5, soon, {}, in_progress, 7ms},
      {"its own delay does not add attempts", policy(1s, 2, {}, 5), 5, soon, {}, maximum_attempts_reached, 0s},
      {"its own delay must fit as well", defaults, 1, soon, 7ms, timeout, 0s},
      {"a delay that fits", defaults, 1, kOrdinary, 1001ms, in_progress, 1s},
      {"a delay that does not fit", defaults, 1, kOrdinary, 1s, timeout, 0s},
      {"no time left", policy(0s, 1), 1, kOrdinary, 0s, timeout, 0s},
      {"attempt timeout is retried",
       defaults,
       1,
       failure_of(FailureKind::timeout, "StartToClose"),
       {},
       in_progress,
       1s},
      {"silence is retried", defaults, 1, failure_of(FailureKind::timeout, "Heartbeat"), {}, in_progress, 1s},
      {"unless listed",
       policy(1s, 2, {}, 0, {"Heartbeat"}),
       1,
       failure_of(FailureKind::timeout, "Heartbeat"),
       {},
       non_retryable_failure,
       0s},
      {"queue timeout is final", defaults, 1, failure_of(FailureKind::timeout, "ScheduleToStart"), {}, timeout, 0s},
      {"total timeout is final", defaults, 1, failure_of(FailureKind::timeout, "ScheduleToClose"), {}, timeout, 0s},
      {"a lost worker is retried", defaults, 1, failure_of(FailureKind::worker_lost), {}, in_progress, 1s},
      {"canceled is final", defaults, 1, failure_of(FailureKind::canceled), {}, cancel_requested, 0s},
      {"terminated is final", defaults, 1, failure_of(FailureKind::terminated), {}, non_retryable_failure, 0s},
  };
}

TEST(Retry, DecidesByTheTable) {
  for (const auto& c : table()) {
    const auto decision = decide_retry(c.policy, c.attempt, c.failure, c.time_left);
    EXPECT_EQ(decision.state, c.state) << c.name << ": " << to_string(decision.state);
    EXPECT_EQ(decision.delay, c.delay) << c.name;
  }
}

TEST(Retry, HugeIntervalsSaturateInsteadOfOverflowing) {
  const auto huge = policy(std::chrono::hours(24 * 365 * 1000), 1e100);
  for (const int attempt : {1, 2, 100, std::numeric_limits<int>::max()}) {
    EXPECT_GT(decide_retry(huge, attempt, kOrdinary, {}).delay, Duration::zero()) << attempt;
  }
}

TEST(Retry, ANegativeDelayOfAFailureMeansAtOnce) {
  Failure failure = kOrdinary;
  failure.next_retry_delay = -5s;
  EXPECT_EQ(decide_retry({}, 1, failure, {}).delay, 0s);
}

TEST(Retry, StatesReadBack) {
  using enum RetryState;
  for (const auto state : {in_progress, non_retryable_failure, timeout, maximum_attempts_reached, cancel_requested}) {
    EXPECT_EQ(parse_retry_state(to_string(state)), state);
  }
  EXPECT_THROW(parse_retry_state("Timeout"), std::invalid_argument);
  EXPECT_THROW(parse_retry_state(""), std::invalid_argument);
}

void expect_rejected(const RetryPolicy& policy, const std::string& field) {
  try {
    policy.validate();
    ADD_FAILURE() << "accepted a bad " << field;
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find(field), std::string::npos) << error.what();
  }
}

TEST(Retry, PolicyNamesTheFieldThatIsWrong) {
  EXPECT_NO_THROW(RetryPolicy{}.validate());
  EXPECT_NO_THROW(policy(0s, 1, 0s).validate());
  expect_rejected(policy(-1us, 2), "initial_interval");
  expect_rejected(policy(1s, 0.99), "backoff_coefficient");
  expect_rejected(policy(1s, std::nan("")), "backoff_coefficient");
  expect_rejected(policy(1s, INFINITY), "backoff_coefficient");
  expect_rejected(policy(1s, 2, 1ms), "maximum_interval");
  expect_rejected(policy(1s, 2, {}, -1), "max_attempts");
}

}  // namespace
}  // namespace holdfast
