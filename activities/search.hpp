#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <activities/step_options.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

/// What somebody looks for among an organization's calls, interactions and patterns.
struct SearchQuestion {
  holdfast::Uuid organization_id;
  std::string text;                ///< 1 to kMostQuestionBytes bytes
  std::string since;               ///< RFC 3339; empty: 30 days ago
  std::string until;               ///< RFC 3339; empty: now
  std::vector<std::string> kinds;  ///< "call", "interaction", "pattern"; empty: all
  std::int64_t limit = 20;         ///< 1 to kMostHits
};
BOOST_DESCRIBE_STRUCT(SearchQuestion, (), (organization_id, text, since, until, kinds, limit))

inline constexpr std::size_t kMostQuestionBytes = 500;
inline constexpr std::int64_t kMostHits = 100;

struct SearchHit {
  std::string kind;        ///< "call", "interaction" or "pattern"
  std::string id;          ///< the call's, interaction's or pattern's
  std::string created_at;  ///< RFC 3339
  std::string title;       ///< of a pattern; otherwise empty
  std::string text;        ///< summary, description or the beginning of the transcript; at most 500 characters
  double score = 0;        ///< see search_knowledge; the same question over the same data gives the same scores
  double similarity = 0;   ///< cosine with the question; 0 when there is no embedding or it is not among the closest
  std::int64_t text_rank = 0;  ///< place among the hits by words, from 1; 0: the words do not occur
};
BOOST_DESCRIBE_STRUCT(SearchHit, (), (kind, id, created_at, title, text, score, similarity, text_rank))

struct SearchResults {
  std::vector<SearchHit> hits;  ///< the best first
};
BOOST_DESCRIBE_STRUCT(SearchResults, (), (hits))

/// Searches by meaning and by words, within one tenant.
///
/// By meaning: the 100 texts whose embeddings are closest to the question's, by exact cosine. Without pgvector all
/// embeddings of the range are compared, at most the newest kMostCompared; with it an HNSW index proposes candidates
/// and the same cosine orders them. By words: the 100 best by ts_rank for a question as web search engines take them
/// (quotes, OR, -). Both lists are merged by reciprocal ranks: score = 1/(60 + place by meaning) + 1/(60 + place by
/// words); of equals the newest comes first.
/// Fails with type "InvalidQuestion", not retried; what the embedder fails with is the vendor's.
inline const holdfast::Activity<SearchQuestion, SearchResults> search_knowledge{"search_knowledge", step_options()};

inline constexpr std::int64_t kMostCompared = 10'000;

}  // namespace platform
