#include <rest/cursor.hpp>
#include <rest/resources.hpp>

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;

constexpr Statement kPeriod{"rest_usage", R"(
SELECT json_build_object('period_start', u.period_start, 'period_end', u.period_end, 'plan_minutes', u.plan_minutes,
         'minutes_used', u.minutes_used, 'calls', u.calls,
         'minutes_left', greatest(u.plan_minutes - u.minutes_used, 0),
         'overage_minutes', greatest(u.minutes_used - u.plan_minutes, 0),
         'alerts', coalesce((SELECT json_agg(json_build_object('percent', a.percent, 'minutes_used', a.minutes_used,
                                                               'sent_at', a.sent_at) ORDER BY a.percent)
                             FROM platform.usage_alerts a
                             WHERE a.organization_id = $1::uuid AND a.period_start = u.period_start), '[]'))
FROM platform.organization_usage u WHERE u.organization_id = $1::uuid)"};

constexpr Statement kDaily{"rest_daily_usage", R"(
SELECT json_build_object('date', d.date, 'calls', d.calls, 'minutes', d.minutes, 'cost_usd', d.cost_usd,
         'by_status', d.by_status), d.date
FROM platform.daily_usage d
WHERE d.organization_id = $1::uuid AND d.date >= coalesce(nullif($2, '')::date, current_date - 90)
  AND d.date <= coalesce(nullif($3, '')::date, current_date) AND d.date < $4::date
ORDER BY d.date DESC LIMIT $5::integer)"};

HttpResponse period(Call& call) {
  call.query.done();
  return json_response(call.sql(kPeriod, call.tenant())[0][0].c_str());
}

HttpResponse daily(Call& call) {
  const auto limit = call.query.limit();
  const auto from = call.query.date("from").value_or(""), to = call.query.date("to").value_or("");
  const auto cursor = call.query.text("cursor", 1000);
  call.query.done();
  const auto before = cursor ? decode_cursor("cursor", *cursor, 1)[0] : std::string("infinity");
  return page_of(call.sql(kDaily, call.tenant(), from, to, before, limit + 1), limit);
}

}  // namespace

void add_usage(Router& router) {
  router.add("GET", "/v1/usage", Access::read, period);
  router.add("GET", "/v1/usage/daily", Access::read, daily);
}

}  // namespace platform::rest
