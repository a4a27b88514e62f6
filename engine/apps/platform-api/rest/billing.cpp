#include <rest/cursor.hpp>
#include <rest/resources.hpp>

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;

// What the period would cost if it ended now, by the ledger and the plans so far, which is what is billed in the end.
constexpr Statement kPreview{"rest_billing_preview", R"(
SELECT json_build_object('period_start', o.period_start, 'period_end', o.period_end, 'plan', o.plan_id,
         'plan_minutes', o.plan_minutes, 'included_minutes', i.minutes, 'minutes', l.minutes, 'calls', l.calls,
         'overage_minutes', greatest(l.minutes - i.minutes, 0), 'overage_cents_per_minute', p.overage_cents,
         'overage_cents', greatest(l.minutes - i.minutes, 0) * p.overage_cents, 'currency', 'usd', 'as_of', now())
FROM platform.organizations o
JOIN platform.plans p ON p.id = o.plan_id
CROSS JOIN LATERAL (SELECT coalesce(sum(minutes), 0)::bigint AS minutes, count(*) FILTER (WHERE source LIKE 'call:%') AS calls
                    FROM platform.usage_ledger WHERE organization_id = $1::uuid AND period_start = o.period_start) l
CROSS JOIN LATERAL (SELECT platform.included_minutes(o.id, o.period_start, o.period_end) AS minutes) i
WHERE o.id = $1::uuid)"};

constexpr Statement kEvents{"rest_billing_events", R"(
SELECT json_build_object('identifier', e.identifier, 'kind', e.kind, 'quantity', e.quantity, 'detail', e.detail,
         'created_at', e.created_at), e.created_at, e.identifier
FROM platform.billing_events e
WHERE e.organization_id = $1::uuid AND (e.created_at, e.identifier) < ($2::timestamptz, $3)
ORDER BY e.created_at DESC, e.identifier DESC LIMIT $4::integer)"};

HttpResponse preview(Call& call) {
  call.query.done();
  return json_response(call.sql(kPreview, call.tenant())[0][0].c_str());
}

HttpResponse events(Call& call) {
  const auto limit = call.query.limit();
  const auto cursor = call.query.text("cursor", 1000);
  call.query.done();
  const auto before = cursor ? decode_cursor("cursor", *cursor, 2) : std::vector<std::string>{"infinity", ""};
  return page_of(call.sql(kEvents, call.tenant(), before[0], before[1], limit + 1), limit);
}

}  // namespace

void add_billing(Router& router) {
  router.add("GET", "/v1/billing/preview", Access::read, preview);
  router.add("GET", "/v1/billing/events", Access::read, events);
}

}  // namespace platform::rest
