#include <activities/insight_bodies.hpp>
#include <activities/statement.hpp>

namespace platform::bodies {
namespace {

// Everything or nothing: a period that has patterns keeps them.
constexpr Statement kStorePatterns{"platform_store_patterns", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id),
known AS MATERIALIZED (
  SELECT count(*) AS patterns FROM tenant t CROSS JOIN LATERAL (
    SELECT 1 FROM platform.patterns
    WHERE organization_id = t.id AND period = $2 AND period_start = $3::date LIMIT 1 OFFSET 0) p),
found AS MATERIALIZED (
  SELECT c.* FROM tenant t CROSS JOIN LATERAL (
    SELECT * FROM platform.pattern_clusters
    WHERE organization_id = t.id AND period = $2 AND period_start = $3::date OFFSET 0) c),
stored AS (
  INSERT INTO platform.patterns (organization_id, period, period_start, number, title, description, products, members,
                                 confidence, evidence, similar_to, model, code)
  SELECT f.organization_id, f.period, f.period_start, f.number, f.title, f.description, f.products, f.members,
         f.confidence, f.evidence, f.similar_to, f.model, f.code
  FROM found f CROSS JOIN known k WHERE k.patterns = 0
  ON CONFLICT DO NOTHING
  RETURNING similar_to)
SELECT count(*), count(similar_to) FROM stored)"};

// In the same commit, and with the tenant of the statement before it.
constexpr Statement kDropClusters{"platform_drop_clusters", R"(
DELETE FROM platform.pattern_clusters WHERE organization_id = $1::uuid AND period = $2 AND period_start = $3::date)"};

constexpr Statement kStartDiscoveries{"platform_start_discoveries", R"(
SELECT organizations, coalesce(last::text, ''), started
FROM platform.start_pattern_discoveries($1::date, nullif($2, '')::uuid, $3::integer))"};

constexpr Statement kStartRollUps{"platform_start_rollups", R"(
SELECT count(*) FROM platform.start_pattern_rollups($1::uuid, $2, platform.period_end($2, $3::date)))"};

}  // namespace

DiscoveriesStarted start_discoveries(InsightServices& services, pqxx::transaction_base& tx, const DiscoveryPage& page) {
  const auto rows = services.sql(tx, kStartDiscoveries, page.day, page.after.is_nil() ? "" : page.after.to_string(),
                                 kDiscoveriesPerPage);
  DiscoveriesStarted out{.organizations = rows[0][0].as<std::int64_t>(), .started = rows[0][2].as<std::int64_t>()};
  if (out.organizations > 0) out.last = holdfast::Uuid::parse(rows[0][1].c_str());
  return out;
}

PatternsStored store_patterns(InsightServices& services, pqxx::transaction_base& tx, const PatternPeriod& period) {
  const auto organization = period.organization_id.to_string();
  const auto rows = services.sql(tx, kStorePatterns, organization, period.period, period.start);
  services.sql(tx, kDropClusters, organization, period.period, period.start);
  return {.patterns = rows[0][0].as<std::int64_t>(), .repeated = rows[0][1].as<std::int64_t>()};
}

RollUpsStarted start_rollups(InsightServices& services, pqxx::transaction_base& tx, const PatternPeriod& period) {
  const auto rows = services.sql(tx, kStartRollUps, period.organization_id.to_string(), period.period, period.start);
  return {.started = rows[0][0].as<std::int64_t>()};
}

}  // namespace platform::bodies
