#include <activities/lookups.hpp>

#include <activities/services.hpp>
#include <holdfast/core/codec.hpp>
#include <holdfast/core/errors.hpp>

// The tenant is set in the same round trip. The lateral subquery needs the result of set_config, so it cannot be
// scanned, and row-level security cannot be evaluated, before the setting is made.

namespace platform {
namespace {

constexpr Statement kReadReport{"platform_read_report", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT e.body FROM tenant t CROSS JOIN LATERAL (
  SELECT body FROM platform.vapi_events
  WHERE organization_id = t.id AND created_at = $2::timestamptz AND call_id = $3
    AND type = 'end-of-call-report' AND status = '' OFFSET 0) e)"};

constexpr Statement kReadItems{"platform_read_action_items", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT coalesce(json_agg(json_build_object('text', a.text, 'kind', a.kind, 'due', a.due) ORDER BY a.position), '[]')
FROM tenant t CROSS JOIN LATERAL (
  SELECT position, text, kind, due FROM platform.call_actions
  WHERE organization_id = t.id AND created_at = $2::timestamptz AND call_id = $3 OFFSET 0) a)"};

constexpr Statement kReadContact{"platform_read_contact", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT CASE WHEN s.sms THEN '' ELSE coalesce(o.settings #>> '{notify,sms_to}', '') END,
       CASE WHEN s.email THEN '' ELSE coalesce(o.settings #>> '{notify,email_to}', '') END
FROM tenant t CROSS JOIN LATERAL (SELECT settings FROM platform.organizations WHERE id = t.id OFFSET 0) o
CROSS JOIN LATERAL (
  SELECT EXISTS (SELECT FROM platform.suppressions WHERE organization_id = t.id AND channel = 'sms'
                   AND recipient = o.settings #>> '{notify,sms_to}') AS sms,
         EXISTS (SELECT FROM platform.suppressions WHERE organization_id = t.id AND channel = 'email'
                   AND recipient = o.settings #>> '{notify,email_to}') AS email) s)"};

template <class... Args>
pqxx::result read(Services& services, pqxx::transaction_base* tx, const Statement& statement, const Args&... args) {
  if (tx) return services.sql(*tx, statement, args...);
  pqxx::result rows;
  services.database.query([&](pqxx::transaction_base& own) { rows = services.sql(own, statement, args...); });
  return rows;
}

}  // namespace

std::shared_ptr<const CallReport> report_of(Services& services, const CallKey& call, pqxx::transaction_base* tx) {
  if (auto known = services.caches.reports.find(call)) return known;
  const auto rows = read(services, tx, kReadReport, call.organization_id.to_string(),
                         holdfast::to_rfc3339(call.created_at), call.call_id);
  if (rows.empty())
    throw holdfast::ApplicationError("ReportNotFound", "no end-of-call-report is stored for call " + call.call_id,
                                     true);
  auto report = parse_call_report(rows[0][0].c_str());
  const auto bytes = report.bytes();
  return services.caches.reports.keep(call, std::move(report), bytes);
}

std::shared_ptr<const std::vector<ActionItem>> action_items_of(Services& services, const CallKey& call,
                                                               pqxx::transaction_base* tx) {
  if (auto known = services.caches.action_items.find(call)) return known;
  const auto rows = read(services, tx, kReadItems, call.organization_id.to_string(),
                         holdfast::to_rfc3339(call.created_at), call.call_id);
  return std::make_shared<const std::vector<ActionItem>>(holdfast::decode<std::vector<ActionItem>>(rows[0][0].c_str()));
}

std::shared_ptr<const OrganizationContact> contact_of(Services& services, const holdfast::Uuid& organization,
                                                      pqxx::transaction_base* tx) {
  if (auto known = services.caches.contacts.find(organization)) return known;
  const auto rows = read(services, tx, kReadContact, organization.to_string());
  if (rows.empty())
    throw holdfast::ApplicationError("OrganizationNotFound", "no organization " + organization.to_string(), true);
  return services.caches.contacts.keep(organization, {rows[0][0].c_str(), rows[0][1].c_str()}, 200);
}

}  // namespace platform
