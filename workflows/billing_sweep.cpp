#include <workflows/billing_sweep.hpp>

namespace platform {

using namespace holdfast;

Workflow<BillingSwept> billing_sweep(Context ctx, SweepBilling in) {
  if (in.grace_seconds < 0 || in.grace_seconds > 86'400)
    throw ApplicationError("InvalidInput",
                           "grace_seconds is " + std::to_string(in.grace_seconds) + ", allowed are 0 to 86400", true);
  BillingSwept swept;
  BillingPage page{.after = {}, .grace_seconds = in.grace_seconds};
  do {
    const auto started = co_await ctx.run(start_due_billing, page);
    swept.organizations += started.organizations;
    swept.due += started.due;
    page.after = started.last;
  } while (!page.after.is_nil());
  co_return swept;
}

}  // namespace platform
