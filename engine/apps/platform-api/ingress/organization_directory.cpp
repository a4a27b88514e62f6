#include <ingress/organization_directory.hpp>

#include <spdlog/spdlog.h>
#include <boost/json.hpp>

namespace platform::ingress {
namespace {

constexpr std::size_t kMostKnown = 10'000;  // unknown ids are remembered too, and anybody can make some up

// The lateral subqueries need the result of set_config, so row-level security is evaluated after the tenant is set.
constexpr Statement kOrganization{"platform_ingress_organization", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1::uuid::text, true)::uuid AS id)
SELECT coalesce(o.settings -> 'vapi', '{}'), coalesce(a.assistant, ''), coalesce(n.numbers, '{}')
FROM tenant t
  CROSS JOIN LATERAL (
    SELECT settings FROM platform.organizations WHERE id = t.id AND status = 'active' OFFSET 0) o
  LEFT JOIN LATERAL (
    SELECT vapi_assistant_id AS assistant FROM platform.assistants
    WHERE organization_id = t.id AND vapi_assistant_id IS NOT NULL ORDER BY created_at, id LIMIT 1) a ON true
  LEFT JOIN LATERAL (
    SELECT json_object_agg(p.number, s.vapi_assistant_id)::text AS numbers
    FROM platform.phone_numbers p JOIN platform.assistants s ON s.id = p.assistant_id
    WHERE p.organization_id = t.id AND p.released_at IS NULL AND s.vapi_assistant_id IS NOT NULL) n ON true)"};

constexpr Statement kPing{"platform_ingress_ping", "SELECT 1"};

std::map<std::string, std::string> numbers(const char* text) {
  std::map<std::string, std::string> out;
  for (const auto& [number, assistant] : boost::json::parse(text).as_object())
    out.emplace(number, assistant.as_string());
  return out;
}

std::shared_ptr<const Organization> organization_of(const holdfast::Uuid& id, const pqxx::row& row) {
  auto out = std::make_shared<Organization>();
  out->id = id;
  try {
    out->vapi = parse_vapi_settings(row[0].c_str());
    if (out->vapi.credentials.empty()) out->problem = "settings.vapi.authentication is not set";
  } catch (const std::invalid_argument& error) {
    out->problem = error.what();
  }
  if (!out->problem.empty()) spdlog::warn("organization {}: {}", id.to_string(), out->problem);
  if (out->vapi.assistant_id.empty()) out->vapi.assistant_id = row[1].c_str();
  out->assistants_by_number = numbers(row[2].c_str());
  return out;
}

}  // namespace

std::string Organization::assistant_for(const std::string& number) const {
  const auto own = assistants_by_number.find(number);
  return own == assistants_by_number.end() ? vapi.assistant_id : own->second;
}

OrganizationDirectory::OrganizationDirectory(const DatabaseOptions& database, std::chrono::milliseconds remember)
    : remember_(remember),
      session_(database),
      thread_(
          {.threads = 1}, [](const holdfast::Uuid&) { return std::size_t{1}; },
          [this](std::size_t, auto& jobs) {
            for (auto& job : jobs) job.out.set_value(look_up(job.in));
          }) {}

OrganizationDirectory::Found OrganizationDirectory::find(const holdfast::Uuid& id, std::chrono::milliseconds timeout) {
  {
    const std::lock_guard lock(mutex_);
    const auto entry = known_.find(id);
    if (entry != known_.end() && Clock::now() < entry->second.until) return entry->second.organization;
  }
  auto result = thread_.submit(id);
  if (result.wait_for(timeout) != std::future_status::ready) throw Unavailable("the database does not answer");
  return result.get();
}

void OrganizationDirectory::ping(std::chrono::milliseconds timeout) {
  auto result = thread_.submit({});
  if (result.wait_for(timeout) != std::future_status::ready) throw Unavailable("the database does not answer");
  result.get();
}

OrganizationDirectory::Found OrganizationDirectory::look_up(const holdfast::Uuid& id) {
  Found found;
  try {
    session_.transaction([&](pqxx::work& tx) {
      if (id.is_nil()) {
        session_.run(tx, kPing, {});
        return;
      }
      const auto rows = session_.run(tx, kOrganization, {holdfast::store::postgres::uuid_parameter(id)});
      if (!rows.empty()) found = organization_of(id, rows[0]);
    });
  } catch (const pqxx::sql_error& error) {
    // The schema is missing or another one: an operator's matter, not the sender's.
    throw Unavailable(error.what());
  }
  if (!id.is_nil()) keep(id, found);
  return found;
}

void OrganizationDirectory::keep(const holdfast::Uuid& id, Found organization) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMostKnown) known_.clear();
  known_[id] = {std::move(organization), Clock::now() + remember_};
}

}  // namespace platform::ingress
