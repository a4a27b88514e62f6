#pragma once

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include <holdfast/core/future.hpp>

namespace holdfast {

namespace detail {

/// Suspends until `needed` of the futures are ready. Holds pointers: the futures outlive it in the awaiting frame.
class ManyAwaiter {
 public:
  ManyAwaiter(std::vector<FutureState*> states, bool all) : all_(all) {
    for (auto* s : states) states_.emplace_back(s);
  }
  ManyAwaiter(const ManyAwaiter&) = delete;
  ~ManyAwaiter() { detach(); }

  bool await_ready() const {
    const auto ready = std::ranges::count_if(states_, [](const FuturePtr& s) { return s->ready(); });
    return all_ ? static_cast<std::size_t>(ready) == states_.size() : ready > 0 || states_.empty();
  }
  void await_suspend(std::coroutine_handle<> handle) {
    waiter_.handle = handle;
    waiter_.branch = states_.front()->run_->branch;
    const auto pending = std::ranges::count_if(states_, [](const FuturePtr& s) { return !s->ready(); });
    waiter_.needed = all_ ? static_cast<int>(pending) : 1;
    attached_ = true;
    for (auto& s : states_)
      if (!s->ready()) s->add_waiter(waiter_);
  }

 protected:
  void detach() {
    if (std::exchange(attached_, false))
      for (auto& s : states_) s->remove_waiter(waiter_);
  }
  std::vector<FuturePtr> states_;
  bool all_;
  bool attached_ = false;
  Waiter waiter_{};
};

template <class... T>
struct AllOf : ManyAwaiter {
  std::tuple<Future<T>...> futures;
  explicit AllOf(Future<T>&&... f) : ManyAwaiter({&f.state()...}, true), futures(std::move(f)...) {}
  std::tuple<T...> await_resume() {
    detach();
    // Braces fix the order: the first error by position is the one thrown, whatever order the outcomes came in.
    return std::apply([](auto&... f) { return std::tuple<T...>{take_value<T>(f.state())...}; }, futures);
  }
  using EngineAwaitable = void;
};

template <class T>
struct AllOfVector : ManyAwaiter {
  std::vector<Future<T>> futures;
  static std::vector<FutureState*> states_of(const std::vector<Future<T>>& f) {
    std::vector<FutureState*> states;
    for (const auto& future : f) states.push_back(&future.state());
    return states;
  }
  explicit AllOfVector(std::vector<Future<T>> f) : ManyAwaiter(states_of(f), true), futures(std::move(f)) {}
  std::vector<T> await_resume() {
    detach();
    std::vector<T> values;
    values.reserve(futures.size());
    for (auto& f : futures) values.push_back(take_value<T>(f.state()));
    return values;
  }
  using EngineAwaitable = void;
};

struct AnyOf : ManyAwaiter {
  explicit AnyOf(std::vector<FutureState*> states) : ManyAwaiter(std::move(states), false) {}
  std::size_t await_resume() {
    detach();
    const auto first = std::ranges::find_if(states_, [](const FuturePtr& s) { return s->ready(); });
    return static_cast<std::size_t>(first - states_.begin());
  }
  using EngineAwaitable = void;
};

}  // namespace detail

/// Waits for all, also when one fails; then gives the values in argument order, or throws the first error by position.
template <class... T>
[[nodiscard]] auto when_all(Future<T>... futures) {
  return detail::AllOf<T...>(std::move(futures)...);
}

template <class T>
[[nodiscard]] auto when_all(std::vector<Future<T>> futures) {
  return detail::AllOfVector<T>(std::move(futures));
}

/// Waits until one is ready and gives the index of the first ready one by position; await that one for its value. The
/// others stay as they are; they must outlive the co_await.
template <class... T>
[[nodiscard]] auto when_any(Future<T>&... futures) {
  return detail::AnyOf({&futures.state()...});
}

template <class T>
[[nodiscard]] auto when_any(std::vector<Future<T>>& futures) {
  return detail::AnyOf(detail::AllOfVector<T>::states_of(futures));
}

}  // namespace holdfast
