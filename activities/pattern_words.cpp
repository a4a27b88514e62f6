#include <boost/json.hpp>

#include <activities/insight_bodies.hpp>
#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>
#include <activities/vendors/keyword_insight_writer.hpp>
#include <holdfast/core/codec.hpp>

namespace platform::bodies {
namespace {

// No row: described already, or stored.
constexpr Statement kReadCluster{"platform_read_cluster", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT c.members, coalesce(c.evidence -> 'samples', '[]'), o.name, p.names
FROM tenant t
CROSS JOIN LATERAL (
  SELECT members, evidence, products FROM platform.pattern_clusters
  WHERE organization_id = t.id AND period = $2 AND period_start = $3::date AND number = $4::smallint AND title = ''
  OFFSET 0) c
CROSS JOIN LATERAL (SELECT name FROM platform.organizations WHERE id = t.id OFFSET 0) o
CROSS JOIN LATERAL (
  SELECT coalesce(json_agg(name ORDER BY name), '[]') AS names FROM platform.products
  WHERE organization_id = t.id AND id = ANY (c.products) OFFSET 0) p)"};

// An UPDATE could be planned before its tenant is set; this cannot.
constexpr Statement kStoreWords{"platform_store_pattern_words", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.pattern_clusters AS c
  (organization_id, period, period_start, number, members, confidence, evidence, model, code, title, description)
SELECT p.organization_id, p.period, p.period_start, p.number, p.members, p.confidence, p.evidence, p.model, p.code, $5, $6
FROM tenant t CROSS JOIN LATERAL (
  SELECT * FROM platform.pattern_clusters
  WHERE organization_id = t.id AND period = $2 AND period_start = $3::date AND number = $4::smallint OFFSET 0) p
ON CONFLICT (organization_id, period, period_start, number)
  DO UPDATE SET title = excluded.title, description = excluded.description WHERE c.title = '')"};

}  // namespace

holdfast::Nothing describe_pattern(InsightServices& services, const DescribePattern& in) {
  const auto organization = in.period.organization_id.to_string();
  pqxx::result rows;
  services.database.query([&](pqxx::transaction_base& tx) {
    rows = services.sql(tx, kReadCluster, organization, in.period.period, in.period.start, in.number);
  });
  if (rows.empty()) return {};
  const vendors::PatternEvidence evidence{
      .business = {.organization = rows[0][2].c_str(),
                   .products = holdfast::decode<std::vector<std::string>>(rows[0][3].c_str())},
      .members = rows[0][0].as<std::size_t>(),
      .samples = holdfast::decode<std::vector<std::string>>(rows[0][1].c_str())};
  vendors::KeywordInsightWriter plain;
  auto& writer = in.plainly ? static_cast<vendors::InsightWriter&>(plain) : services.writer;
  const auto described = as_activity_failure([&] { return writer.describe(evidence); });
  services.database.query([&](pqxx::transaction_base& tx) {
    services.sql(tx, kStoreWords, organization, in.period.period, in.period.start, in.number, described.title,
                 described.description);
  });
  return {};
}

}  // namespace platform::bodies
