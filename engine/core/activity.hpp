#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <holdfast/core/nothing.hpp>
#include <holdfast/core/retry.hpp>
#include <holdfast/core/time.hpp>

namespace holdfast {

/// How an activity is run. Start-to-close or schedule-to-close is required (ctx.run throws otherwise).
struct ActivityOptions {
  std::string task_queue = {};                     ///< empty: the queue of the run
  std::optional<Duration> start_to_close = {};     ///< one attempt, from its start; a timeout is retried
  std::optional<Duration> schedule_to_close = {};  ///< all attempts together; a timeout is final
  std::optional<Duration> schedule_to_start = {};  ///< waiting for a worker; a timeout is final
  std::optional<Duration> heartbeat = {};          ///< longest silence of a running attempt; a timeout is retried
  RetryPolicy retry = {};
  /// Whose limits it is under besides those of its queue, such as "endpoint/42" (docs/limits.md); empty: nobody's. 1 to
  /// 255 bytes of UTF-8 without NUL and without *. Not for transactional activities.
  std::string limit_key = {};

  /// Throws std::invalid_argument that names the field, its value and what is allowed.
  void validate(std::string_view activity) const;
  /// The same with every length cut to kMaxDelay.
  ActivityOptions capped() const;
};

/// Names an activity and binds its input and output types. Declare it once, as an `inline const` in a header that
/// workflows and workers share; both sides are checked against it at compile time.
/// The name is stored in histories: renaming it breaks replay.
template <class In, class Out = Nothing>
struct Activity {
  using Input = In;
  using Output = Out;
  std::string name;
  ActivityOptions options = {};

  /// Copies with one option changed, for a single call: `ctx.run(charge.with_timeout(5s), input)`.
  Activity with_timeout(Duration start_to_close) const {
    auto copy = *this;
    copy.options.start_to_close = start_to_close;
    return copy;
  }
  Activity with_retry(RetryPolicy retry) const {
    auto copy = *this;
    copy.options.retry = std::move(retry);
    return copy;
  }
  Activity with_task_queue(std::string queue) const {
    auto copy = *this;
    copy.options.task_queue = std::move(queue);
    return copy;
  }
  Activity with_limit_key(std::string key) const {
    auto copy = *this;
    copy.options.limit_key = std::move(key);
    return copy;
  }
};

/// An activity that runs inside the commit which records its result, so its writes happen exactly once. It runs on
/// the lane's connection: it must be short, and may only use the transaction that it is given.
template <class In, class Out = Nothing>
struct TransactionalActivity {
  using Input = In;
  using Output = Out;
  std::string name;
  ActivityOptions options = {};
};

}  // namespace holdfast
