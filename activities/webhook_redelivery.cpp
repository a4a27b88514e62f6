#include <activities/webhook_redelivery.hpp>

#include <boost/json.hpp>

#include <activities/bodies.hpp>
#include <activities/statement.hpp>
#include <activities/webhook_posts.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::bodies {
namespace {

constexpr Statement kEndpointState{"platform_endpoint_state", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT i.disabled_reason FROM tenant t CROSS JOIN LATERAL (
  SELECT disabled_reason FROM platform.integrations WHERE organization_id = t.id AND id = $2::uuid OFFSET 0) i)"};

// The tenant is set by the statement before, in the same transaction.
constexpr Statement kRedeliver{"platform_redeliver_page", R"(
WITH page AS MATERIALIZED (
  SELECT d.created_at, d.message_id, d.attempts, row_number() OVER (ORDER BY d.created_at, d.message_id) AS position
  FROM platform.webhook_deliveries d
  WHERE d.organization_id = $1::uuid AND d.integration_id = $2::uuid AND d.status = ANY ($5::text[])
    AND d.created_at >= $3::timestamptz AND d.created_at < $4::timestamptz
    AND (d.created_at, d.message_id) > ($6::timestamptz, $7)
  ORDER BY d.created_at, d.message_id LIMIT $8::integer),
pending AS (
  UPDATE platform.webhook_deliveries d SET status = 'pending', finished_at = NULL FROM page p
  WHERE d.organization_id = $1::uuid AND d.created_at = p.created_at AND d.integration_id = $2::uuid
    AND d.message_id = p.message_id
  RETURNING p.created_at, p.message_id, p.attempts, p.position),
started AS (
  SELECT position, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at, message_id,
    holdfast.start_workflow($9, 'webhook-' || $2 || '-' || message_id,
      json_build_object('organization_id', $1, 'integration_id', $2, 'message_id', message_id, 'created_at',
        to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'attempts_before', attempts),
      $10, conflict => 'use_existing',
      search_attributes => jsonb_build_object('OrganizationId', $1, 'IntegrationId', $2)) AS run
  FROM pending)
SELECT created_at, message_id FROM started ORDER BY position)"};

std::string statuses_of(const RedeliveryRange& range) {
  std::string out = "{";
  for (const auto& status : range.statuses) out += (out.size() > 1 ? "," : "") + status;
  return out + "}";
}

void check(const RedeliveryRange& range) {
  for (const auto& status : range.statuses)
    if (status != "failed" && status != "cancelled" && status != "delivered")
      throw holdfast::ApplicationError("InvalidInput",
                                       "statuses holds '" + status + "'; allowed: failed, cancelled, delivered", true);
}

}  // namespace

RedeliveredPage redeliver_page(Services& services, pqxx::transaction_base& tx, const RedeliveryRange& in) {
  check(in);
  const auto organization = in.organization_id.to_string(), integration = in.integration_id.to_string();
  const auto endpoint = services.sql(tx, kEndpointState, organization, integration);
  if (endpoint.empty() || !endpoint[0][0].is_null())
    throw holdfast::ApplicationError(kWebhookDisabled, "the endpoint is disabled or was deleted", true);
  const auto rows = services.sql(
      tx, kRedeliver, organization, integration, holdfast::to_rfc3339(in.from), holdfast::to_rfc3339(in.until),
      statuses_of(in), in.after ? holdfast::to_rfc3339(in.after->created_at) : "-infinity",
      in.after ? in.after->message_id : "", kRedeliveryPage, kWebhookDeliveryType, kWebhookQueue);
  RedeliveredPage page{.started = static_cast<std::int64_t>(rows.size())};
  if (rows.size() == kRedeliveryPage)
    page.last = {holdfast::parse_rfc3339(rows.back()[0].c_str()), rows.back()[1].c_str()};
  return page;
}

}  // namespace platform::bodies
