#include <activities/billing.hpp>

#include <algorithm>

#include <boost/json.hpp>

#include <activities/billing_rows.hpp>
#include <activities/bodies.hpp>
#include <activities/statement.hpp>

namespace platform::bodies {
namespace {

// The periods that may have something to settle, oldest first: the current one if it ended, and those of the last 100
// days. All sums are of one snapshot: a call that is counted later makes the period due again.
constexpr Statement kPeriods{"platform_billing_periods", R"(
WITH candidates AS MATERIALIZED (
  SELECT o.period_start, o.period_end, true AS is_current,
         $2::boolean OR NOT EXISTS (
           SELECT 1 FROM platform.billing_periods b
           WHERE b.organization_id = o.id AND b.period_start = o.period_start AND b.next_try > now()) AS may_try,
         NULL::bigint AS used_minutes, NULL::bigint AS included_minutes
  FROM platform.organizations o WHERE o.id = $1::uuid AND o.status IN ('active', 'suspended') AND o.period_end <= now()
  UNION ALL
  SELECT b.period_start, b.period_end, false, $2::boolean OR b.next_try <= now(), b.used_minutes, b.included_minutes
  FROM platform.billing_periods b
  WHERE b.organization_id = $1::uuid AND b.closed_at > now() - interval '100 days'),
ledger AS MATERIALIZED (
  SELECT period_start, sum(minutes) AS minutes FROM platform.usage_ledger
  WHERE organization_id = $1::uuid AND period_start >= (SELECT min(period_start) FROM candidates) GROUP BY period_start),
reports AS MATERIALIZED (
  SELECT r.period_start, sum(r.quantity) FILTER (WHERE r.rejected_at IS NULL) AS planned,
         count(*) FILTER (WHERE r.rejected_at IS NULL AND r.reported_at IS NULL) AS unreported
  FROM platform.usage_reports r JOIN candidates c USING (period_start)
  WHERE r.organization_id = $1::uuid GROUP BY r.period_start)
SELECT platform.utc_text(c.period_start), platform.utc_text(c.period_end), c.is_current, c.may_try,
       coalesce(l.minutes, 0), platform.included_minutes($1::uuid, c.period_start, c.period_end),
       coalesce(r.planned, 0), coalesce(r.unreported, 0),
       (SELECT stripe_customer_id IS NOT NULL FROM platform.organizations WHERE id = $1::uuid),
       (SELECT coalesce(sum(u.minutes), 0) FROM platform.usage_counters u
        WHERE u.organization_id = $1::uuid AND u.period_start = c.period_start),
       coalesce(c.used_minutes, -1), coalesce(c.included_minutes, -1)
FROM candidates c LEFT JOIN ledger l USING (period_start) LEFT JOIN reports r USING (period_start)
ORDER BY c.period_start)"};

constexpr Statement kWritePeriod{"platform_write_billing_period", R"(
INSERT INTO platform.billing_periods AS b (organization_id, period_start, period_end, used_minutes, counted_minutes,
                                           included_minutes, overage_minutes, overage_cents)
SELECT $1::uuid, $2::timestamptz, $3::timestamptz, $4::bigint, $5::bigint, $6::bigint, $7::bigint,
       coalesce((SELECT p.overage_cents FROM platform.plans p
                 WHERE p.id = (SELECT h.plan_id FROM platform.plan_changes h WHERE h.organization_id = $1::uuid
                               ORDER BY (h.effective_at < $3::timestamptz) DESC,
                                        CASE WHEN h.effective_at < $3::timestamptz THEN h.effective_at END DESC,
                                        h.effective_at LIMIT 1)), 0)
ON CONFLICT (organization_id, period_start) DO UPDATE
  SET used_minutes = excluded.used_minutes, counted_minutes = excluded.counted_minutes,
      included_minutes = excluded.included_minutes, overage_minutes = excluded.overage_minutes)"};

// The report's time is the last minute of the period, or, when that is too long ago for the vendor or the period was
// billed already, the present one; the latest before it that this organization has not used.
constexpr Statement kPlanReport{"platform_plan_usage_report", R"(
WITH latest AS MATERIALIZED (
  SELECT CASE WHEN $5::boolean AND $3::timestamptz > now() - interval '30 days'
              THEN date_trunc('minute', $3::timestamptz - interval '1 microsecond', 'UTC')
              ELSE date_trunc('minute', now(), 'UTC') END AS minute),
free AS MATERIALIZED (
  SELECT minute FROM (
    SELECT minute FROM latest
    UNION ALL
    SELECT r.event_time - interval '1 minute' FROM latest l JOIN platform.usage_reports r
      ON r.organization_id = $1::uuid AND r.event_time <= l.minute) candidates
  WHERE NOT EXISTS (SELECT 1 FROM platform.usage_reports u
                    WHERE u.organization_id = $1::uuid AND u.event_time = candidates.minute)
  ORDER BY minute DESC LIMIT 1),
report AS (
  INSERT INTO platform.usage_reports (organization_id, period_start, seq, identifier, quantity, event_time)
  SELECT $1::uuid, $2::timestamptz, s.seq,
         concat('usage:', $1::uuid, ':minutes:', extract(epoch FROM $2::timestamptz)::bigint, ':', s.seq),
         $4::bigint, f.minute
  FROM free f, (SELECT coalesce(max(seq) + 1, 0) AS seq FROM platform.usage_reports
                WHERE organization_id = $1::uuid AND period_start = $2::timestamptz) s
  RETURNING *)
INSERT INTO platform.billing_events (organization_id, identifier, kind, quantity, detail)
SELECT organization_id, identifier || ':planned', 'usage.planned', quantity, $6::json FROM report)"};

constexpr Statement kUnreported{"platform_unreported_usage", R"(
SELECT seq FROM platform.usage_reports
WHERE organization_id = $1::uuid AND period_start = $2::timestamptz AND reported_at IS NULL AND rejected_at IS NULL
ORDER BY seq)"};

// What resets the counter is that it belongs to a period: the next one begins at zero, or at what was used since.
constexpr Statement kClosePeriod{"platform_close_billing_period", R"(
WITH moved AS (
  UPDATE platform.organizations o
  SET period_start = o.period_end,
      period_end = platform.next_billing_boundary(coalesce(o.billing_anchor, o.period_end), o.billing_time_zone, o.period_end),
      billing_anchor = coalesce(o.billing_anchor, o.period_end)
  WHERE o.id = $1::uuid AND o.period_start = $2::timestamptz AND o.period_end = $3::timestamptz AND o.period_end <= now()
    AND EXISTS (SELECT 1 FROM platform.billing_periods b
                WHERE b.organization_id = o.id AND b.period_start = o.period_start)
    AND (o.stripe_customer_id IS NULL
         OR NOT EXISTS (SELECT 1 FROM platform.usage_reports r
                        WHERE r.organization_id = o.id AND r.period_start = o.period_start
                          AND r.reported_at IS NULL AND r.rejected_at IS NULL))
  RETURNING o.id, o.period_end),
closed AS (
  UPDATE platform.billing_periods b SET closed_at = now() FROM moved
  WHERE b.organization_id = moved.id AND b.period_start = $2::timestamptz
  RETURNING b.*)
INSERT INTO platform.billing_events (organization_id, identifier, kind, quantity, detail)
SELECT c.organization_id, concat('period:', extract(epoch FROM c.period_start)::bigint, ':closed'), 'period.closed',
       c.overage_minutes,
       json_build_object('period_start', c.period_start, 'period_end', c.period_end, 'next_period_end', m.period_end,
                         'used_minutes', c.used_minutes, 'included_minutes', c.included_minutes,
                         'overage_cents', c.overage_minutes * c.overage_cents)
FROM closed c, moved m
RETURNING 1)"};

struct Candidate {
  std::string start, end;
  bool is_current = false, may_try = false;
  std::int64_t used = 0, included = 0, planned = 0, unreported = 0, counted = 0;
  std::int64_t used_before = 0, included_before = 0;  // when it was last settled

  explicit Candidate(const pqxx::row& row)
      : start(row[0].c_str()),
        end(row[1].c_str()),
        is_current(row[2].as<bool>()),
        may_try(row[3].as<bool>()),
        used(row[4].as<std::int64_t>()),
        included(row[5].as<std::int64_t>()),
        planned(row[6].as<std::int64_t>()),
        unreported(row[7].as<std::int64_t>()),
        counted(row[9].as<std::int64_t>()),
        used_before(row[10].as<std::int64_t>()),
        included_before(row[11].as<std::int64_t>()) {}

  std::int64_t overage() const { return std::max<std::int64_t>(0, used - included); }
  bool has_changed() const { return used != used_before || included != included_before; }
  bool is_due() const { return may_try && (is_current || has_changed() || overage() != planned || unreported > 0); }
};

void plan(Services& services, pqxx::transaction_base& tx, const std::string& organization, const Candidate& period) {
  services.sql(tx, kWritePeriod, organization, period.start, period.end, period.used, period.counted, period.included,
               period.overage());
  const auto difference = period.overage() - period.planned;
  if (difference == 0) return;
  const bool is_first = period.is_current && period.planned == 0;
  const boost::json::object detail{{"period_start", period.start},
                                   {"period_end", period.end},
                                   {"used_minutes", period.used},
                                   {"included_minutes", period.included},
                                   {"planned_before", period.planned}};
  services.sql(tx, kPlanReport, organization, period.start, period.end, difference, is_first,
               boost::json::serialize(detail));
}

}  // namespace

Settlement settle_period(Services& services, pqxx::transaction_base& tx, const BillingKey& key) {
  const auto organization = key.organization_id.to_string();
  set_tenant(services, tx, organization);
  for (const auto& row : services.sql(tx, kPeriods, organization, key.retry_refused)) {
    const Candidate period(row);
    if (!period.is_due()) continue;
    plan(services, tx, organization, period);
    Settlement out{
        .is_due = true,
        .is_current = period.is_current,
        .has_customer = row[8].as<bool>(),
        .period = {key.organization_id, holdfast::parse_rfc3339(period.start), holdfast::parse_rfc3339(period.end)},
        .used_minutes = period.used,
        .included_minutes = period.included,
        .overage_minutes = period.overage(),
        .reports = {}};
    for (const auto& report : services.sql(tx, kUnreported, organization, period.start))
      out.reports.push_back(report[0].as<std::int64_t>());
    return out;
  }
  return {};
}

PeriodMoved close_period(Services& services, pqxx::transaction_base& tx, const BillingPeriod& in) {
  const auto organization = in.organization_id.to_string();
  set_tenant(services, tx, organization);
  const auto rows = services.sql(tx, kClosePeriod, organization, holdfast::to_rfc3339(in.period_start),
                                 holdfast::to_rfc3339(in.period_end));
  return {.moved = !rows.empty()};
}

}  // namespace platform::bodies
