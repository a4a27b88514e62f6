#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <holdfast/core/context.hpp>

namespace holdfast {

template <class T>
class Workflow;

namespace detail {

template <class A>
concept EngineAwaitable = requires { typename std::remove_cvref_t<A>::EngineAwaitable; };

/// What every workflow coroutine's promise has: its run, who waits for it, and how it ended.
class WorkflowPromiseBase {
 public:
  /// The first parameter of a workflow coroutine is its Context (after the object, of lambdas and member functions);
  /// the others do not matter here.
  explicit WorkflowPromiseBase(Context context) : run_(&context.state()) {}

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      auto& promise = self.promise();
      promise.finished_ = true;
      if (promise.main_) promise.run_->end_of_main();
      // Through the queue, never by symmetric transfer: the order is defined and the stack does not grow.
      if (promise.continuation_) promise.run_->post(promise.continuation_, promise.continuation_branch_);
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() { error_ = std::current_exception(); }

  /// Only the engine's awaitables: anything else would break replay, so it does not compile.
  template <EngineAwaitable A>
  A&& await_transform(A&& awaitable) {
    return std::forward<A>(awaitable);
  }

  RunState* run_;
  std::coroutine_handle<> continuation_;
  BranchId continuation_branch_ = 0;
  std::exception_ptr error_;
  bool finished_ = false;
  bool main_ = false;  ///< the workflow function itself: what it has in its variables is gone when it ends
};

template <class T>
class WorkflowPromise : public WorkflowPromiseBase {
 public:
  template <class... Rest>
  explicit WorkflowPromise(Context context, Rest&&...) : WorkflowPromiseBase(context) {}
  template <class Object, class... Rest>
    requires(!std::is_same_v<std::remove_cvref_t<Object>, Context>)
  explicit WorkflowPromise(Object&&, Context context, Rest&&...) : WorkflowPromiseBase(context) {}
  Workflow<T> get_return_object();
  template <std::convertible_to<T> U>
  void return_value(U&& value) {
    if (main_ && run_->before_return) run_->before_return();  // before: `value` may be one of its variables
    value_.emplace(std::forward<U>(value));
  }
  std::optional<T> value_;
};

}  // namespace detail

/// A workflow coroutine: `Workflow<Out> name(Context ctx, In input)`. Parameters by value. Started by the engine, or as
/// a sub-coroutine by awaiting it: `co_await name(ctx, input)`. Move-only; owns its frame.
template <class T = Nothing>
class [[nodiscard("co_await the sub-workflow")]] Workflow {
 public:
  using promise_type = detail::WorkflowPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;
  using Result = T;

  explicit Workflow(Handle handle) : handle_(handle) {}
  Workflow(Workflow&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Workflow& operator=(Workflow&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Workflow() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> parent) {
    auto& promise = handle_.promise();
    promise.continuation_ = parent;
    promise.continuation_branch_ = promise.run_->branch;
    promise.run_->post(handle_, promise.run_->branch);
  }
  T await_resume() { return take(); }
  using EngineAwaitable = void;

  // For the engine:
  Handle handle() const { return handle_; }
  bool finished() const { return handle_.promise().finished_; }
  T take() {
    auto& promise = handle_.promise();
    if (promise.error_) std::rethrow_exception(promise.error_);
    return std::move(*promise.value_);
  }

 private:
  Handle handle_;
};

template <class T>
Workflow<T> detail::WorkflowPromise<T>::get_return_object() {
  return Workflow<T>(Workflow<T>::Handle::from_promise(*this));
}

}  // namespace holdfast

#include <holdfast/core/update_handler.hpp>
