#include <activities/billing.hpp>

#include <algorithm>
#include <cmath>
#include <random>

#include <activities/billing_rows.hpp>
#include <activities/bodies.hpp>
#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>

namespace platform::bodies {
namespace {

using holdfast::ApplicationError;

// Writes down when the report was first tried, before it is: an attempt that comes much later must ask the vendor
// first. The mark is a row of the audit trail and never changes.
constexpr Statement kBeginReport{"platform_begin_usage_report", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id),
report AS MATERIALIZED (
  SELECT t.id, o.stripe_customer_id, r.* FROM tenant t
  CROSS JOIN LATERAL (SELECT stripe_customer_id FROM platform.organizations WHERE id = t.id OFFSET 0) o
  CROSS JOIN LATERAL (SELECT identifier, quantity, event_time, reported_at, rejected_at FROM platform.usage_reports
                      WHERE organization_id = t.id AND period_start = $2::timestamptz AND seq = $3::integer OFFSET 0) r),
mark AS (
  INSERT INTO platform.billing_events (organization_id, identifier, kind, quantity)
  SELECT id, identifier || ':sending', 'usage.sending', quantity FROM report
  WHERE reported_at IS NULL AND rejected_at IS NULL AND stripe_customer_id IS NOT NULL
  ON CONFLICT DO NOTHING)
SELECT r.identifier, r.quantity, extract(epoch FROM r.event_time)::bigint, coalesce(r.stripe_customer_id, ''),
       r.reported_at IS NOT NULL, r.rejected_at IS NOT NULL,
       coalesce(extract(epoch FROM now() - m.created_at)::bigint, -1),
       extract(epoch FROM now() - r.event_time)::bigint
FROM report r LEFT JOIN LATERAL (
  SELECT created_at FROM platform.billing_events
  WHERE organization_id = r.id AND identifier = r.identifier || ':sending' OFFSET 0) m ON true)"};

constexpr Statement kRecordReport{"platform_record_usage_report", R"(
WITH report AS (
  UPDATE platform.usage_reports SET reported_at = now()
  WHERE organization_id = $1::uuid AND period_start = $2::timestamptz AND seq = $3::integer
    AND reported_at IS NULL AND rejected_at IS NULL
  RETURNING *),
period AS (
  UPDATE platform.billing_periods b SET reported_minutes = b.reported_minutes + r.quantity FROM report r
  WHERE b.organization_id = r.organization_id AND b.period_start = r.period_start)
INSERT INTO platform.billing_events (organization_id, identifier, kind, quantity)
SELECT organization_id, identifier || ':reported', 'usage.reported', quantity FROM report)"};

// One event, and one notice, a day at most: it is tried every hour.
constexpr Statement kRecordRefusal{"platform_record_usage_refusal", R"(
WITH report AS (
  SELECT * FROM platform.usage_reports
  WHERE organization_id = $1::uuid AND period_start = $2::timestamptz AND seq = $3::integer),
period AS (
  UPDATE platform.billing_periods b SET next_try = now() + interval '1 hour' FROM report r
  WHERE b.organization_id = r.organization_id AND b.period_start = r.period_start),
event AS (
  INSERT INTO platform.billing_events (organization_id, identifier, kind, quantity, detail)
  SELECT organization_id, concat(identifier, ':refused:', (now() AT TIME ZONE 'UTC')::date), 'usage.refused', quantity,
         json_build_object('reason', $4::text)
  FROM report ON CONFLICT DO NOTHING
  RETURNING organization_id)
INSERT INTO platform.notifications (organization_id, kind, title, body)
SELECT organization_id, 'billing.refused', 'Usage could not be reported for billing', $4::text FROM event)"};

constexpr Statement kExpireReport{"platform_expire_usage_report", R"(
WITH report AS (
  UPDATE platform.usage_reports SET rejected_at = now(), rejected_reason = $4
  WHERE organization_id = $1::uuid AND period_start = $2::timestamptz AND seq = $3::integer
    AND reported_at IS NULL AND rejected_at IS NULL
  RETURNING *)
INSERT INTO platform.billing_events (organization_id, identifier, kind, quantity, detail)
SELECT organization_id, identifier || ':expired', 'usage.expired', quantity, json_build_object('reason', $4::text)
FROM report)"};

struct Begun {
  vendors::MeterEvent event;
  bool reported = false, rejected = false;
  std::chrono::seconds first_tried{-1};  ///< ago; negative: this is the first attempt
  std::chrono::seconds age{};            ///< of the time for which it is reported
};

Begun begin_report(Services& services, const ReportKey& key) {
  Begun begun;
  services.database.query([&](pqxx::transaction_base& tx) {
    const auto rows = services.sql(tx, kBeginReport, key.organization_id.to_string(),
                                   holdfast::to_rfc3339(key.period_start), key.seq);
    if (rows.empty()) throw ApplicationError("ReportNotFound", "this report was never planned", true);
    const auto row = rows[0];
    begun.event = {.identifier = row[0].c_str(),
                   .request_key = {},
                   .customer_id = row[3].c_str(),
                   .quantity = row[1].as<std::int64_t>(),
                   .time = std::chrono::sys_seconds(std::chrono::seconds(row[2].as<std::int64_t>()))};
    begun.reported = row[4].as<bool>();
    begun.rejected = row[5].as<bool>();
    begun.first_tried = std::chrono::seconds(row[6].as<std::int64_t>());
    begun.age = std::chrono::seconds(row[7].as<std::int64_t>());
  });
  if (begun.rejected) throw ApplicationError("ReportRejected", "this report was rejected before", true);
  if (begun.event.customer_id.empty() && !begun.reported)
    throw ApplicationError("CustomerNotFound", "the organization has no customer at the payment vendor", true);
  return begun;
}

/// No other report of the organization is for the same minute, so the vendor's sum over it is this report or nothing.
bool is_counted(Services& services, const vendors::MeterEvent& event) {
  const auto sum = services.billing.reported(event.customer_id, event.time, event.time + std::chrono::minutes(1));
  if (sum != 0 && sum != event.quantity)
    throw ApplicationError("UnknownUsage",
                           "the vendor has " + std::to_string(sum) + " units at the minute of " + event.identifier +
                               ", which is for " + std::to_string(event.quantity) + ": somebody else reports too",
                           true);
  return sum != 0;
}

/// The wait before the next attempt: doubling from a second to ten minutes, anywhere within half of it either way, so
/// that the customers of one period's end do not come back together.
holdfast::Duration next_wait(int attempt) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const double seconds = std::min(std::ldexp(1.0, std::min(attempt - 1, 20)), 600.0);
  const double jittered = seconds * std::uniform_real_distribution<>(0.5, 1.5)(random);
  return std::chrono::duration_cast<holdfast::Duration>(std::chrono::duration<double>(jittered));
}

/// Calls `call`, with the vendor's errors turned into activity failures that say when to come again.
template <class Call>
ReportSent reporting(int attempt, const Call& call) {
  try {
    return call();
  } catch (const vendors::VendorError& error) {
    const auto failure = activity_failure(error);
    if (failure.failure().non_retryable || failure.failure().next_retry_delay) throw failure;
    throw failure.with_next_retry(next_wait(attempt));
  }
}

}  // namespace

ReportSent report_usage(Services& services, const ReportKey& key, int attempt) {
  auto begun = begin_report(services, key);
  if (begun.reported) return {.found = true};
  begun.event.request_key = begun.event.identifier + "/" + std::to_string(attempt);
  const bool was_tried = begun.first_tried.count() >= 0;
  const bool is_too_old = begun.age > vendors::kOldestMeterEvent;
  return reporting(attempt, [&]() -> ReportSent {
    if (was_tried && (begun.first_tried > vendors::kMeterEventWindow || is_too_old) &&
        is_counted(services, begun.event))
      return {.found = true};
    if (is_too_old) throw ApplicationError(kReportExpired, "the vendor takes no usage of so long ago any more", true);
    services.billing.report(begun.event);
    return {};
  });
}

holdfast::Nothing record_report(Services& services, pqxx::transaction_base& tx, const ReportKey& key) {
  const auto organization = key.organization_id.to_string();
  set_tenant(services, tx, organization);
  services.sql(tx, kRecordReport, organization, holdfast::to_rfc3339(key.period_start), key.seq);
  return {};
}

holdfast::Nothing record_refusal(Services& services, pqxx::transaction_base& tx, const ReportRefusal& in) {
  const auto organization = in.report.organization_id.to_string();
  set_tenant(services, tx, organization);
  services.sql(tx, kRecordRefusal, organization, holdfast::to_rfc3339(in.report.period_start), in.report.seq,
               in.reason);
  return {};
}

holdfast::Nothing expire_report(Services& services, pqxx::transaction_base& tx, const ReportRefusal& in) {
  const auto organization = in.report.organization_id.to_string();
  set_tenant(services, tx, organization);
  services.sql(tx, kExpireReport, organization, holdfast::to_rfc3339(in.report.period_start), in.report.seq, in.reason);
  return {};
}

}  // namespace platform::bodies
