#include "transfer.hpp"

#include <thread>

#include <pqxx/pqxx>

namespace chaos {

using holdfast::Context;
using holdfast::Nothing;
using holdfast::Workflow;
using holdfast::worker::ActivityContext;

namespace {

const holdfast::TransactionalActivity<Effect> write_effect{"write_effect",
                                                           {.start_to_close = std::chrono::seconds(20)}};
const holdfast::Activity<Effect> think{
    "think",
    {.start_to_close = std::chrono::seconds(20), .retry = {.initial_interval = std::chrono::milliseconds(50)}}};

Workflow<Effect> transfer(Context ctx, TransferInput in) {
  Effect effect{.workflow_id = ctx.workflow_id(), .step = 0};
  const auto next = [&effect] {
    ++effect.step;
    return effect;
  };
  co_await ctx.run(write_effect, next());
  co_await ctx.run(think, effect);
  co_await ctx.run(write_effect, next());
  co_await ctx.run(write_effect, next());
  co_await ctx.sleep(std::chrono::milliseconds(in.pause_ms));
  co_await ctx.run(write_effect, next());
  for (std::int64_t i = 0; i < kApprovals; ++i) {
    const auto approval = co_await ctx.receive(approved);
    co_await ctx.run(write_effect, {.workflow_id = ctx.workflow_id(), .step = 100 + approval.number});
  }
  co_await ctx.run(think, effect);
  co_await ctx.run(write_effect, next());
  co_return effect;
}

Nothing do_write(const Effect& effect, pqxx::transaction_base& tx, ActivityContext&) {
  tx.exec_params("INSERT INTO chaos.effects (workflow_id, step) VALUES ($1, $2)", effect.workflow_id, effect.step);
  return {};
}

/// Some attempts fail, so that retries are among what gets interrupted.
Nothing do_think(const Effect& effect, ActivityContext& context) {
  std::this_thread::sleep_for(std::chrono::milliseconds(effect.workflow_id.size() % 7));
  if (context.attempt() == 1 && effect.workflow_id.back() == '3') throw std::runtime_error("not in the mood");
  return {};
}

}  // namespace

holdfast::WorkflowDefinition transfer_definition() { return holdfast::define(kTransfer, transfer); }

void register_transfer(holdfast::worker::Registry& registry) {
  registry.add_workflow(transfer_definition());
  registry.add(write_effect, do_write);
  registry.add(think, do_think);
}

}  // namespace chaos
