#include <workflows/pattern_sweep.hpp>

#include <workflows/calendar_date.hpp>

namespace platform {

using namespace holdfast;

Workflow<PatternsSwept> pattern_sweep(Context ctx, SweepPatterns in) {
  using std::chrono::days;
  // A tick that is made up for late is still for its own day.
  const auto by = ctx.schedule();
  const auto yesterday = std::chrono::floor<days>(by ? by->scheduled_at : ctx.started_at()) - days(1);
  const auto day = in.day.empty() ? yesterday : parse_date("day", in.day);
  PatternsSwept done;
  DiscoveryPage page{.day = to_text(day), .after = {}};
  for (;;) {
    const auto started = co_await ctx.run(start_discoveries, page);
    done.organizations += started.organizations;
    done.started += started.started;
    if (started.organizations < kDiscoveriesPerPage) co_return done;
    page.after = started.last;
  }
}

}  // namespace platform
