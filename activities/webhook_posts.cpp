#include <activities/webhook_posts.hpp>

#include <algorithm>
#include <chrono>
#include <random>

#include <spdlog/spdlog.h>
#include <boost/json.hpp>

#include <activities/bodies.hpp>
#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>
#include <activities/vendors/text.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::bodies {
namespace {

using holdfast::ApplicationError;

// Both are functions, because they set their tenant and then update rows, in one statement.
constexpr Statement kBeginAttempt{"platform_begin_webhook_attempt", R"(
SELECT url, to_json(secrets), coalesce(disabled_reason, ''), body, slot, wait_ms
FROM platform.begin_webhook_attempt($1::uuid, $2::timestamptz, $3::uuid, $4, $5::integer * interval '1 second'))"};
constexpr Statement kEndAttempt{"platform_end_webhook_attempt",
                                "SELECT platform.end_webhook_attempt($1::uuid, $2::uuid, $3::smallint, $4)"};

constexpr int kLeaseSeconds = 15;  // an attempt takes 10 s at most; the place of a worker that died is free after this
constexpr std::chrono::milliseconds kShortestWait{250}, kLongestWait{60'000};

// The steps below update rows, which no lateral subquery can order after set_config: they set the tenant first.
constexpr Statement kSetTenant{"platform_set_tenant", "SELECT set_config('app.organization_id', $1, true)"};

// The endpoint's row is written only when its state changes, not at every attempt.
constexpr Statement kLogAttempt{"platform_log_webhook_attempt", R"(
WITH attempt AS (
  INSERT INTO platform.webhook_attempts (organization_id, created_at, integration_id, message_id, attempt,
                                         status_code, latency_ms, response, error)
  VALUES ($1::uuid, $2::timestamptz, $3::uuid, $4, $5::smallint, nullif($6::integer, 0), $7::integer, $8, $9)
  ON CONFLICT DO NOTHING),
delivery AS (
  UPDATE platform.webhook_deliveries
  SET attempts = greatest(attempts, $5::smallint),
      status = CASE WHEN $10::boolean THEN 'delivered' ELSE status END,
      finished_at = CASE WHEN $10::boolean THEN now() END
  WHERE organization_id = $1::uuid AND created_at = $2::timestamptz AND integration_id = $3::uuid AND message_id = $4)
UPDATE platform.integrations SET failing_since = CASE WHEN $10::boolean THEN NULL ELSE now() END
WHERE organization_id = $1::uuid AND id = $3::uuid AND (failing_since IS NULL) <> $10::boolean)"};

// Disables the endpoint when asked to, or when nothing has been accepted for three days. Whoever finds it enabled
// disables it and writes the notice, so there is one notice however many deliveries give up.
constexpr Statement kGiveUp{"platform_give_up_webhook", R"(
WITH delivery AS (
  UPDATE platform.webhook_deliveries SET status = $5, finished_at = now()
  WHERE organization_id = $1::uuid AND created_at = $2::timestamptz AND integration_id = $3::uuid AND message_id = $4),
endpoint AS (
  UPDATE platform.integrations SET disabled_at = now(), disabled_reason = $6
  WHERE organization_id = $1::uuid AND id = $3::uuid AND disabled_at IS NULL
    AND ($7::boolean OR failing_since < now() - interval '3 days')
  RETURNING id, name),
audit AS (
  INSERT INTO platform.audit_log (organization_id, actor, action, subject, detail)
  SELECT $1::uuid, 'webhook-' || $3 || '-' || $4, 'integration.disabled', id::text, json_build_object('reason', $6)
  FROM endpoint),
notice AS (
  INSERT INTO platform.notifications (organization_id, kind, title, body)
  SELECT $1::uuid, 'integration.disabled', 'Webhook endpoint disabled',
         'The endpoint "' || name || '" was disabled: ' || $6 FROM endpoint)
SELECT count(*) FROM endpoint)"};

constexpr Statement kReadOwner{"platform_read_endpoint_owner", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT u.email, i.name FROM tenant t
CROSS JOIN LATERAL (SELECT email FROM platform.users WHERE organization_id = t.id AND role = 'owner'
                    ORDER BY created_at, id LIMIT 1) u
CROSS JOIN LATERAL (SELECT name FROM platform.integrations WHERE organization_id = t.id AND id = $2::uuid OFFSET 0) i)"};

constexpr Statement kRecordNotice{"platform_record_endpoint_notice", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.outbox (organization_id, idempotency_key, channel, recipient, subject, body, vendor_id)
SELECT t.id, $2, 'email', $3, $4, $5, $6 FROM tenant t
ON CONFLICT DO NOTHING)"};

/// How long to wait for a place: at least `least`, longer the more often there was none, and never as long as the
/// neighbours, so that those who wait do not come back together.
holdfast::Duration wait_for_place(std::chrono::milliseconds least, int attempt) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const auto grown = std::min(kLongestWait, kShortestWait * (1 << std::min(attempt, 8)));
  return std::max(least, grown) * std::uniform_int_distribution(100, 200)(random) / 100;
}

/// A place at the endpoint, given back when the attempt is over.
class Place {
 public:
  Place(Services& services, const DeliveryKey& key, int slot) : services_(services), key_(key), slot_(slot) {}
  Place(const Place&) = delete;
  ~Place() {
    try {
      services_.database.query([&](pqxx::transaction_base& tx) {
        services_.sql(tx, kEndAttempt, key_.organization_id.to_string(), key_.integration_id.to_string(), slot_,
                      key_.message_id);
      });
    } catch (const std::exception& e) {
      spdlog::warn("a place at endpoint {} is held until its lease ends: {}", key_.integration_id.to_string(),
                   e.what());
    }
  }

 private:
  Services& services_;
  const DeliveryKey& key_;
  const int slot_;
};

struct Attempt {
  vendors::WebhookPost post;
  int slot = 0;
};

Attempt begin_attempt(Services& services, const DeliveryKey& key, int attempt) {
  pqxx::result rows;
  services.database.query([&](pqxx::transaction_base& tx) {
    rows = services.sql(tx, kBeginAttempt, key.organization_id.to_string(), holdfast::to_rfc3339(key.created_at),
                        key.integration_id.to_string(), key.message_id, kLeaseSeconds);
  });
  if (rows.empty()) throw ApplicationError(kWebhookDisabled, "the endpoint was deleted", true);
  const auto row = rows[0];
  if (const std::string reason = row[2].c_str(); !reason.empty())
    throw ApplicationError(kWebhookDisabled, "the endpoint is disabled: " + reason, true);
  if (row[3].is_null())
    throw ApplicationError("DeliveryNotFound", "no message " + key.message_id + " is stored for this endpoint", true);
  if (row[4].is_null())
    throw ApplicationError(kEndpointBusy, "the endpoint takes no further request now")
        .with_next_retry(wait_for_place(std::chrono::milliseconds(row[5].as<int>()), attempt));
  Attempt begun{.post = {}, .slot = row[4].as<int>()};
  begun.post.url = row[0].c_str();
  for (const auto& secret : boost::json::parse(row[1].c_str()).as_array())
    begun.post.secrets.emplace_back(secret.as_string());
  begun.post.message_id = key.message_id;
  begun.post.body = row[3].c_str();
  return begun;
}

}  // namespace

WebhookAnswer post_webhook(Services& services, const DeliveryKey& key, int attempt) {
  const auto begun = begin_attempt(services, key, attempt);
  const Place place(services, key, begun.slot);
  WebhookAnswer answer;
  try {
    const auto reply = services.webhooks.send(begun.post);
    answer.status = reply.status;
    answer.latency_ms = reply.latency.count();
    answer.response = vendors::text_prefix(reply.response_start, kResponseStart);
    answer.error = reply.error;
    if (reply.retry_after) answer.retry_after_s = reply.retry_after->count();
  } catch (const std::invalid_argument& e) {
    answer.error = e.what();  // a secret that cannot sign: the owner sees it in the log of attempts
  }
  return answer;
}

holdfast::Nothing log_webhook_attempt(Services& services, pqxx::transaction_base& tx, const WebhookAttempt& in) {
  const auto organization = in.delivery.organization_id.to_string();
  services.sql(tx, kSetTenant, organization);
  services.sql(tx, kLogAttempt, organization, holdfast::to_rfc3339(in.delivery.created_at),
               in.delivery.integration_id.to_string(), in.delivery.message_id, in.attempt, in.answer.status,
               in.answer.latency_ms, in.answer.response, in.answer.error, in.delivered);
  return {};
}

EndpointState give_up_webhook(Services& services, pqxx::transaction_base& tx, const WebhookGivenUp& in) {
  const auto organization = in.delivery.organization_id.to_string();
  services.sql(tx, kSetTenant, organization);
  const auto rows = services.sql(tx, kGiveUp, organization, holdfast::to_rfc3339(in.delivery.created_at),
                                 in.delivery.integration_id.to_string(), in.delivery.message_id, in.status, in.reason,
                                 in.disable_endpoint);
  return {.newly_disabled = rows[0][0].as<int>() > 0};
}

holdfast::Nothing email_endpoint_disabled(Services& services, const EndpointNotice& in) {
  std::string to, name;
  services.database.query([&](pqxx::transaction_base& tx) {
    const auto rows =
        services.sql(tx, kReadOwner, in.delivery.organization_id.to_string(), in.delivery.integration_id.to_string());
    if (rows.empty()) throw ApplicationError("OwnerNotFound", "the organization has no owner to tell", true);
    to = rows[0][0].c_str();
    name = rows[0][1].c_str();
  });
  vendors::EmailMessage message;
  message.organization_id = in.delivery.organization_id.to_string();
  message.idempotency_key =
      "integration.disabled/" + in.delivery.integration_id.to_string() + "/" + in.delivery.message_id;
  message.to = to;
  message.subject = "Your webhook endpoint was disabled";
  message.text = "The webhook endpoint \"" + name + "\" was disabled: " + in.reason +
                 ".\nMend it and enable it again; messages of the meantime can be delivered again from the log.\n";
  const auto sent = as_activity_failure([&] { return services.email.send(message); });
  services.database.query([&](pqxx::transaction_base& tx) {
    services.sql(tx, kRecordNotice, message.organization_id, message.idempotency_key, message.to, message.subject,
                 message.text, sent.id);
  });
  return {};
}

}  // namespace platform::bodies
