#include <activities/meter_errors.hpp>

#include <optional>

#include <activities/billing_rows.hpp>
#include <activities/bodies.hpp>
#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>
#include <activities/vendors/text.hpp>

namespace platform::bodies {
namespace {

constexpr std::string_view kPrefix = "usage:";
constexpr std::size_t kUuidLength = 36;
constexpr std::size_t kLongestMessage = 500;

constexpr Statement kRecordRejected{"platform_record_rejected_usage", R"(
WITH report AS (
  UPDATE platform.usage_reports SET rejected_at = now(), rejected_reason = $3
  WHERE organization_id = $1::uuid AND identifier = $2 AND rejected_at IS NULL
  RETURNING *),
period AS (
  UPDATE platform.billing_periods b
  SET reported_minutes = b.reported_minutes - CASE WHEN r.reported_at IS NULL THEN 0 ELSE r.quantity END,
      next_try = now() + interval '1 day'
  FROM report r WHERE b.organization_id = r.organization_id AND b.period_start = r.period_start),
event AS (
  INSERT INTO platform.billing_events (organization_id, identifier, kind, quantity, detail)
  SELECT organization_id, identifier || ':rejected', 'usage.rejected', quantity, json_build_object('reason', $3::text)
  FROM report)
INSERT INTO platform.notifications (organization_id, kind, title, body)
SELECT organization_id, 'billing.rejected', 'Reported usage was rejected', $3::text FROM report)"};

/// The organization in one of our identifiers (usage:{organization}:…).
std::optional<holdfast::Uuid> organization_of(std::string_view identifier) {
  if (!identifier.starts_with(kPrefix) || identifier.size() < kPrefix.size() + kUuidLength) return std::nullopt;
  try {
    return holdfast::Uuid::parse(identifier.substr(kPrefix.size(), kUuidLength));
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

}  // namespace

MeterErrors read_meter_errors(Services& services, const VendorEventKey& key) {
  const auto report = as_activity_failure([&] { return services.billing.error_report(key.event_id); });
  MeterErrors out{
      .rejected = {}, .unnamed = report.error_count, .summary = vendors::text_prefix(report.summary, kLongestMessage)};
  for (const auto& sample : report.samples) {
    const auto organization = organization_of(sample.identifier);
    if (!organization) continue;
    --out.unnamed;
    out.rejected.push_back({*organization, sample.identifier, vendors::text_prefix(sample.code, 100),
                            vendors::text_prefix(sample.message, kLongestMessage)});
  }
  return out;
}

holdfast::Nothing record_rejected_usage(Services& services, pqxx::transaction_base& tx, const RejectedUsage& in) {
  const auto organization = in.organization_id.to_string();
  set_tenant(services, tx, organization);
  services.sql(tx, kRecordRejected, organization, in.identifier, in.code + ": " + in.message);
  return {};
}

}  // namespace platform::bodies
