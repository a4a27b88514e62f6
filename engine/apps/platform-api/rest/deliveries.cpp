#include <rest/api_error.hpp>
#include <rest/cursor.hpp>
#include <rest/resources.hpp>
#include <rest/time_range.hpp>

// Deliveries and attempts, per endpoint. A delivery's id is its key in base64url: creation time and message id.

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;

constexpr Statement kIntegration{"rest_integration_exists", R"(
SELECT 1 FROM platform.integrations WHERE organization_id = $1::uuid AND id = $2::uuid)"};

constexpr Statement kList{"rest_deliveries", R"(
SELECT json_build_object('id', platform.row_name(d.created_at::text, d.message_id), 'message_id', d.message_id,
         'type', d.type, 'status', d.status, 'attempts', d.attempts, 'created_at', d.created_at,
         'finished_at', d.finished_at), d.created_at, d.message_id
FROM platform.webhook_deliveries d
WHERE d.organization_id = $1::uuid AND d.integration_id = $2::uuid
  AND d.created_at >= coalesce(nullif($3, '')::timestamptz, now() - interval '30 days')
  AND d.created_at < coalesce(nullif($4, '')::timestamptz, now() + interval '1 day')
  AND ($5 = '' OR d.status = $5) AND ($6 = '' OR d.type = $6)
  AND (d.created_at, d.message_id) < ($7::timestamptz, $8)
ORDER BY d.created_at DESC, d.message_id DESC LIMIT $9::integer)"};

constexpr Statement kRead{"rest_delivery", R"(
SELECT json_build_object('id', platform.row_name(d.created_at::text, d.message_id), 'message_id', d.message_id,
         'type', d.type, 'status', d.status, 'attempts', d.attempts, 'created_at', d.created_at,
         'finished_at', d.finished_at, 'body', d.body::json, 'log', coalesce(
           (SELECT json_agg(json_build_object('attempt', a.attempt, 'sent_at', a.sent_at, 'status_code', a.status_code,
                     'latency_ms', a.latency_ms, 'response', a.response, 'error', a.error) ORDER BY a.attempt)
            FROM platform.webhook_attempts a
            WHERE a.organization_id = d.organization_id AND a.created_at = $3::timestamptz
              AND a.integration_id = d.integration_id AND a.message_id = d.message_id), '[]'))
FROM platform.webhook_deliveries d
WHERE d.organization_id = $1::uuid AND d.integration_id = $2::uuid AND d.created_at = $3::timestamptz
  AND d.message_id = $4)"};

constexpr Statement kAttempts{"rest_attempts", R"(
SELECT json_build_object('delivery_id', platform.row_name(a.created_at::text, a.message_id), 'message_id', a.message_id,
         'attempt', a.attempt, 'sent_at', a.sent_at, 'status_code', a.status_code, 'latency_ms', a.latency_ms,
         'response', a.response, 'error', a.error), a.created_at, a.message_id, a.attempt
FROM platform.webhook_attempts a
WHERE a.organization_id = $1::uuid AND a.integration_id = $2::uuid
  AND a.created_at >= coalesce(nullif($3, '')::timestamptz, now() - interval '30 days')
  AND a.created_at < coalesce(nullif($4, '')::timestamptz, now() + interval '1 day')
  AND (a.created_at, a.message_id, a.attempt) < ($5::timestamptz, $6, $7::smallint)
ORDER BY a.created_at DESC, a.message_id DESC, a.attempt DESC LIMIT $8::integer)"};

std::string integration(Call& call) {
  auto id = call.uuid("id", "integration");
  if (call.sql(kIntegration, call.tenant(), id).empty()) throw not_found("integration");
  return id;
}

HttpResponse list(Call& call) {
  const auto limit = call.query.limit();
  const auto range = time_range(call.query);
  const auto status = call.query.one_of("status", {"pending", "delivered", "failed", "cancelled"}).value_or("");
  const auto type = call.query.text("type", 100).value_or("");
  const auto cursor = call.query.text("cursor", 1000);
  call.query.done();
  const auto id = integration(call);
  const auto after = cursor ? decode_cursor("cursor", *cursor, 2) : std::vector<std::string>{"infinity", ""};
  return page_of(
      call.sql(kList, call.tenant(), id, range.since, range.until, status, type, after[0], after[1], limit + 1), limit);
}

HttpResponse get(Call& call) {
  call.query.done();
  const auto id = integration(call);
  const auto key = decode_cursor("delivery", call.path.at("delivery"), 2);
  const auto rows = call.sql(kRead, call.tenant(), id, key[0], key[1]);
  if (rows.empty()) throw not_found("delivery");
  return json_response(rows[0][0].c_str());
}

HttpResponse attempts(Call& call) {
  const auto limit = call.query.limit();
  const auto range = time_range(call.query);
  const auto cursor = call.query.text("cursor", 1000);
  call.query.done();
  const auto id = integration(call);
  const auto after = cursor ? decode_cursor("cursor", *cursor, 3) : std::vector<std::string>{"infinity", "", "0"};
  return page_of(
      call.sql(kAttempts, call.tenant(), id, range.since, range.until, after[0], after[1], after[2], limit + 1), limit);
}

}  // namespace

void add_deliveries(Router& router) {
  router.add("GET", "/v1/integrations/{id}/deliveries", Access::read, list);
  router.add("GET", "/v1/integrations/{id}/deliveries/{delivery}", Access::read, get);
  router.add("GET", "/v1/integrations/{id}/attempts", Access::read, attempts);
}

}  // namespace platform::rest
