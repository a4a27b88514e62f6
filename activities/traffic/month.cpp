#include <activities/traffic/month.hpp>

#include <array>
#include <string_view>

#include <fmt/format.h>
#include <pqxx/pqxx>

namespace platform::traffic {
namespace {

constexpr std::array<std::string_view, 3> kPlans{"scale", "growth", "starter"};

void create_organization(pqxx::work& tx, const CallTraffic& traffic, const MonthSetup& setup, std::int64_t n) {
  const auto id = traffic.organization_id(n).to_string();
  // The largest ones have the largest plan; each is small enough to be exceeded by some.
  const auto plan = kPlans[static_cast<std::size_t>(n * 3 / traffic.options().organizations)];
  const bool notified = setup.notified_of > 0 && n % setup.notified_of == 0;
  tx.exec_params("SELECT set_config('app.organization_id', $1, true)", id);
  tx.exec_params(R"(
    INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end,
                                        stripe_customer_id, settings)
    SELECT $1::uuid, $2, $2, p.id, p.minutes, $4::timestamptz, $5::timestamptz, $6,
           jsonb_build_object('vapi', jsonb_build_object('authentication',
             jsonb_build_object('type', 'bearer', 'secret', $7::text)),
             'notify', jsonb_build_object('sms', $8::boolean, 'sms_to', '+14155550123', 'email', $8::boolean,
                                          'email_to', 'people@example.com'))
    FROM platform.plans p WHERE p.id = $3)",
                 id, fmt::format("organization-{}", n), std::string(plan), holdfast::to_rfc3339(traffic.begin()),
                 holdfast::to_rfc3339(traffic.end()), customer_of(n), setup.vapi_secret, notified);
  tx.exec_params(
      "INSERT INTO platform.users (organization_id, email, name, role) "
      "VALUES ($1::uuid, 'owner-' || $2 || '@example.com', 'Owner', 'owner')",
      id, n);
  for (const char* endpoint : {"a", "b"})
    tx.exec_params(R"(
      INSERT INTO platform.integrations (organization_id, name, url, secrets, max_concurrent)
      VALUES ($1::uuid, 'Endpoint ' || $2, $3, ARRAY[$4], 64))",
                   id, endpoint, fmt::format("{}/{}-{}", setup.hooks_url, n, endpoint), setup.hooks_secret);
}

// Everything below starts from what the vendor sent, one row per call whatever came twice, and shares nothing with the
// platform's own code: numeric seconds instead of milliseconds, its own rounding, times parsed by the server.
constexpr std::string_view kReported = R"(
WITH reported AS MATERIALIZED (
  SELECT DISTINCT ON (e.organization_id, e.call_id) e.organization_id, e.call_id AS id,
         (m ->> 'startedAt')::timestamptz AS started_at, (m ->> 'endedAt')::timestamptz AS ended_at,
         ceil(extract(epoch FROM (m ->> 'endedAt')::timestamptz - (m ->> 'startedAt')::timestamptz) / 60)::bigint AS minutes,
         (m ->> 'cost')::numeric AS cost, coalesce(m -> 'artifact' ->> 'transcript', '') AS transcript,
         m -> 'artifact' ->> 'recordingUrl' AS recording
  FROM platform.vapi_events e CROSS JOIN LATERAL (SELECT e.body::json -> 'message' AS m) body
  WHERE e.type = 'end-of-call-report'
  ORDER BY e.organization_id, e.call_id))";

struct Check {
  const char* name;
  const char* sql;  ///< returns a row per difference; $1 and $2 are the month
};

constexpr Check kChecks[] = {
    {"a call differs from its report", R"(
SELECT coalesce(r.id, c.id), r.started_at, c.created_at, r.minutes, c.duration_ms, r.cost, c.cost_usd
FROM reported r FULL JOIN platform.calls c ON c.organization_id = r.organization_id AND c.id = r.id
WHERE r.id IS NULL OR c.id IS NULL OR c.created_at <> r.started_at
   OR c.duration_ms <> extract(epoch FROM r.ended_at - r.started_at) * 1000 OR c.cost_usd <> r.cost)"},
    {"a transcript differs from its report", R"(
SELECT coalesce(r.id, t.call_id) FROM (SELECT * FROM reported WHERE transcript <> '') r
FULL JOIN platform.call_transcripts t ON t.organization_id = r.organization_id AND t.call_id = r.id
WHERE r.transcript IS DISTINCT FROM t.transcript)"},
    {"a recording differs from its report", R"(
SELECT coalesce(r.id, t.call_id) FROM (SELECT * FROM reported WHERE recording IS NOT NULL) r
FULL JOIN platform.call_recordings t ON t.organization_id = r.organization_id AND t.call_id = r.id
WHERE r.recording IS DISTINCT FROM t.source_url)"},
    {"the ledger's minutes of a call are wrong", R"(
SELECT coalesce(r.id, l.source), r.minutes, l.minutes
FROM reported r FULL JOIN platform.usage_ledger l ON l.organization_id = r.organization_id AND l.source = 'call:' || r.id
WHERE l.minutes IS DISTINCT FROM r.minutes)"},
    {"the counters of a period are wrong", R"(
SELECT organization_id, counted.minutes, summed.minutes FROM
  (SELECT organization_id, sum(minutes) AS minutes FROM platform.usage_counters GROUP BY 1) counted FULL JOIN
  (SELECT organization_id, sum(minutes) AS minutes FROM reported GROUP BY 1) summed USING (organization_id)
WHERE counted.minutes IS DISTINCT FROM summed.minutes)"},
    {"a day's usage is wrong", R"(
SELECT organization_id, date, r.calls, d.calls, r.minutes, d.minutes, r.cost, d.cost_usd FROM
  (SELECT organization_id, (started_at AT TIME ZONE 'UTC')::date AS date, count(*) AS calls, sum(minutes) AS minutes,
          sum(cost) AS cost FROM reported GROUP BY 1, 2) r
FULL JOIN platform.daily_usage d USING (organization_id, date)
WHERE (r.calls, r.minutes, r.cost) IS DISTINCT FROM (d.calls::bigint, d.minutes::numeric, d.cost_usd))"},
    {"a billed period is wrong", R"(
SELECT o.slug, due.minutes, b.overage_minutes, b.reported_minutes, due.cents, b.overage_minutes * b.overage_cents
FROM platform.organizations o JOIN platform.plans p ON p.id = o.plan_id
CROSS JOIN LATERAL (
  SELECT greatest(0, coalesce(sum(r.minutes), 0) - p.minutes) AS minutes,
         greatest(0, coalesce(sum(r.minutes), 0) - p.minutes) * p.overage_cents AS cents
  FROM reported r WHERE r.organization_id = o.id AND r.ended_at < $2::timestamptz) due
LEFT JOIN platform.billing_periods b ON b.organization_id = o.id AND b.period_start = $1::timestamptz
WHERE b.closed_at IS NULL OR b.overage_minutes <> due.minutes OR b.reported_minutes <> due.minutes
   OR b.overage_minutes * b.overage_cents <> due.cents OR o.period_start <> $2::timestamptz)"},
    {"a webhook was not delivered once", R"(
SELECT r.id, count(d.message_id) FROM reported r
LEFT JOIN platform.webhook_deliveries d ON d.organization_id = r.organization_id AND d.status = 'delivered'
  AND d.body::json -> 'data' ->> 'call_id' = r.id
GROUP BY r.organization_id, r.id HAVING count(d.message_id) <> 2)"},
};

std::string text_of(const pqxx::row& row) {
  std::string out;
  for (const auto& field : row)
    out += (out.empty() ? "" : ", ") + std::string(field.is_null() ? "null" : field.c_str());
  return out;
}

}  // namespace

std::string customer_of(std::int64_t organization) { return fmt::format("cus_month_{:06d}", organization); }

void create_month(pqxx::connection& connection, const CallTraffic& traffic, const MonthSetup& setup) {
  pqxx::work tx(connection);
  for (std::int64_t n = 0; n < traffic.options().organizations; ++n) create_organization(tx, traffic, setup, n);
  tx.commit();
}

std::map<std::string, std::int64_t> expected_overage(pqxx::connection& connection, const CallTraffic& traffic) {
  pqxx::nontransaction session(connection);
  std::map<std::string, std::int64_t> out;
  const auto sql = fmt::format(R"({}
SELECT o.stripe_customer_id, sum(r.minutes) - p.minutes
FROM reported r JOIN platform.organizations o ON o.id = r.organization_id JOIN platform.plans p ON p.id = o.plan_id
WHERE r.ended_at < $1::timestamptz
GROUP BY o.stripe_customer_id, p.minutes HAVING sum(r.minutes) > p.minutes)",
                               kReported);
  for (const auto& row : session.exec_params(sql, holdfast::to_rfc3339(traffic.end())))
    out.emplace(row[0].c_str(), row[1].as<std::int64_t>());
  return out;
}

std::vector<std::string> month_findings(pqxx::connection& connection, const CallTraffic& traffic) {
  pqxx::nontransaction session(connection);
  std::vector<std::string> findings;
  for (const auto& check : kChecks) {
    const auto sql =
        fmt::format("{}, month AS (SELECT $1::timestamptz, $2::timestamptz) {} LIMIT 10", kReported, check.sql);
    const auto rows =
        session.exec_params(sql, holdfast::to_rfc3339(traffic.begin()), holdfast::to_rfc3339(traffic.end()));
    for (const auto& row : rows) findings.push_back(std::string(check.name) + ": " + text_of(row));
  }
  return findings;
}

}  // namespace platform::traffic
