#include "platform_services.hpp"

#include <fmt/format.h>
#include <pqxx/pqxx>

#include <activities/demo_data.hpp>
#include <activities/registration.hpp>
#include <workflows/call_processing.hpp>
#include <workflows/definitions.hpp>

namespace bench {
namespace {

constexpr std::int64_t kOrganizations = 20;

/// When every call of a benchmark was created: the start of this second, in the current month's partition.
const holdfast::Timestamp& created_at() {
  static const holdfast::Timestamp at =
      std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  return at;
}

std::string call_id(std::int64_t n) { return fmt::format("call-{:08d}", n); }

std::string dialogue() {
  std::string out;
  for (int i = 0; i < 12; ++i) {
    out += "AI: Thank you, I have noted that. Is there anything else that I can do for you today?\\n";
    out += "User: I would like to know when the technician arrives, and whether he brings the spare part.\\n";
  }
  return out + "User: Please call me back tomorrow at ten. Could you send me the invoice by e-mail?\\nAI: I will.";
}

}  // namespace

PlatformServices::PlatformServices(const std::string& database_url, const platform::vendors::VendorConfig& vendors)
    : database_(database_url),
      broadcasts_(database_url),
      vendors_(platform::vendors::make_vendors(
          vendors, [](const platform::vendors::OutboxMessage&) {},
          [this](const platform::vendors::Broadcast& broadcast) { broadcasts_.add(broadcast); })),
      services_{{},
                database_,
                caches_,
                *vendors_.action_items,
                *vendors_.sms,
                *vendors_.email,
                *vendors_.realtime,
                *vendors_.webhooks,
                *vendors_.billing},
      insight_services_{{}, database_, *vendors_.embedder, *vendors_.insights} {}

void PlatformServices::add_to(holdfast::worker::Registry& registry) {
  platform::register_workflows(registry);
  platform::register_activities(registry, services_);
  platform::register_insight_activities(registry, insight_services_);
}

std::string organization_of_call(std::int64_t n) {
  return fmt::format("00000000-0000-7000-8000-{:012d}", n % kOrganizations + 1);
}

void create_organizations(const Database& database) {
  pqxx::connection connection(database.url());
  pqxx::work tx(connection);
  for (std::int64_t n = 0; n < kOrganizations; ++n) {
    platform::DemoOrganization organization;
    organization.id = holdfast::Uuid::parse(organization_of_call(n));
    organization.slug = fmt::format("organization-{}", n);
    organization.sms_to = "+14155550123";
    organization.email_to = "people@example.com";
    platform::create_demo_organization(tx, organization);
  }
  tx.commit();
}

std::string call_report(std::int64_t n) {
  static const std::string text = dialogue();
  return fmt::format(
      R"({{"message": {{"type": "end-of-call-report", "endedReason": "customer-ended-call", "cost": 0.1234,
    "startedAt": "2026-01-01T10:00:00.000Z", "endedAt": "2026-01-01T10:03:4{}.000Z",
    "call": {{"id": "{}", "type": "inboundPhoneCall", "customer": {{"number": "+14155550100"}}}},
    "artifact": {{"transcript": "{}", "messages": [{{"role": "bot", "message": "Hello."}}],
                 "recordingUrl": "https://vendor.test/{}.wav"}},
    "analysis": {{"summary": "The customer asked about the technician's visit and wants to be called back."}}}}}})",
      n % 10, call_id(n), text, n);
}

void file_reports(const Database& database, std::int64_t count) {
  pqxx::connection connection(database.url());
  pqxx::work tx(connection);
  connection.prepare("file",
                     "SELECT platform.receive_vapi_event($1::uuid, $2, 'end-of-call-report', '', $3::timestamptz, $4)");
  for (std::int64_t n = 0; n < count; ++n)
    tx.exec_prepared("file", organization_of_call(n), call_id(n), holdfast::to_rfc3339(created_at()), call_report(n));
  tx.commit();
}

holdfast::client::StartRequest call_request(std::int64_t n) {
  const platform::CallKey call{holdfast::Uuid::parse(organization_of_call(n)), call_id(n), created_at()};
  return holdfast::client::Client::request(platform::kCallProcessing, platform::call_workflow_id(call), call);
}

}  // namespace bench
