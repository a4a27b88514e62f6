#include <rest/api_error.hpp>
#include <rest/cursor.hpp>
#include <rest/resources.hpp>

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;

#define HOLDFAST_PATTERN_JSON                                                                                \
  "json_build_object('id', p.id, 'period', p.period, 'period_start', p.period_start, 'title', p.title, "     \
  "'description', p.description, 'products', p.products, 'members', p.members, 'confidence', p.confidence, " \
  "'evidence', p.evidence, 'similar_to', p.similar_to, 'created_at', p.created_at)"

constexpr Statement kList{"rest_patterns", "SELECT " HOLDFAST_PATTERN_JSON R"(, p.period_start, p.id
FROM platform.patterns p
WHERE p.organization_id = $1::uuid AND ($2 = '' OR p.period = $2)
  AND p.period_start >= coalesce(nullif($3, '')::date, '-infinity')
  AND p.period_start <= coalesce(nullif($4, '')::date, 'infinity')
  AND (p.period_start, p.id) < ($5::date, $6::uuid)
  AND ($8 = '' OR (p.similar_to IS NOT NULL) = ($8 = 'true'))
ORDER BY p.period_start DESC, p.id DESC LIMIT $7::integer)"};

constexpr Statement kRead{"rest_pattern", "SELECT " HOLDFAST_PATTERN_JSON R"(
FROM platform.patterns p WHERE p.organization_id = $1::uuid AND p.id = $2::uuid)"};

#undef HOLDFAST_PATTERN_JSON

HttpResponse list(Call& call) {
  const auto limit = call.query.limit();
  const auto period = call.query.one_of("period", {"day", "week", "month", "year", "all_time"}).value_or("");
  const auto from = call.query.date("from").value_or(""), to = call.query.date("to").value_or("");
  const auto repeated = call.query.one_of("repeated", {"true", "false"}).value_or("");
  const auto cursor = call.query.text("cursor", 1000);
  call.query.done();
  const auto before = cursor ? decode_cursor("cursor", *cursor, 2)
                             : std::vector<std::string>{"infinity", "ffffffff-ffff-ffff-ffff-ffffffffffff"};
  return page_of(call.sql(kList, call.tenant(), period, from, to, before[0], before[1], limit + 1, repeated), limit);
}

HttpResponse get(Call& call) {
  call.query.done();
  const auto rows = call.sql(kRead, call.tenant(), call.uuid("id", "pattern"));
  if (rows.empty()) throw not_found("pattern");
  return json_response(rows[0][0].c_str());
}

}  // namespace

void add_patterns(Router& router) {
  router.add("GET", "/v1/patterns", Access::read, list);
  router.add("GET", "/v1/patterns/{id}", Access::read, get);
}

}  // namespace platform::rest
