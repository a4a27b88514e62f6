#pragma once

#include <functional>
#include <string>

#include <holdfast/core/workflow.hpp>

namespace holdfast {

/// A workflow type as the engine runs it: its name, and how to begin a run from a JSON input.
struct WorkflowDefinition {
  std::string name;
  std::function<Workflow<Payload>(Context, Payload)> begin;
};

namespace detail {

template <class In, class Out>
Workflow<Payload> run_typed(Context ctx, Payload input, Workflow<Out> (*function)(Context, In)) {
  std::optional<In> in;
  try {
    in = decode<In>(input);
  } catch (const CodecError& e) {
    // No repetition of the task would mend it, so the run ends with a failure that everybody sees.
    throw ApplicationError("InvalidInput", e.what(), true);
  }
  auto workflow = function(ctx, std::move(*in));
  workflow.handle().promise().main_ = true;
  Out out = co_await std::move(workflow);
  co_return encode(out);
}

}  // namespace detail

/// Binds a workflow function to its type; another signature does not compile.
template <class In, class Out>
WorkflowDefinition define(const WorkflowType<In, Out>& type,
                          std::type_identity_t<Workflow<Out> (*)(Context, In)> function) {
  return {type.name, [function](Context ctx, Payload input) {
            return detail::run_typed<In, Out>(ctx, std::move(input), function);
          }};
}

}  // namespace holdfast
