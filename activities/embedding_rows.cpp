#include <activities/embedding_rows.hpp>

#include <boost/json.hpp>

#include <activities/statement.hpp>

namespace platform {
namespace {

constexpr int kPage = 500;

constexpr Statement kStore{"platform_store_embeddings", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.embeddings (organization_id, created_at, kind, subject, model, code)
SELECT t.id, e.created_at, e.kind, e.subject, $2, e.code
FROM tenant t CROSS JOIN json_to_recordset($3::json) AS e (created_at timestamptz, kind text, subject text, code bytea)
ON CONFLICT (organization_id, created_at, kind, subject) DO UPDATE SET model = excluded.model, code = excluded.code)"};

constexpr Statement kRead{"platform_read_embeddings", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT platform.utc_text(e.created_at), e.kind, e.subject, e.code, e.model = $7
FROM tenant t CROSS JOIN LATERAL (
  SELECT created_at, kind, subject, code, model FROM platform.embeddings
  WHERE organization_id = t.id AND created_at >= $2::timestamptz AND created_at < $3::timestamptz
    AND (created_at, kind, subject) > ($2::timestamptz, $4, $5)
  ORDER BY created_at, kind, subject LIMIT $6::integer OFFSET 0) e
ORDER BY e.created_at, e.kind, e.subject)"};

bool is_zero(const patterns::Code& code) {
  for (const auto component : code)
    if (component != 0) return false;
  return true;
}

}  // namespace

void store_embeddings(InsightServices& services, const holdfast::Uuid& organization,
                      const std::vector<EmbeddingRow>& rows) {
  boost::json::array list;
  for (const auto& row : rows)
    list.push_back(boost::json::object{{"created_at", row.created_at},
                                       {"kind", row.kind},
                                       {"subject", row.subject},
                                       {"code", patterns::code_to_hex(row.code)}});
  services.database.query([&](pqxx::transaction_base& tx) {
    services.sql(tx, kStore, organization.to_string(), services.embedder.model(), boost::json::serialize(list));
  });
}

void for_each_embedding(InsightServices& services, const holdfast::Uuid& organization, const std::string& since,
                        const std::string& until, const std::function<void(EmbeddingRow)>& use) {
  EmbeddingRow last{.created_at = since, .kind = "", .subject = "", .code = {}};
  for (;;) {
    pqxx::result rows;
    services.database.query([&](pqxx::transaction_base& tx) {
      rows = services.sql(tx, kRead, organization.to_string(), last.created_at, until, last.kind, last.subject, kPage,
                          services.embedder.model());
    });
    for (const auto& row : rows) {
      last = {.created_at = row[0].c_str(), .kind = row[1].c_str(), .subject = row[2].c_str(), .code = {}};
      if (!row[4].as<bool>()) continue;
      last.code = patterns::code_from_hex({row[3].c_str(), row[3].size()}, vendors::kEmbeddingDimensions);
      if (!is_zero(last.code)) use(last);
    }
    if (static_cast<int>(rows.size()) < kPage) return;
  }
}

}  // namespace platform
