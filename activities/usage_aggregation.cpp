#include <activities/usage_aggregation.hpp>

#include <activities/bodies.hpp>
#include <activities/statement.hpp>
#include <activities/usage_alerts.hpp>

namespace platform::bodies {
namespace {

constexpr Statement kPages{"platform_organization_pages",
                           "SELECT platform.organization_pages(nullif($1, '')::uuid, $2::integer, $3::integer)"};

// Runs are started by the runtime role, in the transaction in which the function wrote the alerts.
constexpr Statement kAggregate{"platform_aggregate_usage", R"(
WITH day AS MATERIALIZED (
  SELECT platform.aggregate_usage($1::date, nullif($2, '')::uuid, nullif($3, '')::uuid) AS totals),
started AS MATERIALIZED (
  SELECT holdfast.start_workflow($4, concat('usage-alert-', alert ->> 'organization_id', '-', alert ->> 'period_start',
                                            '-', alert ->> 'percent'),
                                 alert, $5, conflict => 'use_existing',
                                 search_attributes => jsonb_build_object('OrganizationId', alert ->> 'organization_id'))
  FROM day, json_array_elements(totals -> 'alerts') alert)
SELECT totals ->> 'organizations', totals ->> 'calls', totals ->> 'minutes', totals ->> 'changed',
       (SELECT count(*) FROM started)
FROM day)"};

std::string text_or_empty(const holdfast::Uuid& id) { return id.is_nil() ? "" : id.to_string(); }

}  // namespace

OrganizationPages divide_organizations(Services& services, const OrganizationsAfter& in) {
  OrganizationPages out;
  services.database.query([&](pqxx::transaction_base& tx) {
    auto after = in.after;
    for (const auto& row : services.sql(tx, kPages, text_or_empty(in.after), kOrganizationsPerPage, kMostPages)) {
      const auto upto = holdfast::Uuid::parse(row[0].c_str());
      out.pages.push_back({.after = after, .upto = upto});
      after = upto;
    }
  });
  out.has_more = static_cast<std::int64_t>(out.pages.size()) == kMostPages;
  return out;
}

UsageTotals aggregate_usage(Services& services, const UsageDay& in) {
  UsageTotals totals;
  services.database.query([&](pqxx::transaction_base& tx) {
    const auto row = services.sql(tx, kAggregate, in.date, text_or_empty(in.page.after), text_or_empty(in.page.upto),
                                  kUsageAlertType, kBillingQueue)[0];
    totals = {.organizations = row[0].as<std::int64_t>(),
              .calls = row[1].as<std::int64_t>(),
              .minutes = row[2].as<std::int64_t>(),
              .changed = row[3].as<std::int64_t>(),
              .alerts = row[4].as<std::int64_t>()};
  });
  return totals;
}

}  // namespace platform::bodies
