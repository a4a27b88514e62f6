#include <rest/api_error.hpp>
#include <rest/cursor.hpp>
#include <rest/resources.hpp>
#include <rest/time_range.hpp>

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;

#define HOLDFAST_INTERACTION_JSON                                                                                   \
  "json_build_object('id', platform.row_name(i.created_at::text, i.id::text), 'source', i.source, 'session_id', "   \
  "i.session_id, 'description', i.description, 'products', i.products, 'metadata', i.metadata, 'embedding_model', " \
  "i.embedding_model, 'created_at', i.created_at)"

constexpr Statement kList{"rest_interactions", "SELECT " HOLDFAST_INTERACTION_JSON R"(, i.created_at, i.id
FROM platform.interactions i
WHERE i.organization_id = $1::uuid
  AND i.created_at >= coalesce(nullif($2, '')::timestamptz, now() - interval '30 days')
  AND i.created_at < coalesce(nullif($3, '')::timestamptz, now() + interval '1 day')
  AND ($4 = '' OR i.source = $4) AND (i.created_at, i.id) < ($5::timestamptz, $6::uuid)
ORDER BY i.created_at DESC, i.id DESC LIMIT $7::integer)"};

constexpr Statement kRead{"rest_interaction", "SELECT " HOLDFAST_INTERACTION_JSON R"(
FROM platform.interactions i
WHERE i.organization_id = $1::uuid AND i.created_at = $2::timestamptz AND i.id = $3::uuid)"};

#undef HOLDFAST_INTERACTION_JSON

HttpResponse list(Call& call) {
  const auto limit = call.query.limit();
  const auto range = time_range(call.query);
  const auto source = call.query.one_of("source", {"web", "social", "cctv", "call"}).value_or("");
  const auto cursor = call.query.text("cursor", 1000);
  call.query.done();
  const auto before = cursor ? decode_cursor("cursor", *cursor, 2)
                             : std::vector<std::string>{"infinity", "ffffffff-ffff-ffff-ffff-ffffffffffff"};
  return page_of(call.sql(kList, call.tenant(), range.since, range.until, source, before[0], before[1], limit + 1),
                 limit);
}

HttpResponse get(Call& call) {
  call.query.done();
  const auto key = decode_cursor("id", call.path.at("id"), 2);
  const auto rows = call.sql(kRead, call.tenant(), key[0], key[1]);
  if (rows.empty()) throw not_found("interaction");
  return json_response(rows[0][0].c_str());
}

}  // namespace

void add_interactions(Router& router) {
  router.add("GET", "/v1/interactions", Access::read, list);
  router.add("GET", "/v1/interactions/{id}", Access::read, get);
}

}  // namespace platform::rest
