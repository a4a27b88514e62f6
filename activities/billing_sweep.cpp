#include <activities/billing_sweep.hpp>

#include <activities/bodies.hpp>
#include <activities/statement.hpp>

namespace platform::bodies {
namespace {

constexpr Statement kStartDue{"platform_start_due_billing", R"(
WITH page AS MATERIALIZED (
  SELECT organization_id, is_due
  FROM platform.billing_page(nullif($1, '')::uuid, $2::integer, make_interval(secs => $3::bigint))),
started AS MATERIALIZED (
  SELECT holdfast.start_workflow($4, 'billing-' || organization_id, json_build_object('organization_id', organization_id),
                                 $5, conflict => 'use_existing',
                                 search_attributes => jsonb_build_object('OrganizationId', organization_id))
  FROM page WHERE is_due)
SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM started),
       coalesce((SELECT organization_id::text FROM page ORDER BY organization_id DESC LIMIT 1), ''))"};

}  // namespace

BillingStarted start_due_billing(Services& services, pqxx::transaction_base& tx, const BillingPage& in) {
  const auto row = services.sql(tx, kStartDue, in.after.is_nil() ? "" : in.after.to_string(), kBillingPageSize,
                                in.grace_seconds, kBillingCycleType, kBillingQueue)[0];
  BillingStarted out{.organizations = row[0].as<std::int64_t>(), .due = row[1].as<std::int64_t>(), .last = {}};
  if (out.organizations == kBillingPageSize) out.last = holdfast::Uuid::parse(row[2].c_str());
  return out;
}

}  // namespace platform::bodies
