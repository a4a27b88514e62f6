#include <activities/interactions.hpp>

#include <algorithm>
#include <map>

#include <activities/embedding_rows.hpp>
#include <activities/insight_bodies.hpp>
#include <activities/statement.hpp>
#include <activities/vendor_failure.hpp>
#include <activities/vendors/keyword_insight_writer.hpp>
#include <holdfast/core/codec.hpp>
#include <holdfast/core/errors.hpp>

namespace platform::bodies {
namespace {

// The products by name, because a language model is told names and answers with them.
constexpr Statement kReadEvent{"platform_read_interaction_event", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT e.source, e.content, e.products, o.name, p.names, p.ids
FROM tenant t
CROSS JOIN LATERAL (
  SELECT source, content, array_to_json(products) AS products FROM platform.interaction_events
  WHERE organization_id = t.id AND created_at = $2::timestamptz AND id = $3::uuid OFFSET 0) e
CROSS JOIN LATERAL (SELECT name FROM platform.organizations WHERE id = t.id OFFSET 0) o
CROSS JOIN LATERAL (
  SELECT coalesce(json_agg(name ORDER BY name), '[]') AS names, coalesce(json_agg(id ORDER BY name), '[]') AS ids
  FROM (SELECT name, id FROM platform.products WHERE organization_id = t.id ORDER BY name LIMIT 500) q OFFSET 0) p)"};

// The ledger's primary key decides; interaction and counter follow a new ledger row only. An id that was counted under
// another time (its sender gave none, and posted twice) is not stored again.
constexpr Statement kStoreInteraction{"platform_store_interaction", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id),
period AS MATERIALIZED (
  SELECT o.id, o.period_start FROM tenant t CROSS JOIN LATERAL (
    SELECT id, period_start FROM platform.organizations WHERE id = t.id OFFSET 0) o),
entry AS (
  INSERT INTO platform.interaction_ledger (organization_id, interaction_id, created_at, period_start, prompt_tokens,
                                           completion_tokens)
  SELECT p.id, $3::uuid, $2::timestamptz, p.period_start, $6::integer, $7::integer FROM period p
  ON CONFLICT DO NOTHING
  RETURNING organization_id, period_start, prompt_tokens + completion_tokens AS tokens),
stored AS (
  INSERT INTO platform.interactions (organization_id, created_at, id, session_id, source, description, products, metadata)
  SELECT n.organization_id, e.created_at, e.id, e.session_id, e.source, $4,
         ARRAY(SELECT json_array_elements_text($5::json)::uuid), e.metadata
  FROM entry n CROSS JOIN LATERAL (
    SELECT * FROM platform.interaction_events
    WHERE organization_id = n.organization_id AND created_at = $2::timestamptz AND id = $3::uuid OFFSET 0) e
  ON CONFLICT DO NOTHING),
counted AS (
  INSERT INTO platform.interaction_counters AS c (organization_id, period_start, writer, interactions, tokens)
  SELECT organization_id, period_start, pg_backend_pid(), 1, tokens FROM entry
  ON CONFLICT (organization_id, period_start, writer)
    DO UPDATE SET interactions = c.interactions + 1, tokens = c.tokens + excluded.tokens)
SELECT (SELECT count(*) FROM period), (SELECT count(*) FROM entry))"};

constexpr Statement kReadDescription{"platform_read_interaction", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
SELECT i.description FROM tenant t CROSS JOIN LATERAL (
  SELECT description FROM platform.interactions
  WHERE organization_id = t.id AND created_at = $2::timestamptz AND id = $3::uuid OFFSET 0) i)"};

constexpr Statement kRecordFailure{"platform_record_interaction_failure", R"(
WITH tenant AS MATERIALIZED (SELECT set_config('app.organization_id', $1, true)::uuid AS id)
INSERT INTO platform.audit_log (organization_id, actor, action, subject, detail)
SELECT t.id, $2, 'interaction.step_failed', $3, json_build_object('step', $4::text, 'error', $5::text) FROM tenant t)"};

using holdfast::Uuid;

/// The ids of the named products, after those that the sender named; without repetitions.
std::vector<Uuid> product_ids(std::vector<Uuid> known, const std::vector<std::string>& named,
                              const std::vector<std::string>& names, const std::vector<Uuid>& ids) {
  for (const auto& name : named) {
    const auto at = std::ranges::find(names, name);
    if (at != names.end()) known.push_back(ids[static_cast<std::size_t>(at - names.begin())]);
  }
  std::vector<Uuid> out;
  for (const auto& id : known)
    if (std::ranges::find(out, id) == out.end()) out.push_back(id);
  return out;
}

}  // namespace

InteractionText describe_interaction(InsightServices& services, const DescribeInteraction& in) {
  pqxx::result rows;
  services.database.query([&](pqxx::transaction_base& tx) {
    rows = services.sql(tx, kReadEvent, in.interaction.organization_id.to_string(),
                        holdfast::to_rfc3339(in.interaction.created_at), in.interaction.id.to_string());
  });
  if (rows.empty())
    throw holdfast::ApplicationError("EventNotFound",
                                     "no event is stored for interaction " + in.interaction.id.to_string(), true);
  const auto row = rows[0];
  const auto names = holdfast::decode<std::vector<std::string>>(row[4].c_str());
  const vendors::ObservedInteraction observed{.business = {.organization = row[3].c_str(), .products = names},
                                              .source = row[0].c_str(),
                                              .content = row[1].c_str()};
  vendors::KeywordInsightWriter plain;
  auto& writer = in.plainly ? static_cast<vendors::InsightWriter&>(plain) : services.writer;
  const auto described = as_activity_failure([&] { return writer.describe(observed); });
  return {.description = described.description,
          .products = product_ids(holdfast::decode<std::vector<Uuid>>(row[2].c_str()), described.products, names,
                                  holdfast::decode<std::vector<Uuid>>(row[5].c_str())),
          .model = described.model,
          .prompt_tokens = described.prompt_tokens,
          .completion_tokens = described.completion_tokens};
}

InteractionStored store_interaction(InsightServices& services, pqxx::transaction_base& tx, const StoreInteraction& in) {
  const auto rows =
      services.sql(tx, kStoreInteraction, in.interaction.organization_id.to_string(),
                   holdfast::to_rfc3339(in.interaction.created_at), in.interaction.id.to_string(), in.text.description,
                   holdfast::encode(in.text.products), in.text.prompt_tokens, in.text.completion_tokens);
  if (rows[0][0].as<int>() == 0)
    throw holdfast::ApplicationError("OrganizationNotFound",
                                     "no organization " + in.interaction.organization_id.to_string(), true);
  return {.counted = rows[0][1].as<int>() == 1};
}

holdfast::Nothing embed_interaction(InsightServices& services, const InteractionKey& in) {
  pqxx::result rows;
  services.database.query([&](pqxx::transaction_base& tx) {
    rows = services.sql(tx, kReadDescription, in.organization_id.to_string(), holdfast::to_rfc3339(in.created_at),
                        in.id.to_string());
  });
  if (rows.empty()) return {};  // erased meanwhile
  const std::string text = rows[0][0].c_str();
  const auto embedded = as_activity_failure([&] { return services.embedder.embed({&text, 1}); });
  store_embeddings(services, in.organization_id,
                   {{.created_at = holdfast::to_rfc3339(in.created_at),
                     .kind = "interaction",
                     .subject = in.id.to_string(),
                     .code = patterns::encode_embedding(embedded.embeddings.at(0))}});
  return {};
}

holdfast::Nothing record_interaction_failure(InsightServices& services, pqxx::transaction_base& tx,
                                             const InteractionFailure& in) {
  services.sql(tx, kRecordFailure, in.interaction.organization_id.to_string(),
               "interaction-" + in.interaction.organization_id.to_string() + "-" + in.interaction.id.to_string(),
               in.interaction.id.to_string(), in.step, in.error);
  return {};
}

}  // namespace platform::bodies
