#include <algorithm>
#include <string>

#include <boost/json.hpp>

#include <activities/insight_bodies.hpp>
#include <activities/pattern_candidates.hpp>
#include <activities/patterns/clustering.hpp>
#include <activities/statement.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::bodies {
namespace {

namespace json = boost::json;
using patterns::PatternGroup;
using patterns::PatternItem;

constexpr std::size_t kSamples = 8;
constexpr std::size_t kPatternsAsEvidence = 500;

// The patterns of the shorter periods in this one; of all time, all of them.
constexpr Statement kParts{"platform_patterns_of_period", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT p.id, p.code, p.members, p.confidence, p.period_start, p.evidence -> 'samples', p.evidence ->> 'limit',
       array_to_json(p.products)
FROM tenant t CROSS JOIN LATERAL (
  SELECT * FROM platform.patterns
  WHERE organization_id = t.id AND period = $2 AND period_start < platform.period_end($3, $4::date)
    AND period_start >= CASE WHEN $3 = 'all_time' THEN '-infinity'::date ELSE $4::date END
    AND model = $5 AND code IS NOT NULL
  ORDER BY period_start DESC, number LIMIT 20000 OFFSET 0) p)"};

const char* part_of(const std::string& period) {
  if (period == "week" || period == "month") return "day";
  if (period == "year" || period == "all_time") return "month";
  throw holdfast::ApplicationError("InvalidPeriod",
                                   "period is '" + period + "', allowed are week, month, year and all_time", true);
}

struct Parts {
  std::vector<PatternItem> items;
  std::vector<std::string> starts;
  std::vector<json::array> samples, products;
  double limit = patterns::ClusterOptions{}.least_similarity;  // the strictest
};

Parts read_parts(InsightServices& services, const PatternPeriod& period) {
  pqxx::result rows;
  services.database.query([&](pqxx::transaction_base& tx) {
    rows = services.sql(tx, kParts, period.organization_id.to_string(), part_of(period.period), period.period,
                        period.start, services.embedder.model());
  });
  Parts parts;
  for (const auto& row : rows) {
    parts.items.push_back(
        {.id = row[0].c_str(),
         .code = patterns::code_from_hex({row[1].c_str(), row[1].size()}, vendors::kEmbeddingDimensions),
         .members = row[2].as<std::size_t>(),
         .confidence = row[3].as<double>()});
    parts.starts.emplace_back(row[4].c_str());
    parts.samples.push_back(row[5].is_null() ? json::array() : json::parse(row[5].c_str()).as_array());
    if (!row[6].is_null()) parts.limit = std::max(parts.limit, row[6].as<double>());
    parts.products.push_back(json::parse(row[7].c_str()).as_array());
  }
  return parts;
}

/// One sample of each part in turn, so that the period as a whole speaks.
json::array samples_of(const PatternGroup& group, const Parts& parts) {
  json::array out;
  for (std::size_t round = 0; round < kSamples && out.size() < kSamples; ++round)
    for (const auto item : group.items) {
      if (round >= parts.samples[item].size() || out.size() == kSamples) continue;
      const auto& sample = parts.samples[item][round];
      if (std::ranges::find(out, sample) == out.end()) out.push_back(sample);
    }
  return out;
}

PatternCandidate candidate_of(const PatternGroup& group, const Parts& parts) {
  PatternCandidate candidate{.members = group.members, .confidence = group.confidence, .code = group.centre};
  json::array found;
  for (std::size_t i = 0; i < std::min(kPatternsAsEvidence, group.items.size()); ++i) {
    const auto item = group.items[i];
    found.push_back(json::object{{"id", parts.items[item].id},
                                 {"period_start", parts.starts[item]},
                                 {"members", parts.items[item].members},
                                 {"similarity", group.similarities[i]}});
    for (const auto& product : parts.products[item]) {
      const std::string id(std::string_view(product.as_string()));
      if (std::ranges::find(candidate.products, id) == candidate.products.end()) candidate.products.push_back(id);
    }
  }
  candidate.evidence = {{"exemplar", parts.items[group.items[0]].id},
                        {"occurrences", group.items.size()},
                        {"limit", parts.limit},
                        {"samples", samples_of(group, parts)},
                        {"patterns", std::move(found)}};
  return candidate;
}

}  // namespace

PatternsFound sum_up_patterns(InsightServices& services, const PatternPeriod& period) {
  const auto parts = read_parts(services, period);
  const auto same = patterns::same_pattern_similarity(parts.limit);
  auto groups = patterns::roll_up(parts.items, same);
  if (groups.size() > kMostPatternsPerPeriod) groups.resize(kMostPatternsPerPeriod);
  const auto earlier = read_earlier_patterns(services, period);
  std::vector<PatternCandidate> candidates;
  for (const auto& group : groups) {
    candidates.push_back(candidate_of(group, parts));
    link_to_earlier(candidates.back(), earlier, same);
  }
  write_candidates(services, period, candidates);
  return {.texts = static_cast<std::int64_t>(parts.items.size()),
          .patterns = static_cast<std::int64_t>(candidates.size())};
}

}  // namespace platform::bodies
