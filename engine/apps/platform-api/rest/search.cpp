#include <boost/json.hpp>

#include <activities/knowledge_search.hpp>
#include <activities/vendors/vendor_error.hpp>
#include <holdfast/core/errors.hpp>
#include <rest/api_error.hpp>
#include <rest/cursor.hpp>
#include <rest/resources.hpp>

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;
namespace json = boost::json;

json::object json_of(const SearchHit& hit) {
  // Interactions are named as elsewhere in this API.
  const auto id = hit.kind == "interaction" ? encode_cursor({hit.created_at, hit.id}) : hit.id;
  return {{"kind", hit.kind}, {"id", id},           {"created_at", hit.created_at}, {"title", hit.title},
          {"text", hit.text}, {"score", hit.score}, {"similarity", hit.similarity}, {"text_rank", hit.text_rank}};
}

/// The best matches only: a ranking has no pages.
HttpResponse answer(const SearchResults& found) {
  json::array data;
  for (const auto& hit : found.hits) data.push_back(json_of(hit));
  return json_response(json::serialize(json::object{{"data", std::move(data)}, {"next_cursor", nullptr}}));
}

HttpResponse search(Call& call, vendors::Embedder& embedder) {
  const auto question = call.query.text("q", kMostQuestionBytes);
  const auto since = call.query.time("since"), until = call.query.time("until");
  const auto kind = call.query.one_of("kind", {"call", "interaction", "pattern"});
  const auto limit = call.query.integer("limit", 20, 1, kMostHits);
  call.query.done();
  if (!question) throw bad_value("q", "missing", "what to look for, 1 to 500 bytes");
  try {
    return answer(platform::search(call.tx, call.sql_runner, embedder,
                                   {.organization_id = call.organization,
                                    .text = *question,
                                    .since = since ? holdfast::to_rfc3339(*since) : "",
                                    .until = until ? holdfast::to_rfc3339(*until) : "",
                                    .kinds = kind ? std::vector{*kind} : std::vector<std::string>(),
                                    .limit = limit}));
  } catch (const holdfast::ApplicationError& error) {
    throw bad_value("q", *question, error.failure().message);
  } catch (const vendors::VendorError&) {
    throw ApiError(503, "the question could not be embedded, try again");
  }
}

}  // namespace

void add_search(Router& router, vendors::Embedder& embedder) {
  router.add("GET", "/v1/search", Access::read, [&embedder](Call& call) { return search(call, embedder); });
}

}  // namespace platform::rest
