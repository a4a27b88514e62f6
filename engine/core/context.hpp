#pragma once

#include <optional>
#include <source_location>
#include <string>
#include <string_view>

#include <holdfast/core/activity.hpp>
#include <holdfast/core/future.hpp>
#include <holdfast/core/signal.hpp>
#include <holdfast/core/when.hpp>

namespace holdfast {

/// The only door from a workflow to the world. A one-pointer value: pass it on as the first parameter of every
/// workflow function and sub-coroutine. Valid while its run is in memory. Nothing here blocks.
class Context {
 public:
  explicit Context(detail::RunState& run) : run_(&run) {}

  /// Issues the activity now and returns its future. Throws std::invalid_argument for options that cannot work.
  template <class In, class Out>
  Future<Out> run(const Activity<In, Out>& activity, const std::type_identity_t<In>& input) {
    return Future<Out>(run_->schedule_activity(activity.name, activity.options, false, [&] { return encode(input); }));
  }
  template <class Out>
  Future<Out> run(const Activity<Nothing, Out>& activity) {
    return run(activity, Nothing{});
  }

  /// A transactional activity: its writes and its result are one commit with this workflow task.
  template <class In, class Out>
  Future<Out> run(const TransactionalActivity<In, Out>& activity, const std::type_identity_t<In>& input) {
    return Future<Out>(run_->schedule_activity(activity.name, activity.options, true, [&] { return encode(input); }));
  }
  template <class Out>
  Future<Out> run(const TransactionalActivity<Nothing, Out>& activity) {
    return run(activity, Nothing{});
  }

  /// A durable timer, counted from now(). Zero or negative fires at once, in the next task.
  Future<Nothing> sleep(Duration delay) { return Future<Nothing>(run_->start_timer(delay)); }

  /// The next signal of this name, in the order of arrival. Those that came before anybody asked are kept.
  template <class T>
  Future<T> receive(const Signal<T>& signal) {
    return Future<T>(run_->receive(signal.name, nullptr));
  }
  /// The same, or nothing after `timeout`.
  template <class T>
  Future<std::optional<T>> receive(const Signal<T>& signal, Duration timeout) {
    return Future<std::optional<T>>(run_->receive(signal.name, &timeout));
  }

  /// The database's time when the event that is being handled was taken up. The same in every replay.
  Timestamp now() const { return run_->now; }
  /// 64 random bits, the same in every replay.
  std::uint64_t random() { return run_->next_random(); }
  /// Uniform in [0, 1), the same in every replay.
  double random_unit() { return static_cast<double>(random() >> 11) * 0x1.0p-53; }
  /// A UUIDv7, the same in every replay.
  Uuid uuid();

  /// True once cancellation was requested (each await pending then threw CanceledError).
  bool cancel_requested() const { return run_->cancel_requested; }

  /// Writes to the worker's log; silent in replay.
  void log(std::string_view message, std::string_view level = "info") {
    if (!run_->replaying && run_->log) run_->log(level, message);
  }

  const Uuid& run_id() const { return run_->run_id; }
  const std::string& workflow_id() const { return run_->workflow_id; }
  const std::string& workflow_type() const { return run_->workflow_type; }
  const std::string& task_queue() const { return run_->task_queue; }
  Timestamp started_at() const { return run_->started_at; }

  detail::RunState& state() const { return *run_; }

 private:
  detail::RunState* run_;
};

}  // namespace holdfast
