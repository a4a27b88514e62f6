// The core alone: one workflow, fed with its start, asks for its activity.
#include <cstdio>
#include <variant>

#include <holdfast/core/run.hpp>

#include "contract.hpp"

using namespace holdfast;

Workflow<greeting::Greeting> greet(Context ctx, greeting::Person person) {
  co_return co_await ctx.run(greeting::kCompose, person);
}

int main() {
  WorkflowDefinition definition = define(greeting::kGreet, greet);
  Run run(definition, {.run_id = {},
                       .workflow_id = "greet-1",
                       .workflow_type = "Greet",
                       .task_queue = "greetings",
                       .input = R"({"name":"Ada"})",
                       .started_at = {}});
  std::printf("core: a run of %s that is %s\n", definition.name.c_str(), run.started() ? "started" : "new");
  return run.closed() ? 1 : 0;
}
