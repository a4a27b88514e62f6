#include <activities/knowledge_search.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include <boost/json.hpp>

#include <activities/insight_bodies.hpp>
#include <activities/patterns/similarity.hpp>
#include <activities/vendor_failure.hpp>
#include <activities/vendors/text.hpp>
#include <holdfast/core/errors.hpp>
#include <holdfast/core/time.hpp>

namespace platform {
namespace {

namespace json = boost::json;

constexpr std::size_t kListLength = 100;
constexpr double kRankOffset = 60;  // of reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009)
constexpr const char* kKinds[] = {"call", "interaction", "pattern"};

constexpr Statement kTenant{"platform_search_tenant", "SELECT set_config('app.organization_id', $1, true)"};

constexpr Statement kHasIndex{"platform_search_has_index", R"(
SELECT count(*) FROM pg_attribute
WHERE attrelid = 'platform.embeddings'::regclass AND attname = 'embedding' AND NOT attisdropped)"};

// The tenant is set by the statement before. Of texts, the newest; there are few patterns.
constexpr Statement kCodes{"platform_search_codes", R"(
SELECT * FROM (
  SELECT e.kind, e.subject, platform.utc_text(e.created_at), e.code FROM platform.embeddings e
  WHERE e.organization_id = $1::uuid AND e.created_at >= $2::timestamptz AND e.created_at < $3::timestamptz
    AND e.model = $4 AND e.kind = ANY ($5::text[])
  ORDER BY e.created_at DESC LIMIT $6::integer) texts
UNION ALL
SELECT * FROM (
  SELECT 'pattern', p.id::text, platform.utc_text(p.created_at), p.code FROM platform.patterns p
  WHERE p.organization_id = $1::uuid AND p.created_at >= $2::timestamptz AND p.created_at < $3::timestamptz
    AND p.model = $4 AND p.code IS NOT NULL AND 'pattern' = ANY ($5::text[])
  ORDER BY p.created_at DESC LIMIT $6::integer) patterns)"};

// With pgvector: what the index finds close, several times as many as are needed. Ordered again by the exact cosine.
constexpr Statement kClosest{"platform_search_closest", R"(
SELECT * FROM (
  SELECT e.kind, e.subject, platform.utc_text(e.created_at), e.code FROM platform.embeddings e
  WHERE e.organization_id = $1::uuid AND e.created_at >= $2::timestamptz AND e.created_at < $3::timestamptz
    AND e.model = $4 AND e.kind = ANY ($5::text[])
  ORDER BY e.embedding <=> platform.embedding_values($7::bytea)::vector(1536) LIMIT $6::integer) texts
UNION ALL
SELECT * FROM (
  SELECT 'pattern', p.id::text, platform.utc_text(p.created_at), p.code FROM platform.patterns p
  WHERE p.organization_id = $1::uuid AND p.created_at >= $2::timestamptz AND p.created_at < $3::timestamptz
    AND p.model = $4 AND p.code IS NOT NULL AND 'pattern' = ANY ($5::text[])
  ORDER BY p.embedding <=> platform.embedding_values($7::bytea)::vector(1536) LIMIT $6::integer) patterns)"};

constexpr Statement kByWords{"platform_search_words", R"(
SELECT kind, id, platform.utc_text(created_at), title, text FROM (
  SELECT 'call' AS kind, c.call_id AS id, c.created_at, '' AS title,
         left(CASE WHEN c.summary <> '' THEN c.summary ELSE c.transcript END, 500) AS text, ts_rank(c.search, q) AS rank
  FROM websearch_to_tsquery('pg_catalog.simple', $4) q CROSS JOIN platform.call_transcripts c
  WHERE c.search @@ q AND c.organization_id = $1::uuid AND c.created_at >= $2::timestamptz
    AND c.created_at < $3::timestamptz AND 'call' = ANY ($5::text[])
  UNION ALL
  SELECT 'interaction', i.id::text, i.created_at, '', left(i.description, 500), ts_rank(i.search, q)
  FROM websearch_to_tsquery('pg_catalog.simple', $4) q CROSS JOIN platform.interactions i
  WHERE i.search @@ q AND i.organization_id = $1::uuid AND i.created_at >= $2::timestamptz
    AND i.created_at < $3::timestamptz AND 'interaction' = ANY ($5::text[])
  UNION ALL
  SELECT 'pattern', p.id::text, p.created_at, p.title, left(p.description, 500), ts_rank(p.search, q)
  FROM websearch_to_tsquery('pg_catalog.simple', $4) q CROSS JOIN platform.patterns p
  WHERE p.search @@ q AND p.organization_id = $1::uuid AND p.created_at >= $2::timestamptz
    AND p.created_at < $3::timestamptz AND 'pattern' = ANY ($5::text[])) s
ORDER BY rank DESC, created_at DESC, kind, id LIMIT $6::integer)"};

// Of hits that only their meaning found.
constexpr Statement kTexts{"platform_search_texts", R"(
SELECT m.n, x.title, x.text FROM json_to_recordset($2::json) AS m (n integer, kind text, at timestamptz, id text)
CROSS JOIN LATERAL (
  SELECT '' AS title, left(CASE WHEN c.summary <> '' THEN c.summary ELSE c.transcript END, 500) AS text
  FROM platform.call_transcripts c
  WHERE m.kind = 'call' AND c.organization_id = $1::uuid AND c.created_at = m.at AND c.call_id = m.id
  UNION ALL
  SELECT '', left(i.description, 500) FROM platform.interactions i
  WHERE m.kind = 'interaction' AND i.organization_id = $1::uuid AND i.created_at = m.at
    AND i.id = CASE WHEN m.kind = 'interaction' THEN m.id::uuid END
  UNION ALL
  SELECT p.title, left(p.description, 500) FROM platform.patterns p
  WHERE m.kind = 'pattern' AND p.organization_id = $1::uuid
    AND p.id = CASE WHEN m.kind = 'pattern' THEN m.id::uuid END) x)"};

[[noreturn]] void refuse(const std::string& what) { throw holdfast::ApplicationError("InvalidQuestion", what, true); }

/// The range with its defaults, as text for the statements.
std::pair<std::string, std::string> range_of(const SearchQuestion& question) {
  const auto time = [](const char* field, const std::string& given, const char* otherwise) -> std::string {
    try {
      return given.empty() ? otherwise : holdfast::to_rfc3339(holdfast::parse_rfc3339(given));
    } catch (const std::invalid_argument&) {
      refuse(std::string(field) + " is '" + given + "', allowed is a time such as 2026-11-30T17:00:00Z");
    }
  };
  return {time("since", question.since, ""), time("until", question.until, "")};
}

using Key = std::tuple<std::string, std::string, std::string>;  // kind, id, created_at

class Search {
 public:
  Search(pqxx::transaction_base& tx, const SqlRunner& sql, vendors::Embedder& embedder, const SearchQuestion& question)
      : tx_(tx), sql_(sql), embedder_(embedder), question_(question) {}

  SearchResults run() {
    const auto embedded = embedder_.embed({&question_.text, 1});
    code_ = patterns::encode_embedding(embedded.embeddings.at(0));
    sql_(tx_, kTenant, organization_);
    find_range();
    by_meaning();
    by_words();
    return best();
  }

 private:
  void find_range() {
    const auto [since, until] = range_of(question_);
    static constexpr Statement kRange{"platform_search_range", R"(
SELECT platform.utc_text(coalesce(nullif($1, '')::timestamptz, now() - interval '30 days')),
       platform.utc_text(coalesce(nullif($2, '')::timestamptz, now() + interval '1 day')))"};
    const auto row = sql_(tx_, kRange, since, until)[0];
    since_ = row[0].c_str();
    until_ = row[1].c_str();
  }

  std::string kinds() const {
    std::string list;
    for (const auto* kind : kKinds)
      if (question_.kinds.empty() || std::ranges::find(question_.kinds, kind) != question_.kinds.end())
        list += (list.empty() ? "" : ",") + std::string(kind);
    return "{" + list + "}";
  }

  pqxx::result candidates() {
    if (sql_(tx_, kHasIndex)[0][0].as<int>() > 0) {
      tx_.exec("SET LOCAL hnsw.ef_search = 400");
      auto rows = sql_(tx_, kClosest, organization_, since_, until_, embedder_.model(), kinds(),
                       static_cast<std::int64_t>(4 * kListLength), patterns::code_to_hex(code_));
      // Fewer than asked for: the index found other tenants' or other days' texts, or there are no more.
      if (rows.size() >= kListLength) return rows;
    }
    return sql_(tx_, kCodes, organization_, since_, until_, embedder_.model(), kinds(), kMostCompared);
  }

  void by_meaning() {
    std::vector<std::pair<double, Key>> close;
    for (const auto& row : candidates()) {
      const auto code = patterns::code_from_hex({row[3].c_str(), row[3].size()}, vendors::kEmbeddingDimensions);
      const double here = patterns::similarity(code, code_);
      if (here > 0) close.emplace_back(here, Key(row[0].c_str(), row[1].c_str(), row[2].c_str()));
    }
    const auto length = std::min(kListLength, close.size());
    std::ranges::partial_sort(
        close, close.begin() + static_cast<std::ptrdiff_t>(length),
        [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
    for (std::size_t place = 0; place < length; ++place) {
      auto& hit = hit_of(close[place].second);
      hit.similarity = close[place].first;
      hit.score += 1 / (kRankOffset + static_cast<double>(place + 1));
    }
  }

  void by_words() {
    const auto rows = sql_(tx_, kByWords, organization_, since_, until_, question_.text, kinds(),
                           static_cast<std::int64_t>(kListLength));
    std::int64_t place = 0;
    for (const auto& row : rows) {
      auto& hit = hit_of(Key(row[0].c_str(), row[1].c_str(), row[2].c_str()));
      hit.title = row[3].c_str();
      hit.text = row[4].c_str();
      hit.text_rank = ++place;
      hit.score += 1 / (kRankOffset + static_cast<double>(place));
    }
  }

  SearchHit& hit_of(const Key& key) {
    auto& hit = hits_[key];
    std::tie(hit.kind, hit.id, hit.created_at) = key;
    return hit;
  }

  SearchResults best() {
    SearchResults out;
    for (auto& [key, hit] : hits_) out.hits.push_back(std::move(hit));
    std::ranges::sort(out.hits, [](const SearchHit& a, const SearchHit& b) {
      if (a.score != b.score) return a.score > b.score;
      if (a.created_at != b.created_at) return a.created_at > b.created_at;
      return std::tie(a.kind, a.id) < std::tie(b.kind, b.id);
    });
    if (std::ssize(out.hits) > question_.limit) out.hits.resize(static_cast<std::size_t>(question_.limit));
    read_texts(out.hits);
    return out;
  }

  void read_texts(std::vector<SearchHit>& hits) {
    json::array wanted;
    for (std::size_t n = 0; n < hits.size(); ++n)
      if (hits[n].text_rank == 0)
        wanted.push_back(
            json::object{{"n", n}, {"kind", hits[n].kind}, {"at", hits[n].created_at}, {"id", hits[n].id}});
    if (wanted.empty()) return;
    for (const auto& row : sql_(tx_, kTexts, organization_, json::serialize(wanted))) {
      auto& hit = hits[row[0].as<std::size_t>()];
      hit.title = row[1].c_str();
      hit.text = row[2].c_str();
    }
  }

  pqxx::transaction_base& tx_;
  const SqlRunner& sql_;
  vendors::Embedder& embedder_;
  const SearchQuestion& question_;
  const std::string organization_ = question_.organization_id.to_string();
  std::string since_, until_;
  patterns::Code code_;
  std::map<Key, SearchHit> hits_;
};

}  // namespace

void check(const SearchQuestion& question) {
  if (question.text.empty() || question.text.size() > kMostQuestionBytes)
    refuse("text has " + std::to_string(question.text.size()) + " bytes, allowed are 1 to " +
           std::to_string(kMostQuestionBytes));
  if (vendors::text_prefix(question.text, kMostQuestionBytes) != question.text)
    refuse("text is not UTF-8 without NUL bytes");
  if (question.limit < 1 || question.limit > kMostHits)
    refuse("limit is " + std::to_string(question.limit) + ", allowed are 1 to " + std::to_string(kMostHits));
  for (const auto& kind : question.kinds)
    if (std::ranges::find(kKinds, kind) == std::end(kKinds))
      refuse("kinds has '" + kind + "', allowed are call, interaction and pattern");
  range_of(question);
}

SearchResults search(pqxx::transaction_base& tx, const SqlRunner& sql, vendors::Embedder& embedder,
                     const SearchQuestion& question) {
  check(question);
  return Search(tx, sql, embedder, question).run();
}

namespace bodies {

SearchResults search_knowledge(InsightServices& services, const SearchQuestion& question) {
  SearchResults out;
  as_activity_failure([&] {
    services.database.transaction(
        [&](pqxx::transaction_base& tx) { out = search(tx, services.sql, services.embedder, question); });
    return 0;
  });
  return out;
}

}  // namespace bodies
}  // namespace platform
