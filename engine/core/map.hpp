#pragma once

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <holdfast/core/errors.hpp>
#include <holdfast/core/workflow.hpp>

namespace holdfast {

/// What became of one input of map_settled.
template <class Out>
struct Settled {
  std::optional<Out> value;        ///< set if it succeeded
  std::optional<Failure> failure;  ///< set if it did not
};

namespace detail {

template <class T>
struct AwaitResult;
template <class T>
struct AwaitResult<Future<T>> {
  using type = T;
};
template <class T>
struct AwaitResult<Workflow<T>> {
  using type = T;
};

template <class Fn, class In>
using MapOut = typename AwaitResult<std::remove_cvref_t<std::invoke_result_t<Fn&, const In&>>>::type;

/// What the lanes of one map share. Lives in the frame of the coroutine that awaits them.
template <class In, class Out, class Fn>
struct MapState {
  std::vector<In> inputs;
  Fn fn;
  std::vector<Settled<Out>> results;
  std::vector<BranchId> branches;
  bool collect = false;
  std::size_t next = 0;
  std::size_t running = 0;
  std::exception_ptr error;  ///< ends the map: no further input is taken
  Waiter waiter;

  /// Called by the lane that met `error` first: the others' awaits throw CanceledError.
  void stop(RunState& run, BranchId failed) {
    error = std::current_exception();
    for (const auto branch : branches)
      if (branch != failed) run.cancel_branch(branch);
  }
};

template <class State>
Workflow<Nothing> map_lane(Context ctx, State& state, BranchId branch) {
  while (state.next < state.inputs.size() && !state.error) {
    const auto index = state.next++;
    auto& result = state.results[index];
    try {
      result.value.emplace(co_await state.fn(std::as_const(state.inputs[index])));
    } catch (const CanceledError& e) {
      // The run's own cancellation ends the whole map, or all the inputs that are left would run after it.
      if (state.collect && !ctx.cancel_requested())
        result.failure = e.failure();
      else if (!state.error)
        state.stop(ctx.state(), branch);
    } catch (const FailureError& e) {
      if (state.collect)
        result.failure = e.failure();
      else if (!state.error)
        state.stop(ctx.state(), branch);
    } catch (...) {
      if (!state.error) state.stop(ctx.state(), branch);
    }
  }
  if (--state.running == 0) ctx.state().post(state.waiter.handle, state.waiter.branch);
  co_return Nothing{};
}

/// Starts the lanes and waits until all have ended, also those that were canceled: they may be cleaning up.
template <class State>
class MapAwaiter {
 public:
  MapAwaiter(Context ctx, State& state, std::size_t lanes) : run_(ctx.state()), state_(state) {
    state_.running = lanes;
    for (std::size_t i = 0; i < lanes; ++i) {
      state_.branches.push_back(run_.open_branch());
      lanes_.push_back(map_lane(ctx, state_, state_.branches.back()));
    }
  }
  MapAwaiter(const MapAwaiter&) = delete;
  ~MapAwaiter() {
    for (const auto branch : state_.branches) run_.close_branch(branch);
  }

  using EngineAwaitable = void;
  bool await_ready() const { return lanes_.empty(); }
  void await_suspend(std::coroutine_handle<> handle) {
    state_.waiter.handle = handle;
    state_.waiter.branch = run_.branch;
    for (std::size_t i = 0; i < lanes_.size(); ++i) run_.post(lanes_[i].handle(), state_.branches[i]);
  }
  void await_resume() const {
    if (state_.error) std::rethrow_exception(state_.error);
  }

 private:
  RunState& run_;
  State& state_;
  std::vector<Workflow<Nothing>> lanes_;
};

template <class In, class Fn>
Workflow<std::vector<Settled<MapOut<Fn, In>>>> run_map(Context ctx, std::vector<In> inputs, std::size_t concurrency,
                                                       Fn fn, bool collect) {
  MapState<In, MapOut<Fn, In>, Fn> state{.inputs = std::move(inputs),
                                         .fn = std::move(fn),
                                         .results = {},
                                         .branches = {},
                                         .collect = collect,
                                         .error = {},
                                         .waiter = {}};
  state.results.resize(state.inputs.size());
  co_await MapAwaiter(ctx, state, std::min(std::max<std::size_t>(concurrency, 1), state.inputs.size()));
  co_return std::move(state.results);
}

}  // namespace detail

/// Calls `fn(input)` for every input, at most `concurrency` of them at a time, and gives the values in the order of the
/// inputs. `fn` returns a Future (an activity, a child workflow) or a Workflow (a sub-coroutine):
///
///     auto texts = co_await map(ctx, urls, 8, [&](const Url& url) { return ctx.run(fetch, url); });
///
/// The first failure ends it: no further input is taken, what the others wait for is canceled, and when all have ended
/// the failure is thrown. `fn` itself must not be a coroutine with captures; calling one, as above, is fine. A
/// concurrency of 0 counts as 1. Costs the same per input however many there are.
template <class In, class Fn>
Workflow<std::vector<detail::MapOut<Fn, In>>> map(Context ctx, std::vector<In> inputs, std::size_t concurrency, Fn fn) {
  auto settled = co_await detail::run_map(ctx, std::move(inputs), concurrency, std::move(fn), false);
  std::vector<detail::MapOut<Fn, In>> values;
  values.reserve(settled.size());
  for (auto& one : settled) values.push_back(std::move(*one.value));
  co_return values;
}

/// The same, but a failure is kept as the outcome of its input, and the others go on. Only the cancellation of the run,
/// and exceptions that are no FailureError, end it early.
template <class In, class Fn>
Workflow<std::vector<Settled<detail::MapOut<Fn, In>>>> map_settled(Context ctx, std::vector<In> inputs,
                                                                   std::size_t concurrency, Fn fn) {
  co_return co_await detail::run_map(ctx, std::move(inputs), concurrency, std::move(fn), true);
}

}  // namespace holdfast
