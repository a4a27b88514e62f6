#include <activities/call_webhooks.hpp>

#include <boost/describe/class.hpp>

#include <activities/bodies.hpp>
#include <activities/object_key.hpp>
#include <activities/statement.hpp>
#include <activities/vendors/text.hpp>
#include <holdfast/core/codec.hpp>

namespace platform::bodies {
namespace {

constexpr const char* kCallCompleted = "call.completed";
constexpr std::size_t kLongestSummary = 8000;  // a message stays below 20 KB; the receiver fetches the rest

// A delivery that exists has its run already, so only new rows start one: repeating the step starts nothing.
constexpr Statement kStartWebhooks{"platform_start_call_webhooks", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id),
delivery AS (
  INSERT INTO platform.webhook_deliveries (organization_id, created_at, integration_id, message_id, type, body)
  SELECT t.id, $2::timestamptz, i.id, $3, $4, $5
  FROM tenant t CROSS JOIN LATERAL (
    SELECT id FROM platform.integrations
    WHERE organization_id = t.id AND disabled_at IS NULL AND event_types @> ARRAY[$4] OFFSET 0) i
  ON CONFLICT DO NOTHING
  RETURNING integration_id)
SELECT holdfast.start_workflow($6, 'webhook-' || integration_id || '-' || $3,
         json_build_object('organization_id', $1, 'integration_id', integration_id, 'message_id', $3, 'created_at', $2),
         $7, conflict => 'use_existing',
         search_attributes => jsonb_build_object('OrganizationId', $1, 'IntegrationId', integration_id, 'CallId', $8::text))
FROM delivery)"};

/// What customers get: names and units are a public contract (docs/platform.md).
struct CallCompletedData {
  std::string call_id, status, direction, assistant_id, from_number, created_at, started_at, ended_at, ended_reason;
  double duration_seconds = 0;
  std::optional<double> cost_usd;  ///< left out when the vendor did not say
  std::string summary;
  bool has_transcript = false, has_recording = false;
};
BOOST_DESCRIBE_STRUCT(CallCompletedData, (),
                      (call_id, status, direction, assistant_id, from_number, created_at, started_at, ended_at,
                       ended_reason, duration_seconds, cost_usd, summary, has_transcript, has_recording))

/// {"type", "timestamp", "data"} as the Standard Webhooks specification wants it.
struct WebhookMessage {
  std::string type, timestamp;
  CallCompletedData data;
};
BOOST_DESCRIBE_STRUCT(WebhookMessage, (), (type, timestamp, data))

/// Built from the report alone, so it is the same whenever it is built.
std::string message_body(const CallKey& call, const CallReport& report) {
  const auto created_at = holdfast::to_rfc3339(call.created_at);
  WebhookMessage message;
  message.type = kCallCompleted;
  message.timestamp = report.ended_at.empty() ? created_at : report.ended_at;
  message.data = {.call_id = call.call_id,
                  .status = report.status,
                  .direction = report.direction,
                  .assistant_id = report.assistant_id,
                  .from_number = report.from_number,
                  .created_at = created_at,
                  .started_at = report.started_at,
                  .ended_at = report.ended_at,
                  .ended_reason = report.ended_reason,
                  .duration_seconds = static_cast<double>(report.duration_ms) / 1000,
                  .cost_usd = {},
                  .summary = vendors::text_prefix(report.summary, kLongestSummary),
                  .has_transcript = !report.transcript.empty(),
                  .has_recording = !report.recording_url.empty()};
  if (!report.cost_usd.empty()) message.data.cost_usd = std::stod(report.cost_usd);
  return holdfast::encode(message);
}

}  // namespace

WebhooksStarted start_call_webhooks(Services& services, pqxx::transaction_base& tx, const CallKey& call) {
  const auto report = report_of(services, call, &tx);
  const auto rows = services.sql(tx, kStartWebhooks, call.organization_id.to_string(),
                                 holdfast::to_rfc3339(call.created_at), call_message_id(call), kCallCompleted,
                                 message_body(call, *report), kWebhookDeliveryType, kWebhookQueue, call.call_id);
  return {.deliveries = static_cast<std::int64_t>(rows.size())};
}

}  // namespace platform::bodies
