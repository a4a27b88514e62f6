#pragma once

#include <functional>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

#include <holdfast/core/activity.hpp>
#include <holdfast/core/attributes.hpp>
#include <holdfast/core/child.hpp>
#include <holdfast/core/continue_as_new.hpp>
#include <holdfast/core/future.hpp>
#include <holdfast/core/scheduled_by.hpp>
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

  /// Says what an update does: `handler` takes the input, or the context and the input, and returns the result, or a
  /// Workflow<Out> (a sub-coroutine, which runs beside everything else and may wait). What it throws as FailureError
  /// fails the update, not the run. Set handlers before the first co_await: an update for which there is none is
  /// rejected. A second call for a name replaces the first.
  template <class In, class Out, class Handler>
  void on_update(const Update<In, Out>& update, Handler handler);
  /// `validator(const In&)` is asked before an update is accepted, and throws to reject it. It may look, but not change
  /// anything, nor ask for anything. Replay does not call it.
  template <class In, class Out, class Validator, class Handler>
  void on_update(const Update<In, Out>& update, Validator validator, Handler handler);

  /// Says how a query is answered: `handler(const In&)` returns an Out, from what the workflow has in its variables. It
  /// may only look; what it throws is the asker's answer. Set handlers before the first co_await.
  template <class In, class Out, class Handler>
  void on_query(const Query<In, Out>& query, Handler handler);

  /// Waits until `condition()` holds; it is asked now and after everything that happens. It may only look.
  Future<Nothing> wait_until(std::function<bool()> condition) {
    return Future<Nothing>(run_->wait_until(std::move(condition)));
  }
  /// Waits until no accepted update is unfinished: before the end of a run, which fails those that are.
  Future<Nothing> updates_finished() {
    return wait_until([run = run_] { return run->open_updates == 0; });
  }

  /// Starts a child workflow, in the same commit as this task. Await its start, its result, or cancel it by the handle;
  /// letting go of the handle changes nothing for the child.
  template <class In, class Out>
  Child<Out> start_child(const WorkflowType<In, Out>& type, const std::type_identity_t<In>& input,
                         ChildOptions options = {}) {
    const bool wait = options.wait_for_cancellation;
    return Child<Out>(run_->start_child(detail::child_command(type.name, type.task_queue, std::move(options)), wait,
                                        [&] { return encode(input); }));
  }
  template <class Out>
  Child<Out> start_child(const WorkflowType<Nothing, Out>& type, ChildOptions options = {}) {
    return start_child(type, Nothing{}, std::move(options));
  }
  /// The short form, for who only wants the result. Throws ChildWorkflowError (ChildWorkflowAlreadyStartedError if its
  /// id is taken).
  template <class In, class Out>
  Future<Out> run_child(const WorkflowType<In, Out>& type, const std::type_identity_t<In>& input,
                        ChildOptions options = {}) {
    return start_child(type, input, std::move(options)).take_result();
  }
  template <class Out>
  Future<Out> run_child(const WorkflowType<Nothing, Out>& type, ChildOptions options = {}) {
    return run_child(type, Nothing{}, std::move(options));
  }

  /// Changes what list filters find this run by, in the same commit as this task; what is not named stays. Member by
  /// member (Attributes, which also removes), or from a described struct, whose empty optionals change nothing. Throws
  /// std::invalid_argument for names and values that are not allowed (docs/filters.md).
  void upsert_search_attributes(const Attributes& changes) { run_->modify_properties({}, changes.json()); }
  template <class T>
  void upsert_search_attributes(const T& changes) {
    run_->modify_properties({}, encode(changes));
  }
  /// The same for the memo: any JSON, for people who look at this run.
  void upsert_memo(const Attributes& changes) { run_->modify_properties(changes.json(), {}); }
  template <class T>
  void upsert_memo(const T& changes) {
    run_->modify_properties(encode(changes), {});
  }

  /// Ends this run and starts the next one with this input, under the same workflow id: `throw ctx.continue_as_new(x)`
  /// (or co_await it). Signals that nobody received move along. The input must be what the workflow type takes.
  template <class In>
  ContinueAsNew continue_as_new(const In& input) const {
    return ContinueAsNew({}, encode(input));
  }
  /// The same with the input checked against the type; another type than this run's goes on as that.
  template <class In, class Out>
  ContinueAsNew continue_as_new(const WorkflowType<In, Out>& type, const std::type_identity_t<In>& input) const {
    return ContinueAsNew(type.name, encode(input));
  }
  /// True once the history is so long (4,096 events, or 4 MiB of payloads) that replaying it becomes noticeable, or the
  /// run nears the number of updates that it may accept.
  bool continue_as_new_suggested() const {
    return run_->handled_event >= kSuggestedEvents || run_->history_bytes >= kSuggestedBytes ||
           run_->accepted_updates >= kSuggestedUpdates;
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

  /// The schedule that started this run, and the time that it is for; nullopt: none did.
  std::optional<ScheduledBy> schedule() const { return decode_scheduled_by(run_->scheduled); }
  /// The result of the last run of this schedule that completed; nullopt: there is none, or overlaps are allowed.
  /// Throws CodecError if it is not a T.
  template <class T>
  std::optional<T> last_result() const {
    const auto by = schedule();
    if (!by || by->last_result.empty()) return std::nullopt;
    return decode<T>(by->last_result);
  }
  /// What the run before failed with, if it did.
  std::optional<Failure> last_failure() const {
    auto by = schedule();
    return by ? std::move(by->last_failure) : std::nullopt;
  }

  detail::RunState& state() const { return *run_; }

 private:
  static constexpr EventId kSuggestedEvents = 4096;
  static constexpr std::int64_t kSuggestedBytes = 4 << 20;
  static constexpr int kSuggestedUpdates = detail::RunState::kMaxUpdates * 9 / 10;

  detail::RunState* run_;
};

}  // namespace holdfast
