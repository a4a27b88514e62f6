#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <holdfast/core/workflow.hpp>

// What Context::on_update and on_query keep, and how a handler runs. Included by workflow.hpp.
namespace holdfast {
namespace detail {

/// An update of one name, by JSON. Shared by the run and the handlers at work, which may outlive a replacement.
struct UpdateHandler {
  std::function<void(const Payload&)> check;  ///< throws to reject; whatever has no validator is still decoded
  std::function<Workflow<Payload>(Context, Payload)> run;
};

/// A handler at work.
class RunningUpdate {
 public:
  explicit RunningUpdate(Workflow<Nothing> coroutine) : coroutine_(std::move(coroutine)) {}
  Workflow<Nothing>& coroutine() { return coroutine_; }

 private:
  Workflow<Nothing> coroutine_;
};

template <class In>
In update_input(const Payload& input) {
  try {
    return decode<In>(input);
  } catch (const CodecError& e) {
    throw ApplicationError("InvalidInput", e.what(), true);
  }
}

template <class Handler, class In>
decltype(auto) call_handler(Handler& handler, Context ctx, In&& input) {
  if constexpr (std::is_invocable_v<Handler&, Context, In>)
    return handler(ctx, std::forward<In>(input));
  else
    return handler(std::forward<In>(input));
}

/// `handler` lives as long as the UpdateHandler.
template <class In, class Out, class Handler>
Workflow<Payload> run_handler(Context ctx, Payload input, Handler& handler) {
  using Returned = std::remove_cvref_t<decltype(call_handler(handler, ctx, std::declval<In>()))>;
  auto in = update_input<In>(input);
  if constexpr (std::is_same_v<Returned, Workflow<Out>>) {
    Out out = co_await call_handler(handler, ctx, std::move(in));
    co_return encode(out);
  } else if constexpr (std::is_void_v<Returned>) {
    call_handler(handler, ctx, std::move(in));
    co_return encode(Out{});
  } else {
    co_return encode<Out>(call_handler(handler, ctx, std::move(in)));
  }
}

}  // namespace detail

template <class In, class Out, class Validator, class Handler>
void Context::on_update(const Update<In, Out>& update, Validator validator, Handler handler) {
  auto stored = std::make_shared<detail::UpdateHandler>();
  stored->check = [validator = std::move(validator)](const Payload& input) mutable {
    const In in = detail::update_input<In>(input);
    validator(in);
  };
  stored->run = [shared = std::make_shared<Handler>(std::move(handler))](Context ctx, Payload input) {
    return detail::run_handler<In, Out, Handler>(ctx, std::move(input), *shared);
  };
  run_->set_update_handler(update.name, std::move(stored));
}

template <class In, class Out, class Handler>
void Context::on_query(const Query<In, Out>& query, Handler handler) {
  run_->set_query_handler(query.name, [handler = std::move(handler)](const Payload& input) mutable -> Payload {
    const In in = detail::update_input<In>(input);
    return encode<Out>(handler(in));
  });
}

template <class In, class Out, class Handler>
void Context::on_update(const Update<In, Out>& update, Handler handler) {
  on_update(update, [](const In&) {}, std::move(handler));
}

}  // namespace holdfast
