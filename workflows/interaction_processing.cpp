#include <workflows/interaction_processing.hpp>

#include <optional>
#include <utility>

namespace platform {

using namespace holdfast;

namespace {

/// Awaits a step that may fail: its value, or nothing once it finally failed, which is recorded.
template <class T>
Workflow<std::optional<T>> or_nothing(Context ctx, InteractionKey interaction, std::string step, Future<T> future) {
  std::string error;
  try {
    co_return co_await future;
  } catch (const ActivityError& e) {
    error = e.what();
  }
  co_await ctx.run(record_interaction_failure, {.interaction = interaction, .step = step, .error = error});
  co_return std::nullopt;
}

}  // namespace

Workflow<InteractionProcessed> interaction_processing(Context ctx, InteractionKey interaction) {
  InteractionProcessed done;

  // What it is about: with the language model, or else in its own words.
  auto text = co_await or_nothing(ctx, interaction, "description",
                                  ctx.run(describe_interaction, {.interaction = interaction, .plainly = false}));
  if (!text) {
    done.failed_steps.emplace_back("description");
    text = co_await ctx.run(describe_interaction, {.interaction = interaction, .plainly = true});
  }
  done.products = static_cast<std::int64_t>(text->products.size());

  // Stored and counted in one commit. An embedding that cannot be had now is made by PatternDiscovery.
  done.counted = (co_await ctx.run(store_interaction, {.interaction = interaction, .text = *text})).counted;
  const auto embedded = co_await or_nothing(ctx, interaction, "embedding", ctx.run(embed_interaction, interaction));
  if (!embedded) done.failed_steps.emplace_back("embedding");
  co_return done;
}

}  // namespace platform
