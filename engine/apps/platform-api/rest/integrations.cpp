#include <algorithm>

#include <boost/json.hpp>

#include <holdfast/http/signature/standard_webhooks.hpp>
#include <rest/api_error.hpp>
#include <rest/cursor.hpp>
#include <rest/json_body.hpp>
#include <rest/resources.hpp>

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;

constexpr std::int64_t kMostIntegrations = 100;  // of one organization

#define HOLDFAST_INTEGRATION_JSON                                                                              \
  "json_build_object('id', i.id, 'name', i.name, 'url', i.url, 'event_types', i.event_types, "                 \
  "'enabled', i.disabled_at IS NULL, 'disabled_at', i.disabled_at, 'disabled_reason', i.disabled_reason, "     \
  "'failing_since', i.failing_since, 'max_concurrent', i.max_concurrent, 'max_per_second', i.max_per_second, " \
  "'old_secrets_until', i.old_secrets_until, 'created_at', i.created_at, 'updated_at', i.updated_at)"

constexpr Statement kList{"rest_integrations", "SELECT " HOLDFAST_INTEGRATION_JSON R"(, i.created_at, i.id
FROM platform.integrations i
WHERE i.organization_id = $1::uuid AND (i.created_at, i.id) > ($2::timestamptz, $3::uuid)
ORDER BY i.created_at, i.id LIMIT $4::integer)"};

constexpr Statement kRead{"rest_integration", "SELECT " HOLDFAST_INTEGRATION_JSON R"(
FROM platform.integrations i WHERE i.organization_id = $1::uuid AND i.id = $2::uuid)"};

constexpr Statement kCreate{"rest_integration_create", R"(
INSERT INTO platform.integrations AS i (organization_id, name, url, secrets, event_types, max_concurrent, max_per_second)
SELECT $1::uuid, $2, $3, ARRAY[$4], ARRAY(SELECT json_array_elements_text($5::json)), $6::smallint,
       nullif($7, '')::smallint
WHERE (SELECT count(*) FROM platform.integrations WHERE organization_id = $1::uuid) < $8::bigint
RETURNING i.id, )" HOLDFAST_INTEGRATION_JSON};

// '' leaves a value as it is. An endpoint that is enabled again begins without a past.
constexpr Statement kUpdate{"rest_integration_update", R"(
UPDATE platform.integrations AS i SET
  name = coalesce(nullif($3, ''), i.name), url = coalesce(nullif($4, ''), i.url),
  event_types = CASE WHEN $5 = '' THEN i.event_types
                ELSE ARRAY(SELECT json_array_elements_text(nullif($5, '')::json)) END,
  max_concurrent = coalesce(nullif($6, '')::smallint, i.max_concurrent),
  max_per_second = CASE $7 WHEN '' THEN i.max_per_second WHEN 'none' THEN NULL
                   ELSE nullif(nullif($7, ''), 'none')::smallint END,
  disabled_at = CASE $8 WHEN 'true' THEN NULL WHEN 'false' THEN coalesce(i.disabled_at, now()) ELSE i.disabled_at END,
  disabled_reason = CASE $8 WHEN 'true' THEN NULL WHEN 'false' THEN coalesce(i.disabled_reason, 'by the organization')
                    ELSE i.disabled_reason END,
  failing_since = CASE WHEN $8 = 'true' THEN NULL ELSE i.failing_since END,
  updated_at = now()
WHERE i.organization_id = $1::uuid AND i.id = $2::uuid
RETURNING )" HOLDFAST_INTEGRATION_JSON};

constexpr Statement kDelete{"rest_integration_delete",
                            "DELETE FROM platform.integrations WHERE organization_id = $1::uuid AND id = $2::uuid"};

// Secrets that ended already are dropped; the column takes five.
constexpr Statement kRotate{"rest_integration_rotate", R"(
UPDATE platform.integrations AS i SET
  secrets = $3::text || CASE WHEN $4::integer = 0 THEN '{}' WHEN i.old_secrets_until <= now() THEN i.secrets[1:1]
                        ELSE i.secrets[1:4] END,
  old_secrets_until = CASE WHEN $4::integer > 0 THEN now() + $4::integer * interval '1 second' END,
  updated_at = now()
WHERE i.organization_id = $1::uuid AND i.id = $2::uuid
RETURNING )" HOLDFAST_INTEGRATION_JSON};

constexpr Statement kAudit{"rest_integration_audit", R"(
INSERT INTO platform.audit_log (organization_id, actor, action, subject) VALUES ($1::uuid, 'api', $2, $3))"};

#undef HOLDFAST_INTEGRATION_JSON

/// `json` of an object with one member more.
std::string with_secret(const std::string& json, const std::string& secret) {
  auto object = boost::json::parse(json).as_object();
  object["secret"] = secret;
  return boost::json::serialize(object);
}

std::string checked_url(const RestOptions& options, const std::string& url) {
  if (const auto why = vendors::why_refused(options.webhook_network, url); !why.empty())
    throw ApiError(400, "url: " + why, "url", url, "an https URL on the public internet");
  return url;
}

std::string checked_types(const std::vector<std::string>& types) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
  boost::json::array out;
  for (const auto& type : types) {
    if (type.size() > 100 || type.find_first_not_of(kLetters) != std::string::npos)
      throw bad_value("event_types", type, "names of at most 100 letters, digits, '_' and '.', such as call.completed");
    out.emplace_back(type);
  }
  return boost::json::serialize(out);
}

std::string text_of(std::optional<std::int64_t> value) { return value ? std::to_string(*value) : ""; }

HttpResponse list(Call& call) {
  const auto limit = call.query.limit();
  const auto cursor = call.query.text("cursor", 1000);
  call.query.done();
  const auto after = cursor ? decode_cursor("cursor", *cursor, 2)
                            : std::vector<std::string>{"-infinity", "00000000-0000-0000-0000-000000000000"};
  return page_of(call.sql(kList, call.tenant(), after[0], after[1], limit + 1), limit);
}

HttpResponse get(Call& call) {
  call.query.done();
  const auto rows = call.sql(kRead, call.tenant(), call.uuid("id", "integration"));
  if (rows.empty()) throw not_found("integration");
  return json_response(rows[0][0].c_str());
}

HttpResponse create(Call& call, const RestOptions& options) {
  JsonBody body(call.http);
  const auto name = body.required_text("name", 200);
  const auto url = checked_url(options, body.required_text("url", 2000));
  const auto types = checked_types(body.texts("event_types", 50).value_or(std::vector<std::string>{"call.completed"}));
  const auto concurrent = body.integer("max_concurrent", 1, 64).value_or(8);
  const auto per_second = body.integer("max_per_second", 1, 1000);
  body.done();
  const auto secret = holdfast::http::random_webhook_secret();
  const auto rows =
      call.sql(kCreate, call.tenant(), name, url, secret, types, concurrent, text_of(per_second), kMostIntegrations);
  if (rows.empty()) throw ApiError(409, "there are 100 integrations already; allowed: 100 at most");
  const std::string id = rows[0][0].c_str();
  call.sql(kAudit, call.tenant(), "integration.created", id);
  auto out = json_response(with_secret(rows[0][1].c_str(), secret), 201);
  out.headers.add("Location", "/v1/integrations/" + id);
  return out;
}

HttpResponse update(Call& call, const RestOptions& options) {
  const auto id = call.uuid("id", "integration");
  JsonBody body(call.http);
  const auto name = body.text("name", 200).value_or("");
  const auto url = body.text("url", 2000);
  const auto types = body.texts("event_types", 50);
  const auto concurrent = body.integer("max_concurrent", 1, 64);
  const auto per_second = body.is_null("max_per_second") ? "none" : text_of(body.integer("max_per_second", 1, 1000));
  const auto enabled = body.flag("enabled");
  body.done();
  const auto rows = call.sql(kUpdate, call.tenant(), id, name, url ? checked_url(options, *url) : "",
                             types ? checked_types(*types) : "", text_of(concurrent), per_second,
                             enabled ? (*enabled ? "true" : "false") : "");
  if (rows.empty()) throw not_found("integration");
  call.sql(kAudit, call.tenant(), "integration.updated", id);
  return json_response(rows[0][0].c_str());
}

HttpResponse remove(Call& call) {
  const auto id = call.uuid("id", "integration");
  if (call.sql(kDelete, call.tenant(), id).affected_rows() == 0) throw not_found("integration");
  call.sql(kAudit, call.tenant(), "integration.deleted", id);
  return {.status = 204, .body = {}};
}

HttpResponse rotate(Call& call) {
  const auto id = call.uuid("id", "integration");
  JsonBody body(call.http);
  const auto overlap = body.integer("overlap_seconds", 0, 7 * 86400).value_or(86400);
  body.done();
  const auto secret = holdfast::http::random_webhook_secret();
  const auto rows = call.sql(kRotate, call.tenant(), id, secret, overlap);
  if (rows.empty()) throw not_found("integration");
  call.sql(kAudit, call.tenant(), "integration.secret_rotated", id);
  return json_response(with_secret(rows[0][0].c_str(), secret), 201);
}

}  // namespace

void add_integrations(Router& router, const RestOptions& options) {
  router.add("GET", "/v1/integrations", Access::read, list);
  router.add("POST", "/v1/integrations", Access::write, [&options](Call& call) { return create(call, options); });
  router.add("GET", "/v1/integrations/{id}", Access::read, get);
  router.add("PATCH", "/v1/integrations/{id}", Access::write, [&options](Call& call) { return update(call, options); });
  router.add("DELETE", "/v1/integrations/{id}", Access::write, remove);
  router.add("POST", "/v1/integrations/{id}/secret-rotations", Access::write, rotate);
}

}  // namespace platform::rest
