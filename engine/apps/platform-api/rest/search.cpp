#include <rest/api_error.hpp>
#include <rest/cursor.hpp>
#include <rest/resources.hpp>
#include <rest/time_range.hpp>

namespace platform::rest {
namespace {

using holdfast::http::HttpResponse;

// Best first; of equally good ones the newest. The range keeps it to the tenant's rows of a few partitions.
constexpr Statement kSearch{"rest_search_transcripts", R"(
SELECT json_build_object('kind', 'transcript', 'call_id', s.call_id, 'created_at', s.created_at, 'rank', s.rank,
         'summary', left(s.summary, 500),
         'excerpt', ts_headline('pg_catalog.simple', left(s.transcript, 20000), s.question,
                                'MaxFragments=2, MaxWords=20, MinWords=5'))
FROM (SELECT c.call_id, c.created_at, c.summary, c.transcript, q.question, ts_rank(c.search, q.question) AS rank
      FROM websearch_to_tsquery('pg_catalog.simple', $2) AS q (question)
      JOIN platform.call_transcripts c ON c.search @@ q.question
      WHERE c.organization_id = $1::uuid
        AND c.created_at >= coalesce(nullif($3, '')::timestamptz, now() - interval '30 days')
        AND c.created_at < coalesce(nullif($4, '')::timestamptz, now() + interval '1 day')
      ORDER BY rank DESC, c.created_at DESC, c.call_id LIMIT $5::integer) s
ORDER BY s.rank DESC, s.created_at DESC, s.call_id)"};

HttpResponse search(Call& call) {
  const auto question = call.query.text("q", 500);
  const auto range = time_range(call.query);
  const auto limit = call.query.limit();
  call.query.done();
  if (!question) throw bad_value("q", "missing", "words to look for, 1 to 500 bytes");
  // The best matches only: a ranking has no pages.
  return page_of(call.sql(kSearch, call.tenant(), *question, range.since, range.until, limit), limit);
}

}  // namespace

void add_search(Router& router) { router.add("GET", "/v1/search", Access::read, search); }

}  // namespace platform::rest
