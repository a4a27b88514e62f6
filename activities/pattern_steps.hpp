#pragma once

#include <cstdint>
#include <string>

#include <boost/describe/class.hpp>

#include <activities/step_options.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

/// A stretch of days in UTC of one organization. Names its run: patterns-{organization}-{period}-{start}.
struct PatternPeriod {
  holdfast::Uuid organization_id;
  std::string period;  ///< "day", "week", "month", "year" or "all_time"
  std::string start;   ///< YYYY-MM-DD; of all time the day up to which it goes
};
BOOST_DESCRIBE_STRUCT(PatternPeriod, (), (organization_id, period, start))

struct DiscoveryPage {
  std::string day;       ///< YYYY-MM-DD
  holdfast::Uuid after;  ///< nil: from the first organization
};
BOOST_DESCRIBE_STRUCT(DiscoveryPage, (), (day, after))

struct DiscoveriesStarted {
  std::int64_t organizations = 0;  ///< active ones on the page; fewer than kDiscoveriesPerPage: it was the last
  std::int64_t started = 0;
  holdfast::Uuid last;
};
BOOST_DESCRIBE_STRUCT(DiscoveriesStarted, (), (organizations, started, last))

struct TextsEmbedded {
  std::int64_t embedded = 0;
  std::int64_t refused = 0;  ///< no model takes them; they are left out for ever
  bool more = false;         ///< there may be more to embed: run it again
};
BOOST_DESCRIBE_STRUCT(TextsEmbedded, (), (embedded, refused, more))

struct PatternsFound {
  std::int64_t texts = 0;     ///< that were looked at; of a roll-up: patterns of shorter periods
  std::int64_t patterns = 0;  ///< numbered from 0
};
BOOST_DESCRIBE_STRUCT(PatternsFound, (), (texts, patterns))

struct DescribePattern {
  PatternPeriod period;
  std::int64_t number = 0;
  bool plainly = false;  ///< with our own means instead of the language model
};
BOOST_DESCRIBE_STRUCT(DescribePattern, (), (period, number, plainly))

struct PatternsStored {
  std::int64_t patterns = 0;
  std::int64_t repeated = 0;  ///< of these, link to an earlier pattern
};
BOOST_DESCRIBE_STRUCT(PatternsStored, (), (patterns, repeated))

struct RollUpsStarted {
  std::int64_t started = 0;
};
BOOST_DESCRIBE_STRUCT(RollUpsStarted, (), (started))

inline constexpr std::int64_t kDiscoveriesPerPage = 200;
inline constexpr std::int64_t kTextsPerStep = 2000;

/// Reading and comparing many texts takes seconds, a vendor's embeddings of thousands minutes.
inline holdfast::ActivityOptions pattern_options() {
  auto options = step_options();
  options.start_to_close = std::chrono::minutes(10);
  options.retry.maximum_interval = std::chrono::minutes(5);
  options.retry.max_attempts = 20;
  return options;
}

/// Starts PatternDiscovery of a day for one page of the active organizations, once per organization and day.
inline const holdfast::TransactionalActivity<DiscoveryPage, DiscoveriesStarted> start_discoveries{"start_discoveries",
                                                                                                  step_options()};

/// Embeds interactions and transcripts of the period that have no embedding of the current model, at most
/// kTextsPerStep. What was embedded stays when an attempt fails.
inline const holdfast::Activity<PatternPeriod, TextsEmbedded> embed_missing_texts{"embed_missing_texts",
                                                                                  pattern_options()};

/// Clusters the embeddings of the period and keeps the clusters, with their evidence, in pattern_clusters. One that an
/// earlier pattern of the same kind of period says already gets a link to it, and its words.
inline const holdfast::Activity<PatternPeriod, PatternsFound> find_patterns{"find_patterns", pattern_options()};

/// The same for a longer period, from the patterns of the shorter ones in it.
inline const holdfast::Activity<PatternPeriod, PatternsFound> sum_up_patterns{"sum_up_patterns", pattern_options()};

/// Names and describes one cluster that has no words yet.
inline const holdfast::Activity<DescribePattern> describe_pattern{"describe_pattern", step_options()};

/// Makes patterns of the period's clusters, all in one commit, unless the period has patterns already.
inline const holdfast::TransactionalActivity<PatternPeriod, PatternsStored> store_patterns{"store_patterns",
                                                                                           step_options()};

/// Starts the roll-ups of longer periods that the end of this one completes, each once for ever.
inline const holdfast::TransactionalActivity<PatternPeriod, RollUpsStarted> start_rollups{"start_rollups",
                                                                                          step_options()};

}  // namespace platform
