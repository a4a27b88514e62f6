#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/definition.hpp>
#include <holdfast/core/errors.hpp>
#include <holdfast/core/run.hpp>
#include <holdfast/core/scheduled_by.hpp>
#include <holdfast/testing/replay_tester.hpp>
#include <holdfast/worker/activity_context.hpp>

namespace holdfast::testing {

struct EnvironmentOptions {
  Timestamp start = Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
  std::string workflow_id = "test-workflow";
  /// What the workflow sees as ctx.schedule(), last_result() and last_failure().
  std::optional<ScheduledBy> scheduled = {};
  /// Replays the run from every prefix of its history when it ends; a difference throws ReplayError.
  bool check_replay = true;
  /// A run that handles more than this is taken for an endless loop.
  int max_events = 100'000;
};

/// Nothing will ever happen to the run any more, or it never ends. The message says what it waits for.
struct RunStuck : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An activity that the workflow asked for, one entry per attempt.
struct ActivityCall {
  std::string activity;
  Payload input;
  int attempt = 1;
  Duration at{};  ///< since the start
};

/// Where an update stands.
struct UpdateProgress {
  bool accepted = false, rejected = false;
  Payload result;
  std::optional<Failure> failure;
};

/// An update that a test sent.
template <class Out>
class SentUpdate {
 public:
  explicit SentUpdate(std::shared_ptr<const UpdateProgress> progress) : progress_(std::move(progress)) {}
  /// The validator let it pass.
  bool accepted() const { return progress_->accepted; }
  bool rejected() const { return progress_->rejected; }
  bool completed() const { return accepted() && (progress_->failure || !progress_->result.empty()); }
  /// Why it was rejected, or failed.
  const std::optional<Failure>& failure() const { return progress_->failure; }
  /// What the handler returned; throws FailureError if it failed or was rejected, std::logic_error before that is
  /// known.
  Out result() const {
    if (progress_->failure) throw FailureError(*progress_->failure);
    if (progress_->result.empty()) throw std::logic_error("the update is not completed");
    return decode<Out>(progress_->result);
  }

 private:
  std::shared_ptr<const UpdateProgress> progress_;
};

/// Runs one workflow against scripted activities, in memory, on a clock that jumps to the next thing that happens:
/// a workflow that sleeps for a month is tested in microseconds. Retries, back-off, timeouts, signals and cancellation
/// behave as on a worker. The same test always takes the same course. Not thread-safe; no thread is started.
///
///     Environment env;
///     env.on(charge, [](const Order& order) { return Receipt{...}; });
///     env.signal_after(2h, approved, Approval{...});
///     EXPECT_EQ(env.execute(kShop, shop, Order{...}).text, "...");
///     EXPECT_EQ(env.elapsed(), 2h);
class Environment {
 public:
  explicit Environment(EnvironmentOptions options = {});
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// What an activity does: `Out(const In&)`, or `Out(const In&, worker::ActivityContext&)` as on a worker; void if
  /// the output is Nothing. To fail an attempt, throw ApplicationError or any other exception. Each attempt takes
  /// `duration`. The last call for an activity counts.
  template <class In, class Out, class Body>
  Environment& on(const Activity<In, Out>& activity, Body body, Duration duration = {}) {
    script<In, Out>(activity.name, std::move(body), duration);
    return *this;
  }
  template <class In, class Out, class Body>
  Environment& on(const TransactionalActivity<In, Out>& activity, Body body) {
    script<In, Out>(activity.name, std::move(body), {});
    return *this;
  }
  /// What a child workflow does: `Out(const In&)`; it ends after `duration`. Throws to fail; a CanceledError ends it as
  /// canceled. Asked to end before that, it ends as canceled at once.
  template <class In, class Out, class Body>
  Environment& on(const WorkflowType<In, Out>& type, Body body, Duration duration = {}) {
    child_script<In, Out>(type.name, std::move(body), duration);
    return *this;
  }
  /// Attempts of this activity give no answer: only its timeouts end it.
  template <class In, class Out>
  Environment& never_answers(const Activity<In, Out>& activity) {
    scripts_[activity.name] = {};
    return *this;
  }

  template <class In, class Out>
  Environment& never_answers(const WorkflowType<In, Out>& type) {
    children_[type.name] = {};
    return *this;
  }
  /// Starts of this child workflow fail: its workflow id is taken.
  template <class In, class Out>
  Environment& already_started(const WorkflowType<In, Out>& type) {
    taken_.insert(type.name);
    return *this;
  }

  /// Starts the run and lets its first lines happen.
  template <class In, class Out>
  void start(const WorkflowType<In, Out>& type, std::type_identity_t<Workflow<Out> (*)(Context, In)> function,
             const std::type_identity_t<In>& input) {
    start(define(type, function), type.task_queue, encode(input));
  }
  template <class Out>
  void start(const WorkflowType<Nothing, Out>& type,
             std::type_identity_t<Workflow<Out> (*)(Context, Nothing)> function) {
    start(type, function, Nothing{});
  }
  void start(WorkflowDefinition definition, std::string task_queue, Payload input);

  /// Skips time until the run ends; a run that continues as new goes on with its next one, which must be of the same
  /// type. Throws RunStuck, ReplayError, or what fails a workflow task: NondeterminismError,
  /// or an exception that left the workflow and is no FailureError.
  void run();
  /// Lets `length` pass, with everything that is due in it; the run may go on waiting.
  void run_for(Duration length);
  /// Starts, runs to the end and gives the result; throws the run's failure as FailureError, or CanceledError.
  template <class In, class Out>
  Out execute(const WorkflowType<In, Out>& type, std::type_identity_t<Workflow<Out> (*)(Context, In)> function,
              const std::type_identity_t<In>& input) {
    start(type, function, input);
    run();
    return result<Out>();
  }

  /// Arrives now (before the start: as soon as the run starts).
  template <class T>
  void signal(const Signal<T>& signal, const std::type_identity_t<T>& value) {
    signal_after({}, signal, value);
  }
  /// Arrives `delay` from now.
  template <class T>
  void signal_after(Duration delay, const Signal<T>& signal, const std::type_identity_t<T>& value) {
    post_event(delay, event::WorkflowSignaled{signal.name, encode(value), next_message_id()});
  }
  /// Sends an update; it arrives now (before the start: as soon as the run starts). Ask what is returned for the
  /// outcome.
  template <class In, class Out>
  SentUpdate<Out> update(const Update<In, Out>& update, const std::type_identity_t<In>& input) {
    return update_after({}, update, input);
  }
  /// Arrives `delay` from now.
  template <class In, class Out>
  SentUpdate<Out> update_after(Duration delay, const Update<In, Out>& update, const std::type_identity_t<In>& input) {
    return SentUpdate<Out>(post_update(delay, update.name, encode(input)));
  }
  /// Asks the run, open or closed, as it stands. Throws FailureError for what on_query's handler throws, and for a
  /// query that the workflow does not have.
  template <class In, class Out>
  Out query(const Query<In, Out>& query, const std::type_identity_t<In>& input) {
    if (!run_) throw std::logic_error("start the workflow first");
    auto answer = query_history(definition_, recorded_.info, recorded_.rows, query.name, encode(input));
    if (answer.failure) throw FailureError(std::move(*answer.failure));
    return decode<Out>(answer.result);
  }
  void cancel(std::string reason = "test") { cancel_after({}, std::move(reason)); }
  void cancel_after(Duration delay, std::string reason = "test");
  /// Calls `action` at that time of the run.
  void after(Duration delay, std::function<void()> action);

  bool closed() const { return run_ && run_->closed() && !next_; }
  /// The result of a completed run; throws what it failed with, or std::logic_error if it is still open.
  template <class Out>
  Out result() const {
    return decode<Out>(result_json());
  }
  const std::optional<Failure>& failure() const { return failure_; }
  bool canceled() const { return canceled_; }

  Timestamp now() const { return now_; }
  Duration elapsed() const { return now_ - options_.start; }
  std::string waiting_for() const { return run_ ? run_->waiting_for() : ""; }
  /// Attempts in the order in which they began.
  const std::vector<ActivityCall>& calls() const { return calls_; }
  /// Child workflows in the order in which they were started, as entries of attempt 1 with the workflow type's name.
  const std::vector<ActivityCall>& child_calls() const { return child_calls_; }
  /// Children that were asked to end, by workflow type.
  const std::vector<std::string>& canceled_children() const { return canceled_children_; }
  /// What the run made of its search attributes and its memo, as JSON; runs of a chain hand them on.
  Payload search_attributes() const { return write_properties(search_attributes_); }
  Payload memo() const { return write_properties(memo_); }
  /// How often the run continued as new.
  int continuations() const { return continuations_; }
  /// How many attempts of this activity began.
  template <class In, class Out>
  int count(const Activity<In, Out>& activity) const {
    return count(activity.name);
  }
  template <class In, class Out>
  int count(const TransactionalActivity<In, Out>& activity) const {
    return count(activity.name);
  }
  int count(const std::string& activity) const;
  /// Of the last run of the chain.
  const RecordedRun& recorded() const { return recorded_; }
  /// The runs before it, each of which continued as new.
  const std::vector<RecordedRun>& earlier() const { return earlier_; }
  /// "WorkflowStarted ActivityScheduled ...".
  std::string event_names() const;
  const std::vector<std::string>& log() const { return log_; }

 private:
  using Body = std::function<Payload(const Payload&, worker::ActivityContext&)>;
  struct Script {
    Body body;  ///< empty: never answers
    Duration duration{};
  };
  struct Pending {
    command::ScheduleActivity command;
    Timestamp scheduled_at;
    int attempt = 0;
  };

  template <class In, class Out, class F>
  void script(const std::string& name, F body, Duration duration) {
    scripts_[name] = {[body = std::move(body)](const Payload& input, worker::ActivityContext& context) -> Payload {
                        const In in = decode<In>(input);
                        const auto call = [&]() -> decltype(auto) {
                          if constexpr (std::is_invocable_v<const F&, const In&, worker::ActivityContext&>) {
                            return body(in, context);
                          } else {
                            return body(in);
                          }
                        };
                        if constexpr (std::is_void_v<decltype(call())>) {
                          call();
                          return encode(Out{});
                        } else {
                          return encode<Out>(call());
                        }
                      },
                      duration};
  }

  template <class In, class Out, class F>
  void child_script(const std::string& name, F body, Duration duration) {
    children_[name] = {[body = std::move(body)](const Payload& input) -> Payload {
                         const In in = decode<In>(input);
                         if constexpr (std::is_void_v<std::invoke_result_t<const F&, const In&>>) {
                           body(in);
                           return encode(Out{});
                         } else {
                           return encode<Out>(body(in));
                         }
                       },
                       duration};
  }

  void begin(RunInfo info);
  void post(Duration delay, std::function<void()> action);
  /// Void once the run has continued as new: what it concerns is a command of the run before.
  void post_own(Duration delay, std::function<void()> action);
  void post_event(Duration delay, Event event);
  std::shared_ptr<const UpdateProgress> post_update(Duration delay, std::string name, Payload input);
  void take_update(const std::string& update_id, const std::string& name, const Payload& input);
  bool step(Timestamp until);
  void feed(const Event& event);
  void carry_out(const Command& command);
  void start_child(const command::StartChild& command);
  void end_child(const command::StartChild& command);
  void continue_as_new(const command::ContinueAsNew& command);
  void go_on();
  void begin_attempt(const std::shared_ptr<Pending>& pending);
  void end_attempt(const std::shared_ptr<Pending>& pending, const Failure& failure);
  const Payload& result_json() const;
  std::string next_message_id();

  EnvironmentOptions options_;
  struct ChildScript {
    std::function<Payload(const Payload&)> body;  ///< empty: never answers
    Duration duration{};
  };

  std::map<std::string, Script> scripts_;
  std::map<std::string, ChildScript> children_;
  std::set<std::string> taken_;
  std::map<CommandSeq, std::string> open_children_;                 ///< workflow type of each
  std::map<std::string, std::shared_ptr<UpdateProgress>> updates_;  ///< by update id
  std::vector<ActivityCall> child_calls_;
  std::vector<std::string> canceled_children_;
  std::optional<command::ContinueAsNew> next_;  ///< the run ended so, and its next one has not begun
  int continuations_ = 0;
  WorkflowDefinition definition_;
  std::unique_ptr<Run> run_;
  RecordedRun recorded_;
  std::vector<RecordedRun> earlier_;
  Timestamp now_;
  /// What happens next: by time, and in the order of posting.
  std::map<std::pair<Timestamp, std::int64_t>, std::function<void()>> agenda_;
  std::int64_t posted_ = 0;
  int events_ = 0;
  int messages_ = 0;
  std::vector<ActivityCall> calls_;
  std::vector<std::string> log_;
  Payload result_;
  Properties memo_, search_attributes_;
  std::optional<Failure> failure_;
  bool canceled_ = false;
};

}  // namespace holdfast::testing
