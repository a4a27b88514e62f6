#include <workflows/webhook_redelivery.hpp>

namespace platform {

using namespace holdfast;

Workflow<Redelivered> webhook_redelivery(Context ctx, RedeliveryRange range) {
  Redelivered done;
  for (;;) {
    const auto page = co_await ctx.run(redeliver_page, range);
    done.messages += page.started;
    if (!page.last) co_return done;
    range.after = page.last;
  }
}

}  // namespace platform
