#include <activities/pattern_candidates.hpp>

#include <boost/json.hpp>

#include <activities/statement.hpp>

namespace platform {
namespace {

namespace json = boost::json;

constexpr Statement kEarlier{"platform_earlier_patterns", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT p.id, p.code, p.members, p.confidence, p.title, p.description
FROM tenant t CROSS JOIN LATERAL (
  SELECT id, code, members, confidence, title, description FROM platform.patterns
  WHERE organization_id = t.id AND period = $2 AND period_start < $3::date AND similar_to IS NULL AND model = $4
    AND code IS NOT NULL
  ORDER BY period_start DESC, number LIMIT 5000 OFFSET 0) p)"};

constexpr Statement kWrite{"platform_write_clusters", R"(
SELECT platform.write_pattern_clusters($1::uuid, $2, $3::date, $4, $5::json))"};

json::array list_of(const std::vector<PatternCandidate>& candidates) {
  json::array list;
  for (const auto& candidate : candidates) {
    json::array products;
    for (const auto& product : candidate.products) products.emplace_back(product);
    list.push_back(
        json::object{{"number", list.size()},
                     {"members", candidate.members},
                     {"confidence", candidate.confidence},
                     {"evidence", candidate.evidence},
                     {"products", std::move(products)},
                     {"code", patterns::code_to_hex(candidate.code)},
                     {"similar_to", candidate.similar_to ? json::value(*candidate.similar_to) : json::value()},
                     {"title", candidate.title},
                     {"description", candidate.description}});
  }
  return list;
}

}  // namespace

EarlierPatterns read_earlier_patterns(InsightServices& services, const PatternPeriod& period) {
  pqxx::result rows;
  services.database.query([&](pqxx::transaction_base& tx) {
    rows = services.sql(tx, kEarlier, period.organization_id.to_string(), period.period, period.start,
                        services.embedder.model());
  });
  EarlierPatterns out;
  for (const auto& row : rows) {
    out.items.push_back(
        {.id = row[0].c_str(),
         .code = patterns::code_from_hex({row[1].c_str(), row[1].size()}, vendors::kEmbeddingDimensions),
         .members = row[2].as<std::size_t>(),
         .confidence = row[3].as<double>()});
    out.titles.emplace_back(row[4].c_str());
    out.descriptions.emplace_back(row[5].c_str());
  }
  return out;
}

void link_to_earlier(PatternCandidate& candidate, const EarlierPatterns& earlier, double same) {
  const auto found = patterns::closest(earlier.items, candidate.code, same);
  if (!found) return;
  candidate.similar_to = earlier.items[*found].id;
  candidate.title = earlier.titles[*found];
  candidate.description = earlier.descriptions[*found];
}

void write_candidates(InsightServices& services, const PatternPeriod& period,
                      const std::vector<PatternCandidate>& candidates) {
  services.database.query([&](pqxx::transaction_base& tx) {
    services.sql(tx, kWrite, period.organization_id.to_string(), period.period, period.start, services.embedder.model(),
                 json::serialize(list_of(candidates)));
  });
}

}  // namespace platform
