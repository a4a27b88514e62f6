#include <boost/json.hpp>

#include <activities/webhook_redelivery.hpp>
#include <rest/api_error.hpp>
#include <rest/cursor.hpp>
#include <rest/json_body.hpp>
#include <rest/resources.hpp>
#include <workflows/webhook_delivery.hpp>
#include <workflows/webhook_redelivery.hpp>

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;

constexpr Statement kEndpoint{"rest_redelivery_endpoint", R"(
SELECT coalesce(disabled_reason, '') FROM platform.integrations WHERE organization_id = $1::uuid AND id = $2::uuid)"};

constexpr Statement kPending{"rest_redelivery_pending", R"(
UPDATE platform.webhook_deliveries SET status = 'pending', finished_at = NULL
WHERE organization_id = $1::uuid AND integration_id = $2::uuid AND created_at = $3::timestamptz AND message_id = $4
RETURNING attempts, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))"};

constexpr Statement kStart{"rest_start_workflow",
                           "SELECT holdfast.start_workflow($1, $2, $3::json, $4, conflict => 'fail', "
                           "search_attributes => $5::jsonb)"};

// runs is no tenant's table: the id holds the integration, which is known to be the tenant's.
constexpr Statement kRun{"rest_redelivery_run", R"(
SELECT json_build_object('id', $2::text, 'status', r.status, 'since', r.input ->> 'from', 'until', r.input ->> 'until',
         'statuses', r.input -> 'statuses', 'messages', r.result -> 'messages',
         'error', coalesce(r.failure -> 'cause' ->> 'message', r.failure ->> 'message'),
         'started_at', r.started_at, 'finished_at', r.closed_at)
FROM holdfast.runs r WHERE r.shard = 0 AND r.namespace = 'default' AND r.workflow_id = 'redelivery-' || $1 || '-' || $2
ORDER BY r.run_id DESC LIMIT 1)"};

/// What operators find the runs by.
holdfast::Payload attributes_of(const Call& call, const std::string& integration) {
  return holdfast::Attributes()
      .set("OrganizationId", call.organization.to_string())
      .set("IntegrationId", integration)
      .json();
}

std::string endpoint(Call& call, bool must_be_enabled) {
  auto id = call.uuid("id", "integration");
  const auto rows = call.sql(kEndpoint, call.tenant(), id);
  if (rows.empty()) throw not_found("integration");
  const std::string reason = rows[0][0].c_str();
  if (must_be_enabled && !reason.empty())
    throw ApiError(409, "the endpoint is disabled (" + reason + "); enable it first");
  return id;
}

HttpResponse redeliver_one(Call& call) {
  JsonBody(call.http).done();
  const auto id = endpoint(call, true);
  const auto key = decode_cursor("delivery", call.path.at("delivery"), 2);
  const auto rows = call.sql(kPending, call.tenant(), id, key[0], key[1]);
  if (rows.empty()) throw not_found("delivery");
  const DeliveryKey delivery{.organization_id = call.organization,
                             .integration_id = holdfast::Uuid::parse(id),
                             .message_id = key[1],
                             .created_at = holdfast::parse_rfc3339(rows[0][1].c_str()),
                             .attempts_before = rows[0][0].as<std::int64_t>()};
  const auto workflow_id = webhook_workflow_id(delivery);
  try {
    call.sql(kStart, kWebhookDelivery.name, workflow_id, holdfast::encode(delivery), kWebhookQueue,
             attributes_of(call, id));
  } catch (const pqxx::unique_violation&) {
    throw ApiError(409, "the delivery of this message is under way");
  }
  call.wake = kWebhookQueue;
  return json_response(boost::json::serialize(boost::json::object{{"workflow_id", workflow_id}, {"status", "pending"}}),
                       202);
}

HttpResponse redeliver_range(Call& call) {
  const auto id = endpoint(call, true);
  JsonBody body(call.http);
  const auto since = body.time("since"), until = body.time("until");
  const auto statuses = body.texts("statuses", 3).value_or(std::vector<std::string>{"failed", "cancelled"});
  body.done();
  if (!since) throw bad_value("since", "missing", "a time like 2026-11-30T17:00:00Z");
  if (!until) throw bad_value("until", "missing", "a time like 2026-11-30T17:00:00Z");
  if (*since >= *until) throw bad_value("until", holdfast::to_rfc3339(*until), "a time after since");
  for (const auto& status : statuses)
    if (status != "failed" && status != "cancelled" && status != "delivered")
      throw bad_value("statuses", status, "failed, cancelled, delivered");
  const RedeliveryRange range{.organization_id = call.organization,
                              .integration_id = holdfast::Uuid::parse(id),
                              .from = *since,
                              .until = *until,
                              .statuses = statuses};
  const auto name = call.tx.exec1("SELECT gen_random_uuid()")[0].as<std::string>();
  call.sql(kStart, kWebhookRedelivery.name, "redelivery-" + id + "-" + name, holdfast::encode(range), kWebhookQueue,
           attributes_of(call, id));
  call.wake = kWebhookQueue;
  auto out = json_response(boost::json::serialize(boost::json::object{{"id", name}, {"status", "running"}}), 202);
  out.headers.add("Location", "/v1/integrations/" + id + "/redeliveries/" + name);
  return out;
}

HttpResponse get(Call& call) {
  call.query.done();
  const auto id = endpoint(call, false);
  const auto rows = call.sql(kRun, id, call.uuid("redelivery", "redelivery"));
  if (rows.empty()) throw not_found("redelivery");
  return json_response(rows[0][0].c_str());
}

}  // namespace

void add_redeliveries(Router& router) {
  router.add("POST", "/v1/integrations/{id}/deliveries/{delivery}/redeliveries", Access::write, redeliver_one);
  router.add("POST", "/v1/integrations/{id}/redeliveries", Access::write, redeliver_range);
  router.add("GET", "/v1/integrations/{id}/redeliveries/{redelivery}", Access::read, get);
}

}  // namespace platform::rest
