#include "billing_model.hpp"

#include <algorithm>

#include <cctz/civil_time.h>

namespace platform::test {

using holdfast::Timestamp;
using std::chrono::microseconds;
using std::chrono::seconds;

Timestamp boundary(Timestamp anchor, const cctz::time_zone& zone, int months) {
  const auto whole = std::chrono::floor<seconds>(anchor);
  const auto local = cctz::convert(whole, zone);
  const cctz::civil_month month = cctz::civil_month(local) + months;
  const int last_day = static_cast<int>(cctz::civil_day(month + 1) - cctz::civil_day(month));
  const cctz::civil_second wanted(month.year(), month.month(), std::min(local.day(), last_day), local.hour(),
                                  local.minute(), local.second());
  const auto found = zone.lookup(wanted);
  const auto at = found.kind == cctz::time_zone::civil_lookup::REPEATED ? found.post : found.pre;
  return at + (anchor - whole);
}

std::int64_t BillingModel::included(Timestamp start, Timestamp end) const {
  auto sorted = plans;
  std::ranges::sort(sorted, {}, &Plan::effective_at);
  __int128 share = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto from = i == 0 ? start : std::max(start, sorted[i].effective_at);
    const auto to = i + 1 < sorted.size() ? std::min(end, sorted[i + 1].effective_at) : end;
    if (from < to) share += static_cast<__int128>(sorted[i].minutes) * (to - from).count();
  }
  const auto length = (end - start).count();
  return static_cast<std::int64_t>((share + length - 1) / length);
}

std::vector<BillingModel::Period> BillingModel::periods(Timestamp now) const {
  std::vector<Period> out;
  for (int n = 0;; ++n) {
    Period period{.start = boundary(anchor, zone, n), .end = boundary(anchor, zone, n + 1)};
    if (period.end > now) return out;
    period.included = included(period.start, period.end);
    for (const auto& call : calls)
      if (call.ended_at < period.end && (call.ended_at >= period.start || n == 0)) period.used += call.minutes;
    out.push_back(period);
  }
}

}  // namespace platform::test
