#include <workflows/call_started.hpp>

#include <activities/broadcasts.hpp>
#include <activities/call_record.hpp>
#include <workflows/optional_step.hpp>

namespace platform {

using namespace holdfast;

Workflow<Nothing> call_started(Context ctx, CallKey call) {
  co_await ctx.run(insert_call, call);
  co_await optional_step(ctx, call, "broadcast",
                         ctx.run(broadcast_call, {.call = call, .event = "call_started", .duration_ms = 0}));
  co_return Nothing{};
}

}  // namespace platform
