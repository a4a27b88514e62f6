#include "platform_fixture.hpp"

#include <stdexcept>

#include <activities/doctor_checks.hpp>

namespace platform::test {

const std::string PlatformTest::kReport = R"({"message": {
  "type": "end-of-call-report", "endedReason": "customer-ended-call", "cost": 0.1234,
  "startedAt": "2026-01-01T10:00:00.000Z", "endedAt": "2026-01-01T10:01:00.001Z",
  "call": {"id": "call-1", "type": "inboundPhoneCall", "assistantId": "assistant-acme",
           "customer": {"number": "+14155550100"}},
  "artifact": {"transcript": "AI: Hello.\nUser: Please call me back tomorrow at ten.\nAI: I will.",
               "messages": [{"role": "bot", "message": "Hello."}], "recordingUrl": "https://vendor.test/1.wav"},
  "analysis": {"summary": "The customer wants to be called back."}}})";

const std::string PlatformTest::kStatusUpdate = R"({"message": {"type": "status-update", "status": "in-progress",
  "call": {"id": "call-1", "type": "inboundPhoneCall", "customer": {"number": "+14155550100"}}}})";

PlatformTest::PlatformTest() {
  for (const auto& [id, slug] : {std::pair(acme_, "acme"), std::pair(globex_, "globex")}) {
    pqxx::work tx(*connection_);
    DemoOrganization organization;
    organization.id = id;
    organization.slug = slug;
    organization.sms_to = "+14155550123";
    organization.email_to = std::string(slug) + "@example.com";
    organization.webhook_url = "https://" + std::string(slug) + ".example.com/hook";
    organization.webhook_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    create_demo_organization(tx, organization);
    tx.commit();
  }
}

pqxx::result PlatformTest::owner(const std::string& sql) {
  pqxx::nontransaction tx(*owner_);
  return tx.exec(sql);
}

holdfast::store::postgres::DoctorResult PlatformTest::doctor_check(std::string_view name) {
  auto report = holdfast::store::postgres::examine(test_database_.connection_string(), doctor_checks());
  for (auto& check : report.checks)
    if (check.name.starts_with(name)) return std::move(check);
  throw std::logic_error("the doctor has no check " + std::string(name));
}

CallKey PlatformTest::receive(const std::string& type, const std::string& status, const std::string& body,
                              const std::string& call_id) {
  pqxx::work tx(*connection_);
  const auto row = tx.exec_params1(
      "SELECT to_char(key_time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') "
      "FROM platform.receive_vapi_event($1::uuid, $2, $3, $4, now() - interval '1 minute', $5)",
      acme_.to_string(), call_id, type, status, body);
  tx.commit();
  return {acme_, call_id, holdfast::parse_rfc3339(row[0].c_str())};
}

}  // namespace platform::test
