#include <algorithm>

#include <activities/embedding_rows.hpp>
#include <activities/insight_bodies.hpp>
#include <activities/period_range.hpp>
#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>

namespace platform::bodies {
namespace {

// Texts of both kinds without an embedding of the model. A call's summary says what it was about in the fewest words;
// without one, its transcript does. Texts of which there is an embedding of another model are embedded again.
constexpr Statement kMissing{"platform_texts_without_embedding", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT platform.utc_text(m.created_at), m.kind, m.subject, m.text
FROM tenant t CROSS JOIN LATERAL (
  SELECT * FROM (
    SELECT i.created_at, 'interaction' AS kind, i.id::text AS subject, i.description AS text
    FROM platform.interactions i
    WHERE i.organization_id = t.id AND i.created_at >= $2::timestamptz AND i.created_at < $3::timestamptz
    UNION ALL
    SELECT c.created_at, 'call', c.call_id, CASE WHEN c.summary <> '' THEN c.summary ELSE left(c.transcript, 6000) END
    FROM platform.call_transcripts c
    WHERE c.organization_id = t.id AND c.created_at >= $2::timestamptz AND c.created_at < $3::timestamptz) s
  WHERE NOT EXISTS (SELECT 1 FROM platform.embeddings e
                    WHERE e.organization_id = t.id AND e.created_at = s.created_at AND e.kind = s.kind
                      AND e.subject = s.subject AND e.model = $4)
  LIMIT $5::integer OFFSET 0) m)"};

/// Only the text is to blame: not the key, the account or the network.
bool is_about_the_text(const vendors::VendorError& error) {
  const auto& fault = error.fault();
  return error.kind() == vendors::VendorErrorKind::permanent && (fault.status == 400 || fault.status == 413) &&
         fault.code != "INVALID_ARGUMENT" && fault.code != "invalid_api_key";
}

struct Batch {
  std::vector<EmbeddingRow> rows;
  std::vector<std::string> texts;
};

void set_codes(Batch& batch, const vendors::Embedded& embedded) {
  for (std::size_t i = 0; i < batch.rows.size(); ++i)
    batch.rows[i].code = patterns::encode_embedding(embedded.embeddings.at(i));
}

/// Each text on its own, because the vendor refused one of them. Returns how many it refuses.
std::int64_t embed_one_by_one(InsightServices& services, Batch& batch) {
  std::int64_t refused = 0;
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    try {
      batch.rows[i].code = patterns::encode_embedding(services.embedder.embed({&batch.texts[i], 1}).embeddings.at(0));
    } catch (const vendors::VendorError& error) {
      if (!is_about_the_text(error)) throw activity_failure(error);
      batch.rows[i].code.assign(vendors::kEmbeddingDimensions, 0);
      ++refused;
    }
  }
  return refused;
}

std::int64_t embed(InsightServices& services, Batch& batch) {
  try {
    set_codes(batch, services.embedder.embed(batch.texts));
    return 0;
  } catch (const vendors::VendorError& error) {
    if (!is_about_the_text(error)) throw activity_failure(error);
  }
  return embed_one_by_one(services, batch);
}

}  // namespace

TextsEmbedded embed_missing_texts(InsightServices& services, const PatternPeriod& period) {
  const auto range = day_range(period);
  pqxx::result rows;
  services.database.query([&](pqxx::transaction_base& tx) {
    rows = services.sql(tx, kMissing, period.organization_id.to_string(), range.since, range.until,
                        services.embedder.model(), kTextsPerStep);
  });
  TextsEmbedded done{.more = static_cast<std::int64_t>(rows.size()) == kTextsPerStep};
  const auto size = static_cast<pqxx::result::size_type>(services.embedder.most_per_request());
  for (pqxx::result::size_type first = 0; first < rows.size(); first += size) {
    Batch batch;
    for (auto i = first; i < std::min(first + size, rows.size()); ++i) {
      batch.rows.push_back(
          {.created_at = rows[i][0].c_str(), .kind = rows[i][1].c_str(), .subject = rows[i][2].c_str(), .code = {}});
      batch.texts.emplace_back(rows[i][3].c_str());
    }
    done.refused += embed(services, batch);
    store_embeddings(services, period.organization_id, batch.rows);
    done.embedded += static_cast<std::int64_t>(batch.rows.size());
  }
  done.embedded -= done.refused;
  return done;
}

}  // namespace platform::bodies
