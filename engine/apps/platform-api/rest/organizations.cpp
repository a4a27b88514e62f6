#include <boost/json.hpp>

#include <ingress/vapi_settings.hpp>
#include <rest/api_error.hpp>
#include <rest/cursor.hpp>
#include <rest/json_body.hpp>
#include <rest/resources.hpp>

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;

// Secrets of vendors stay inside: settings.vapi.authentication is shown as set or not.
constexpr Statement kRead{"rest_organization", R"sql(
SELECT json_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'status', o.status, 'plan', o.plan_id,
         'plan_minutes', o.plan_minutes, 'period_start', o.period_start, 'period_end', o.period_end,
         'settings', CASE WHEN o.settings #> '{vapi,authentication}' IS NULL THEN o.settings
                     ELSE jsonb_set(o.settings, '{vapi,authentication}', '"(set)"') END,
         'created_at', o.created_at)
FROM platform.organizations o WHERE o.id = $1::uuid)sql"};

constexpr Statement kUpdate{"rest_organization_update", R"(
UPDATE platform.organizations o SET name = coalesce(nullif($2, ''), o.name), settings = o.settings || $3::jsonb
WHERE o.id = $1::uuid)"};

/// The path names an organization; only the key's own exists.
void check_own(const Call& call) {
  if (call.uuid("id", "organization") != call.tenant()) throw not_found("organization");
}

HttpResponse read(Call& call) {
  const auto rows = call.sql(kRead, call.tenant());
  if (rows.empty()) throw not_found("organization");
  return json_response(rows[0][0].c_str());
}

HttpResponse list(Call& call) {
  const auto limit = call.query.limit();
  call.query.done();
  return page_of(call.sql(kRead, call.tenant()), limit);
}

HttpResponse get(Call& call) {
  call.query.done();
  check_own(call);
  return read(call);
}

/// {"notify": {"sms", "sms_to", "email", "email_to"}}, whole.
void check_notify(const boost::json::object& notify) {
  for (const auto& [key, value] : notify) {
    const bool is_switch = key == "sms" || key == "email", is_address = key == "sms_to" || key == "email_to";
    const auto field = "settings.notify." + std::string(key);
    if (is_switch && !value.is_bool()) throw bad_value(field, boost::json::serialize(value), "true or false");
    if (is_address && (!value.is_string() || value.get_string().size() > 320 || !is_storable(value.get_string())))
      throw bad_value(field, boost::json::serialize(value), "an address of at most 320 bytes");
    if (!is_switch && !is_address) throw bad_value("field", field, "sms, sms_to, email, email_to");
  }
}

void check_settings(const boost::json::object& settings) {
  for (const auto& [key, value] : settings) {
    if (key != "notify" && key != "vapi" && key != "recordings")
      throw bad_value("field", "settings." + std::string(key), "notify, recordings, vapi");
    if (!value.is_object())
      throw bad_value("settings." + std::string(key), boost::json::serialize(value), "a JSON object");
    if (key == "notify") check_notify(value.get_object());
    if (key == "recordings") {
      const auto* copy = value.get_object().if_contains("copy");
      if (value.get_object().size() != 1 || copy == nullptr || !copy->is_bool())
        throw bad_value("settings.recordings", boost::json::serialize(value), R"({"copy": true or false})");
    }
    if (key == "vapi") {
      try {
        ingress::parse_vapi_settings(boost::json::serialize(value));
      } catch (const std::invalid_argument& error) {
        throw ApiError(400, error.what(), "settings.vapi", "(not shown)", "see the documentation of credentials");
      }
    }
  }
}

HttpResponse update(Call& call) {
  check_own(call);
  JsonBody body(call.http);
  const auto name = body.text("name", 200);
  const auto* settings = body.object("settings");
  body.done();
  if (settings != nullptr) check_settings(*settings);
  call.sql(kUpdate, call.tenant(), name.value_or(""), settings ? boost::json::serialize(*settings) : "{}");
  return read(call);
}

}  // namespace

void add_organizations(Router& router) {
  router.add("GET", "/v1/organizations", Access::read, list);
  router.add("GET", "/v1/organizations/{id}", Access::read, get);
  router.add("PATCH", "/v1/organizations/{id}", Access::write, update);
}

}  // namespace platform::rest
