#include <workflows/meter_errors.hpp>

namespace platform {

using namespace holdfast;

Workflow<MeterErrorsHandled> meter_errors(Context ctx, VendorEventKey event) {
  const auto errors = co_await ctx.run(read_meter_errors, event);
  for (const auto& rejected : errors.rejected) co_await ctx.run(record_rejected_usage, rejected);
  if (errors.unnamed > 0)
    ctx.log(std::to_string(errors.unnamed) + " errors without a name: " + errors.summary, "error");
  co_return MeterErrorsHandled{.rejected = static_cast<std::int64_t>(errors.rejected.size()),
                               .unnamed = errors.unnamed};
}

}  // namespace platform
