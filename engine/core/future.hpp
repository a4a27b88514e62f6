#pragma once

#include <optional>
#include <utility>

#include <holdfast/core/codec.hpp>
#include <holdfast/core/errors.hpp>
#include <holdfast/core/run_state.hpp>

namespace holdfast {

namespace detail {

template <class T>
T take_value(FutureState& state) {
  if (state.outcome() == Outcome::failed) state.rethrow();
  state.taken_ = true;
  if constexpr (codec::is_optional<T>::value) {
    if (state.kind_ == FutureKind::message) {
      if (state.outcome() == Outcome::none) return std::nullopt;
      return take_value<typename T::value_type>(state);
    }
  }
  if constexpr (std::is_same_v<T, Nothing>) {
    return {};
  } else {
    if (state.kind_ != FutureKind::message) return decode<T>(state.payload());
    try {
      return decode<T>(state.payload());
    } catch (const CodecError& e) {
      // The sender's mistake, not the code's: the workflow may catch it, and repeating the task would not help.
      throw ApplicationError("InvalidSignal", "signal " + state.name_ + ": " + e.what(), true);
    }
  }
}

}  // namespace detail

/// The outcome of an activity, a timer or a receive that was issued already. Await it to get its value, or to have its
/// error thrown. Move-only; belongs to its run; await it once.
/// Letting go of a timer that has not fired cancels it; an activity goes on, its result unseen.
template <class T>
class [[nodiscard("co_await the future, or keep it")]] Future {
 public:
  explicit Future(detail::FuturePtr state) : state_(std::move(state)) {}
  Future(Future&&) noexcept = default;
  Future& operator=(Future&& other) noexcept {
    if (this != &other) {
      release();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~Future() { release(); }

  /// True if awaiting it would not suspend.
  bool ready() const { return state_->ready(); }
  /// Asks for cancellation: the future then throws CanceledError, unless it is ready already.
  void cancel() {
    if (state_->run_) state_->run_->cancel(*state_);
  }

  struct Awaiter {
    detail::FuturePtr state;
    detail::Waiter waiter{};
    bool suspended = false;

    bool await_ready() const { return state->ready(); }
    void await_suspend(std::coroutine_handle<> handle) {
      waiter.handle = handle;
      waiter.branch = state->run_->branch;
      suspended = true;
      state->add_waiter(waiter);
    }
    T await_resume() {
      suspended = false;
      return detail::take_value<T>(*state);
    }

    explicit Awaiter(detail::FuturePtr s) : state(std::move(s)) {}
    Awaiter(const Awaiter&) = delete;
    ~Awaiter() {
      if (suspended) state->remove_waiter(waiter);
    }
  };
  using EngineAwaitable = void;
  Awaiter operator co_await() & { return Awaiter(state_); }
  Awaiter operator co_await() && { return Awaiter(state_); }

  detail::FutureState& state() const { return *state_; }

 private:
  void release() {
    if (state_) state_->abandon();
    state_.reset();
  }
  detail::FuturePtr state_;
};

}  // namespace holdfast
