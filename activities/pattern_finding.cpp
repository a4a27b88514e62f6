#include <algorithm>
#include <map>
#include <string>

#include <boost/json.hpp>

#include <activities/embedding_rows.hpp>
#include <activities/insight_bodies.hpp>
#include <activities/pattern_candidates.hpp>
#include <activities/patterns/clustering.hpp>
#include <activities/period_range.hpp>
#include <activities/statement.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::bodies {
namespace {

namespace json = boost::json;
using patterns::Cluster;

constexpr std::size_t kMembersAsEvidence = 500;  // the closest ones; `members` counts all
constexpr std::size_t kMembersLookedAt = 40;     // for words and products
constexpr std::size_t kSamples = 8;
constexpr std::size_t kProductShare = 3;  // a product belongs to a pattern if one member in three names it

// What the closest members of all clusters say, and which products they name; $2: [{"n", "kind", "at", "id"}].
constexpr Statement kTexts{"platform_texts_of_members", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT m.n, x.text, x.products
FROM tenant t CROSS JOIN json_to_recordset($2::json) AS m (n integer, kind text, at timestamptz, id text)
CROSS JOIN LATERAL (
  SELECT left(i.description, 400) AS text, array_to_json(i.products) AS products FROM platform.interactions i
  WHERE m.kind = 'interaction' AND i.organization_id = t.id AND i.created_at = m.at
    AND i.id = CASE WHEN m.kind = 'interaction' THEN m.id::uuid END
  UNION ALL
  SELECT left(CASE WHEN c.summary <> '' THEN c.summary ELSE c.transcript END, 400), '[]'::json
  FROM platform.call_transcripts c
  WHERE m.kind = 'call' AND c.organization_id = t.id AND c.created_at = m.at AND c.call_id = m.id
  OFFSET 0) x
ORDER BY m.n)"};

/// The texts of a day, and where they are kept.
struct Texts {
  patterns::CodeMatrix codes{vendors::kEmbeddingDimensions};
  std::vector<std::string> ids;
  std::vector<EmbeddingRow> rows;  // without codes
};

Texts read_texts(InsightServices& services, const PatternPeriod& period) {
  const auto range = day_range(period);
  Texts texts;
  for_each_embedding(services, period.organization_id, range.since, range.until, [&](EmbeddingRow row) {
    texts.codes.add(row.code);
    row.code = {};
    texts.ids.push_back(row.kind + ":" + row.subject);
    texts.rows.push_back(std::move(row));
  });
  return texts;
}

struct Words {
  std::vector<std::string> samples;
  std::map<std::string, std::size_t> products;  // members that name them
  std::size_t members = 0;
};

/// Per cluster, from its closest members.
std::vector<Words> read_words(InsightServices& services, const PatternPeriod& period, const Texts& texts,
                              const std::vector<Cluster>& clusters) {
  json::array wanted;
  for (std::size_t n = 0; n < clusters.size(); ++n)
    for (std::size_t i = 0; i < std::min(kMembersLookedAt, clusters[n].members.size()); ++i) {
      const auto& row = texts.rows[clusters[n].members[i].item];
      wanted.push_back(json::object{{"n", n}, {"kind", row.kind}, {"at", row.created_at}, {"id", row.subject}});
    }
  pqxx::result rows;
  services.database.query([&](pqxx::transaction_base& tx) {
    rows = services.sql(tx, kTexts, period.organization_id.to_string(), json::serialize(wanted));
  });
  std::vector<Words> words(clusters.size());
  for (const auto& row : rows) {
    auto& one = words[row[0].as<std::size_t>()];
    ++one.members;
    const std::string text = row[1].c_str();
    if (one.samples.size() < kSamples && std::ranges::find(one.samples, text) == one.samples.end())
      one.samples.push_back(text);
    for (const auto& product : json::parse(row[2].c_str()).as_array())
      ++one.products[std::string(std::string_view(product.as_string()))];
  }
  return words;
}

json::object evidence_of(const Cluster& cluster, const Texts& texts, const Words& words) {
  json::array members;
  for (std::size_t i = 0; i < std::min(kMembersAsEvidence, cluster.members.size()); ++i) {
    const auto& row = texts.rows[cluster.members[i].item];
    members.push_back(json::object{{"kind", row.kind},
                                   {"id", row.subject},
                                   {"created_at", row.created_at},
                                   {"similarity", cluster.members[i].similarity}});
  }
  json::array samples;
  for (const auto& sample : words.samples) samples.emplace_back(sample);
  return {{"exemplar", texts.rows[cluster.members[0].item].subject},
          {"cohesion", cluster.cohesion},
          {"separation", cluster.separation},
          {"limit", cluster.limit},
          {"samples", std::move(samples)},
          {"members", std::move(members)}};
}

PatternCandidate candidate_of(const Cluster& cluster, const Texts& texts, const Words& words) {
  PatternCandidate candidate{.members = cluster.members.size(),
                             .confidence = cluster.confidence,
                             .evidence = evidence_of(cluster, texts, words),
                             .code = cluster.centre};
  for (const auto& [product, members] : words.products)
    if (members * kProductShare >= words.members) candidate.products.push_back(product);
  return candidate;
}

}  // namespace

PatternsFound find_patterns(InsightServices& services, const PatternPeriod& period, const std::function<bool()>& stop) {
  const auto texts = read_texts(services, period);
  patterns::ClusterOptions options;
  options.least_members = patterns::usual_support(texts.ids.size());
  options.stop = stop;
  auto clusters = patterns::find_clusters(texts.codes, texts.ids, options);
  if (clusters.size() > kMostPatternsPerPeriod) clusters.resize(kMostPatternsPerPeriod);
  const auto words = read_words(services, period, texts, clusters);
  const auto earlier = read_earlier_patterns(services, period);
  std::vector<PatternCandidate> candidates;
  for (std::size_t n = 0; n < clusters.size(); ++n) {
    candidates.push_back(candidate_of(clusters[n], texts, words[n]));
    link_to_earlier(candidates.back(), earlier, patterns::same_pattern_similarity(clusters[n].limit));
  }
  // An attempt that nobody waits for any more must not overwrite what the next one has found.
  if (stop && stop()) throw holdfast::ApplicationError("Stopped", "the attempt was given up");
  write_candidates(services, period, candidates);
  return {.texts = static_cast<std::int64_t>(texts.ids.size()),
          .patterns = static_cast<std::int64_t>(candidates.size())};
}

}  // namespace platform::bodies
