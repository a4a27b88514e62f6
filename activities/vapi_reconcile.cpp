#include <activities/vapi_reconcile.hpp>

#include <boost/json.hpp>

#include <spdlog/spdlog.h>
#include <pqxx/except>

#include <activities/bodies.hpp>
#include <activities/call_key.hpp>
#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>
#include <activities/vendors/json_reader.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::bodies {
namespace {

namespace json = boost::json;
using vendors::member;
using vendors::string_member;

constexpr Statement kOwner{"platform_organization_of_call", "SELECT platform.organization_of_call($1, $2)"};

// The row of the report and the run in one statement, hence in one transaction, as the ingress does it.
constexpr Statement kFile{"platform_file_missing_report", R"(
WITH filed AS MATERIALIZED (
  SELECT e.is_new, e.key_time
  FROM platform.receive_vapi_event($1::uuid, $2, 'end-of-call-report', '', nullif($3, '')::timestamptz, $4) e)
SELECT f.is_new, CASE WHEN f.is_new THEN holdfast.start_workflow('CallProcessing', $5,
  json_build_object('organization_id', $1, 'call_id', $2, 'created_at', platform.utc_text(f.key_time)), 'calls',
  reuse => 'reject_duplicate', search_attributes => jsonb_build_object('OrganizationId', $1, 'CallId', $2)) END
FROM filed f)"};

void copy(const json::object& from, json::object& to, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto* value = from.if_contains(name)) to[name] = *value;
}

/// The report that the vendor would have sent. The list has the same parts, some of them one level higher.
std::string report_of_call(const json::object& call) {
  json::object message{{"type", "end-of-call-report"}, {"reconciled", true}};
  copy(call, message, {"endedReason", "startedAt", "endedAt", "cost", "costs", "artifact", "analysis", "customer"});
  if (!message.contains("artifact")) {
    json::object artifact;
    copy(call, artifact, {"transcript", "messages", "recordingUrl"});
    message["artifact"] = std::move(artifact);
  }
  json::object head;
  copy(call, head,
       {"id", "orgId", "type", "createdAt", "updatedAt", "startedAt", "endedAt", "assistantId", "phoneNumberId",
        "customer", "cost", "endedReason"});
  message["call"] = std::move(head);
  return json::serialize(json::object{{"message", std::move(message)}});
}

std::string time_or_nothing(std::string_view text) {
  try {
    return holdfast::to_rfc3339(holdfast::parse_rfc3339(text));
  } catch (const std::invalid_argument&) {
    return {};
  }
}

std::string owner_of(Services& services, const json::value& call) {
  std::string owner;
  services.database.query([&](pqxx::transaction_base& tx) {
    const auto row = services.sql(tx, kOwner, std::string(string_member(call, {"assistantId"})),
                                  std::string(string_member(call, {"phoneNumber", "number"})))[0];
    if (!row[0].is_null()) owner = row[0].c_str();
  });
  return owner;
}

/// True if the call had not reported.
bool file(Services& services, const std::string& owner, const std::string& id, const json::value& call) {
  const CallKey key{holdfast::Uuid::parse(owner), id, {}};
  bool is_new = false;
  try {
    services.database.query([&](pqxx::transaction_base& tx) {
      const auto rows = services.sql(tx, kFile, owner, id, time_or_nothing(string_member(call, {"createdAt"})),
                                     report_of_call(call.get_object()), call_workflow_id(key));
      is_new = rows[0][0].as<bool>();
    });
  } catch (const pqxx::unique_violation&) {
    // Its report came under another time: the run exists, and nothing of this was kept.
  } catch (const pqxx::foreign_key_violation&) {
    spdlog::warn("call {} belongs to organization {}, which is not active", id, owner);
  }
  return is_new;
}

}  // namespace

ReconciledPage reconcile_calls(Services& services, const ReconcilePage& in) {
  if (services.vapi_calls == nullptr)
    throw holdfast::ApplicationError("NotConfigured", "this worker has no access to the vendor's calls");
  const auto calls = as_activity_failure([&] {
    return services.vapi_calls->updated_between(holdfast::to_rfc3339(in.after), holdfast::to_rfc3339(in.before),
                                                static_cast<int>(in.limit));
  });
  ReconciledPage page;
  for (const auto& call : calls) {
    if (call.status != "ended") continue;
    const auto value = vendors::parse_json(call.json);
    if (!value || !value->is_object() || call.id.size() > 200) continue;
    ++page.seen;
    const auto owner = owner_of(services, *value);
    if (owner.empty())
      ++page.ownerless;
    else if (file(services, owner, call.id, *value))
      ++page.filed;
  }
  if (calls.size() >= static_cast<std::size_t>(in.limit))
    if (const auto oldest = time_or_nothing(calls.back().updated_at); !oldest.empty())
      page.oldest = holdfast::parse_rfc3339(oldest);
  return page;
}

}  // namespace platform::bodies
