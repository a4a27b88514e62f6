#pragma once

#include <coroutine>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
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
};

enum class Outcome : std::uint8_t { pending, value, none, failed };
enum class FutureKind : std::uint8_t { activity, timer, message };

/// What an activity, a timer or a receive will bring. Owned by the Future and, while the command is open, by the run.
/// One thread at a time, so the count is plain.
class FutureState {
 public:
  FutureState(RunState& run, FutureKind kind, CommandSeq seq) : run_(&run), kind_(kind), seq_(seq) {}

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
  std::string name_;    ///< activity or signal

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

/// Signals of one name: those not yet received, and the receives that wait.
struct Channel {
  std::deque<Payload> unread;
  std::deque<FutureState*> receivers;
};

/// An open command: where its outcome goes, and what a reloaded run must dispatch again.
struct OpenCommand {
  FuturePtr future;
  Timestamp fire_at;                                        ///< timers
  std::unique_ptr<command::ScheduleActivity> undispatched;  ///< activities seen in replay only
};

class RunState {
 public:
  using Log = std::function<void(std::string_view level, std::string_view message)>;

  FuturePtr schedule_activity(const std::string& name, const ActivityOptions& options, bool transactional,
                              const std::function<Payload()>& input);
  FuturePtr start_timer(Duration delay);
  FuturePtr receive(const std::string& signal, const Duration* timeout);
  void deliver(const std::string& signal, Payload payload);
  void cancel(FutureState& future);
  /// Every await that is pending now throws CanceledError; later ones work as ever.
  void cancel_everything();

  // What Futures do when they are let go:
  void forget_receiver(FutureState& future);
  void give_back(FutureState& future);
  void abandon_timer(FutureState& future);

  void post(std::coroutine_handle<> handle) { ready_.push_back(handle); }
  void drain();
  /// A task that failed left a row with its inputs only; the commands that replaying it gave stand at the head of a
  /// later row.
  void match_issued();

  std::uint64_t next_random();

  // Facts about the run, set by Run.
  Uuid run_id;
  std::string workflow_id, workflow_type, task_queue;
  Timestamp now, started_at;
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

  std::map<CommandSeq, OpenCommand> open;
  std::map<std::string, Channel, std::less<>> channels;

 private:
  /// Frames are being destroyed, or the code parted from the history: whatever it asks for is void.
  bool inert() const { return dropping || !nondeterminism.empty(); }
  /// The line of history that records this command, so that it needs no new one; null beyond the recorded part.
  const Event* match(std::string_view event_type, CommandSeq seq, std::string_view name);
  void open_timer(const FuturePtr& future, Duration delay);
  void close_timer(CommandSeq seq);

  friend class holdfast::Run;
  std::vector<std::coroutine_handle<>> ready_;
  std::size_t ready_head_ = 0;
};

}  // namespace holdfast::detail
