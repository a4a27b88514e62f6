#include "bench_workflows.hpp"

#include <thread>

namespace bench {

using holdfast::Context;
using holdfast::Workflow;

namespace {

Workflow<Text> steps8(Context ctx, Text) {
  Text last;
  for (int i = 1; i <= 8; ++i) last = co_await ctx.run(step, {.step = i});
  co_return Text{"done"};
}

Workflow<Text> job(Context ctx, Text) { co_return co_await ctx.run(step, {.step = 1}); }

Workflow<Text> keyed_job(Context ctx, Text key) {
  co_return co_await ctx.run(step.with_limit_key(key.text), {.step = 1});
}

Workflow<Text> sleeper(Context ctx, SleepInput in) {
  co_await ctx.sleep(std::chrono::milliseconds(in.milliseconds));
  co_return Text{"awake"};
}

Workflow<Text> waiter(Context ctx, Text) { co_return co_await ctx.receive(wake_up); }

Text do_step(const StepInput&, holdfast::worker::ActivityContext&) { return {std::string(188, 'x')}; }

Text do_pause(const SleepInput& in, holdfast::worker::ActivityContext&) {
  std::this_thread::sleep_for(std::chrono::milliseconds(in.milliseconds));
  return {"rested"};
}

}  // namespace

Workflow<Text> chain(Context ctx, ChainInput in) {
  for (std::int64_t i = 1; i <= in.steps; ++i) {
    if (in.milliseconds > 0)
      co_await ctx.run(pause, {.milliseconds = in.milliseconds});
    else
      co_await ctx.run(step, {.step = i});
  }
  co_return Text{"done"};
}

void register_bench_workflows(holdfast::worker::Registry& registry) {
  registry.add(kSteps8, steps8);
  registry.add(kJob, job);
  registry.add(kKeyedJob, keyed_job);
  registry.add(kChain, chain);
  registry.add(kSleeper, sleeper);
  registry.add(kWaiter, waiter);
  registry.add(step, do_step);
  registry.add(pause, do_pause);
}

}  // namespace bench
