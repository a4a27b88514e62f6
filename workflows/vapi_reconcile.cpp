#include <workflows/vapi_reconcile.hpp>

#include <algorithm>

namespace platform {

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

constexpr Duration kReportsOwnTime = 10min;
constexpr std::int64_t kPage = 100, kLargestPage = 1000;  // the vendor's limit

}  // namespace

Workflow<Reconciled> vapi_reconcile(Context ctx, ReconcileRequest request) {
  Reconciled sum;
  ReconcilePage next{.after = ctx.now() - std::chrono::seconds(request.look_back_s),
                     .before = ctx.now() - kReportsOwnTime,
                     .limit = kPage};
  for (;;) {
    const auto page = co_await ctx.run(reconcile_calls, next);
    sum.seen += page.seen;
    sum.filed += page.filed;
    sum.ownerless += page.ownerless;
    if (!page.oldest || *page.oldest <= next.after) co_return sum;
    // `before` includes its moment, so that none is missed that changed in it; a page full of them must be larger.
    const bool stuck = *page.oldest >= next.before;
    if (stuck && next.limit == kLargestPage)
      throw ApplicationError("TooManyAtOnce", "more than 1000 calls changed at " + to_rfc3339(next.before), true);
    next.limit = stuck ? kLargestPage : kPage;
    next.before = *page.oldest;
  }
}

}  // namespace platform
