#include <activities/usage.hpp>

#include <activities/bodies.hpp>
#include <activities/statement.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::bodies {
namespace {

// The ledger's primary key decides; the counter moves only with a new ledger row. The counter row is this server
// process's own (see schema/platform/0003_usage.sql), so lanes never wait for one another here. A call counts in the
// period in which it ended; only one that did not end in the current one has to be looked up.
constexpr Statement kAddUsage{"platform_add_usage", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id),
period AS MATERIALIZED (
  SELECT o.id, CASE WHEN $3::timestamptz >= o.period_start AND $3::timestamptz < o.period_end THEN o.period_start
                    ELSE platform.billing_period_start(o.id, $3::timestamptz) END AS period_start
  FROM tenant t CROSS JOIN LATERAL (
    SELECT id, period_start, period_end FROM platform.organizations WHERE id = t.id OFFSET 0) o),
entry AS (
  INSERT INTO platform.usage_ledger (organization_id, source, occurred_at, period_start, minutes)
  SELECT p.id, $2, $3::timestamptz, p.period_start, $4::integer FROM period p
  ON CONFLICT DO NOTHING
  RETURNING organization_id, period_start, minutes),
counted AS (
  INSERT INTO platform.usage_counters AS c (organization_id, period_start, writer, calls, minutes)
  SELECT organization_id, period_start, pg_backend_pid(), 1, minutes FROM entry
  ON CONFLICT (organization_id, period_start, writer)
    DO UPDATE SET calls = c.calls + 1, minutes = c.minutes + excluded.minutes)
SELECT (SELECT count(*) FROM period), (SELECT count(*) FROM entry))"};

}  // namespace

UsageAdded add_usage(Services& services, pqxx::transaction_base& tx, const CallUsage& in) {
  const auto minutes = billable_minutes(in.duration_ms);
  const auto ended_at = in.call.created_at + std::chrono::milliseconds(in.duration_ms);
  const auto rows = services.sql(tx, kAddUsage, in.call.organization_id.to_string(), "call:" + in.call.call_id,
                                 holdfast::to_rfc3339(ended_at), minutes);
  if (rows[0][0].as<int>() == 0)
    throw holdfast::ApplicationError("OrganizationNotFound", "no organization " + in.call.organization_id.to_string(),
                                     true);
  return {.minutes = minutes, .counted = rows[0][1].as<int>() == 1};
}

}  // namespace platform::bodies
