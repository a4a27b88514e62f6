#pragma once

#include <coroutine>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <holdfast/core/command.hpp>
#include <holdfast/core/uuid.hpp>

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
#error \
    "g++ 12 destroys aggregate temporaries in a co_await statement twice, silently. Build workflow code with clang 19."
#endif

/// The inside of a run, shared by run.cpp, future.hpp, workflow.hpp and context.hpp. Workflow authors need none of it.
namespace holdfast {
class Run;
}

namespace holdfast::detail {

class RunState;

/// A suspended coroutine that waits for one or several futures. Lives in its awaiter, that is, in its frame.
struct Waiter {
  std::coroutine_handle<> handle;
  int needed = 1;  ///< posts `handle` when this reaches 0
  std::int64_t branch = 0;
};

/// Coroutines that are run side by side (the items of a map) each have a branch, so that what they wait for can be
/// canceled without touching the others. 0: the run's own course.
using BranchId = std::int64_t;

enum class Outcome : std::uint8_t { pending, value, none, failed };
enum class FutureKind : std::uint8_t { activity, timer, message, child_started, child, condition };

/// What an activity, a timer, a receive or a child workflow will bring. Owned by the Future and, while the command is
/// open, by the run. One thread at a time, so the count is plain.
class FutureState {
 public:
  FutureState(RunState& run, FutureKind kind, CommandSeq seq);

  bool ready() const { return outcome_ != Outcome::pending; }
  void resolve(Payload payload);
  void resolve_none();
  void fail(std::exception_ptr error);

  void add_waiter(Waiter& waiter) { waiters_.push_back(&waiter); }
  void remove_waiter(Waiter& waiter) { std::erase(waiters_, &waiter); }
  /// The last Future is gone: nobody will ever ask.
  void abandon();

  Outcome outcome() const { return outcome_; }
  const Payload& payload() const { return payload_; }
  [[noreturn]] void rethrow() const { std::rethrow_exception(error_); }

  RunState* run_;  ///< null once the run is gone
  FutureKind kind_;
  bool taken_ = false;  ///< a message was handed to the code
  CommandSeq seq_;      ///< 0: no command (a receive without a timeout)
  std::string name_;    ///< activity, signal or workflow type
  BranchId branch_;     ///< who made it
  // A signal that was received may be given back:
  std::string message_id_;
  std::int64_t arrival_ = 0;

 private:
  friend void intrusive_ptr_add_ref(FutureState* s) { ++s->references_; }
  friend void intrusive_ptr_release(FutureState* s) {
    if (--s->references_ == 0) delete s;
  }
  void wake();

  int references_ = 0;
  Outcome outcome_ = Outcome::pending;
  Payload payload_;
  std::exception_ptr error_;
  std::vector<Waiter*> waiters_;
};
using FuturePtr = boost::intrusive_ptr<FutureState>;

/// CanceledError: "<what> was canceled".
std::exception_ptr canceled_error(std::string_view what);

struct UnreadSignal {
  Payload payload;
  std::string message_id;
  std::int64_t arrival;  ///< counted over all names
};

/// Signals of one name: those not yet received, and the receives that wait.
struct Channel {
  std::deque<UnreadSignal> unread;
  std::deque<FutureState*> receivers;
};

/// The part of an open command that only child workflows need.
struct OpenChild {
  FuturePtr started;
  Uuid run_id;
  std::string workflow_id;
  ParentClosePolicy policy = ParentClosePolicy::terminate;
  bool wait_for_cancellation = true;
  bool cancel_requested = false;
  std::unique_ptr<command::StartChild> undispatched;  ///< seen in replay, its start not
};

/// An open command: where its outcome goes, and what a reloaded run must dispatch again.
struct OpenCommand {
  FuturePtr future;
  Timestamp fire_at;                                        ///< timers
  std::unique_ptr<command::ScheduleActivity> undispatched;  ///< activities seen in replay only
  std::unique_ptr<OpenChild> child;
};

/// Somebody waits until this holds.
struct Condition {
  FutureState* future;
  std::function<bool()> holds;
};

// update_handler.hpp
struct UpdateHandler;
class RunningUpdate;

/// The two things that a child workflow brings: its start, and its end.
struct ChildFutures {
  FuturePtr started, result;
  Uuid run_id;
  std::string workflow_id;
};

class RunState {
 public:
  using Log = std::function<void(std::string_view level, std::string_view message)>;

  RunState();
  ~RunState();
  RunState(const RunState&) = delete;
  RunState& operator=(const RunState&) = delete;

  FuturePtr schedule_activity(const std::string& name, const ActivityOptions& options, bool transactional,
                              const std::function<Payload()>& input);
  /// Both are objects, or empty. Throws std::invalid_argument, in every replay alike.
  void modify_properties(Payload memo, Payload search_attributes);
  FuturePtr start_timer(Duration delay);
  FuturePtr receive(const std::string& signal, const Duration* timeout);
  void deliver(const std::string& signal, UnreadSignal message);
  void cancel(FutureState& future);
  /// Every await that is pending now throws CanceledError; later ones work as ever. Children are asked to end too,
  /// unless they are abandoned anyway; those that are waited for throw when they have ended.
  void cancel_everything();

  // children.cpp
  /// `start` without seq and run_id; an empty workflow id or queue gets its default.
  ChildFutures start_child(command::StartChild start, bool wait_for_cancellation,
                           const std::function<Payload()>& input);
  void child_started(CommandSeq seq);
  void child_start_failed(CommandSeq seq, const Failure& failure);
  void child_completed(CommandSeq seq, Payload result);
  void child_failed(CommandSeq seq, const Failure& failure);
  /// True if a child may be open that its parent's end concerns.
  bool has_dependent_children() const;
  /// Id of a run that this one starts by the command `salt`; the same in every replay. Not before `not_before`.
  Uuid derived_run_id(std::int64_t salt, std::chrono::milliseconds not_before) const;

  // updates.cpp
  void set_update_handler(const std::string& name, std::shared_ptr<const UpdateHandler> handler);
  /// Why this update is not to be accepted. Changes nothing.
  std::optional<Failure> refuse_update(const std::string& name, const Payload& input);
  void begin_update(const std::string& update_id, const std::string& name, const Payload& input);
  /// One of `result` and `failure` is set.
  void complete_update(const std::string& update_id, Payload result, std::optional<Failure> failure);
  /// Lets go of handlers that have ended. Throws what left one of them and fails no update.
  void reap_updates();
  /// The run ends: updates that it has not completed fail.
  void fail_open_updates();

  // queries.cpp
  void set_query_handler(const std::string& name, std::function<Payload(const Payload&)> handler);

  // conditions.cpp
  FuturePtr wait_until(std::function<bool()> holds);
  void forget_condition(FutureState& future);
  /// Wakes those whose condition holds; false: there was none.
  bool fire_conditions();

  // Branches. What a coroutine does while it runs belongs to `branch`.
  BranchId open_branch();
  void close_branch(BranchId id) { branches_.erase(id); }
  /// Cancels everything that this branch, and those opened in it, wait for now.
  void cancel_branch(BranchId id);

  /// Signals that nobody received, in the order of their arrival. Emptied.
  std::vector<command::CarriedSignal> take_unread();

  // What Futures do when they are let go:
  void forget_receiver(FutureState& future);
  void give_back(FutureState& future);
  void abandon_timer(FutureState& future);

  /// The workflow function has ended: handlers and conditions may refer to its variables, so none is called any more.
  void end_of_main();
  /// Called when the workflow function returns a result, while its variables are still there.
  std::function<void()> before_return;

  void post(std::coroutine_handle<> handle, BranchId of_branch) { ready_.push_back({handle, of_branch}); }
  void drain();
  /// A task that failed left a row with its inputs only; the commands that replaying it gave stand at the head of a
  /// later row.
  void match_issued();

  std::uint64_t next_random();

  // Facts about the run, set by Run.
  Uuid run_id;
  std::string workflow_id, workflow_type, task_queue;
  Timestamp now, started_at;
  Payload scheduled;  ///< a ScheduledBy as JSON, or empty
  Log log;
  bool replaying = false;
  bool cancel_requested = false;
  bool dropping = false;  ///< frames are being destroyed: nothing may be issued
  std::uint64_t random_state = 0;

  // Commands: issued now, or compared with what history expects.
  std::vector<Command> issued;
  const std::vector<Event>* history = nullptr;  ///< the row being replayed
  std::size_t next_event = 0;                   ///< index of the next line in it
  std::string nondeterminism;                   ///< not empty: the code parted from the history
  EventId first_event_id = 1;                   ///< id of history->front()
  CommandSeq last_seq = 0;
  std::int64_t last_arrival = 0;
  BranchId branch = 0;  ///< of the coroutine that runs
  // For continue_as_new_suggested():
  EventId handled_event = 0;  ///< id of the event that is being handled
  std::int64_t history_bytes = 0;

  std::map<CommandSeq, OpenCommand> open;
  std::set<CommandSeq> timers;  ///< those in `open` that fire by themselves; a run may wait for very many other things
  std::map<std::string, Channel, std::less<>> channels;
  std::vector<Condition> conditions;
  std::map<std::string, std::shared_ptr<const UpdateHandler>, std::less<>> update_handlers;
  std::map<std::string, std::unique_ptr<RunningUpdate>, std::less<>> updates;  ///< accepted, their handlers at work
  std::map<std::string, std::function<Payload(const Payload&)>, std::less<>> query_handlers;
  int open_updates = 0;      ///< accepted and not completed
  int accepted_updates = 0;  ///< in the whole run

  static constexpr int kMaxUpdates = 2000;  ///< that one run accepts: its history is to stay short

  /// While somebody who may only look is called, says who; set by ReadOnly.
  const char* read_only = nullptr;
  /// Throws ReadOnlyError.
  void check_writable() const;

 private:
  /// Frames are being destroyed, or the code parted from the history: whatever it asks for is void.
  bool inert() const { return dropping || !nondeterminism.empty(); }
  /// The line of history that records this command, so that it needs no new one; null beyond the recorded part.
  const Event* match(std::string_view event_type, CommandSeq seq, std::string_view name);
  void open_timer(const FuturePtr& future, Duration delay);
  void close_timer(CommandSeq seq);
  OpenCommand take_open_child(CommandSeq seq, std::string_view event);
  void cancel_child(CommandSeq seq);
  /// An abandoned child goes on whatever becomes of its parent: only the wait for it ends. False: it is none.
  bool let_go_of_abandoned(FutureState& future);
  void cancel_all(const std::vector<FuturePtr>& futures);
  bool is_within(BranchId id, BranchId ancestor) const;

  friend class holdfast::Run;
  struct Ready {
    std::coroutine_handle<> handle;
    BranchId branch;
  };
  std::vector<Ready> ready_;
  std::size_t ready_head_ = 0;
  std::map<BranchId, BranchId> branches_;  ///< open ones, and where each was opened
  BranchId last_branch_ = 0;
  /// A child that must not outlive the run went out of `open` before its end.
  bool lost_sight_of_child_ = false;
};

/// For the time of a call that may only look.
class ReadOnly {
 public:
  ReadOnly(RunState& run, const char* who) : run_(run), before_(std::exchange(run.read_only, who)) {}
  ~ReadOnly() { run_.read_only = before_; }
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;

 private:
  RunState& run_;
  const char* before_;
};

}  // namespace holdfast::detail
