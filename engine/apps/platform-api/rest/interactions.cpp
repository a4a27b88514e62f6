#include <boost/json.hpp>

#include <rest/api_error.hpp>
#include <rest/cursor.hpp>
#include <rest/json_body.hpp>
#include <rest/resources.hpp>
#include <rest/time_range.hpp>
#include <workflows/interaction_processing.hpp>

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;

#define HOLDFAST_INTERACTION_JSON                                                                                 \
  "json_build_object('id', platform.row_name(i.created_at::text, i.id::text), 'source', i.source, 'session_id', " \
  "i.session_id, 'description', i.description, 'products', i.products, 'metadata', i.metadata, 'created_at', "    \
  "i.created_at)"

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

constexpr Statement kPost{"rest_post_interaction", R"(
SELECT json_build_object('id', platform.row_name(p.created_at::text, n.id::text), 'interaction', n.id,
                         'is_new', p.is_new, 'created_at', p.created_at), p.is_new
FROM (SELECT coalesce(nullif($2, '')::uuid, gen_random_uuid()) AS id OFFSET 0) n
CROSS JOIN LATERAL platform.post_interaction($1::uuid, n.id, $3, $4, $5, nullif($6, '')::timestamptz,
  ARRAY(SELECT json_array_elements_text($7::json)::uuid), $8::jsonb) p)"};

std::string uuid_text(const std::string& field, const std::string& text) {
  try {
    return holdfast::Uuid::parse(text).to_string();
  } catch (const std::invalid_argument&) {
    throw bad_value(field, text, "a UUID");
  }
}

std::string one_source(const std::string& source) {
  for (const auto* known : {"web", "social", "cctv", "call"})
    if (source == known) return source;
  throw bad_value("source", source, "web, social, cctv or call");
}

/// A text, or the JSON of an object of events; exactly one of them.
std::string content_of(JsonBody& body) {
  const auto text = body.text("content", 50'000);
  const auto* events = body.object("events");
  if (text.has_value() == (events != nullptr)) throw bad_value("content", "both or none", "either content or events");
  return text ? *text : boost::json::serialize(*events);
}

HttpResponse post(Call& call) {
  call.query.done();
  JsonBody body(call.http);
  const auto id = body.text("id", 36).value_or("");
  const auto source = one_source(body.required_text("source", 20));
  const auto content = content_of(body);
  const auto session = body.text("session_id", 200, 0).value_or("");
  const auto occurred_at = body.time("occurred_at");
  boost::json::array products;
  for (const auto& product : body.texts("products", 100).value_or(std::vector<std::string>()))
    products.emplace_back(uuid_text("products", product));
  const auto* metadata = body.object("metadata");
  const auto metadata_text = metadata ? boost::json::serialize(*metadata) : std::string("{}");
  body.done();
  const auto rows =
      call.sql(kPost, call.tenant(), id.empty() ? "" : uuid_text("id", id), source, content, session,
               occurred_at ? holdfast::to_rfc3339(*occurred_at) : "", boost::json::serialize(products), metadata_text);
  call.wake = kInteractionProcessing.task_queue;
  // Known before: what was asked for is done. New: it will be.
  return json_response(rows[0][0].c_str(), rows[0][1].as<bool>() ? 202 : 200);
}

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
  router.add("POST", "/v1/interactions", Access::write, post);
  router.add("GET", "/v1/interactions/{id}", Access::read, get);
}

}  // namespace platform::rest
