#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include <activities/insight_services.hpp>
#include <activities/pattern_steps.hpp>
#include <activities/patterns/roll_up.hpp>

namespace platform {

/// At most this many patterns of one period are kept, the largest.
inline constexpr std::size_t kMostPatternsPerPeriod = 200;

/// One cluster or group on its way to becoming a pattern: a row of platform.pattern_clusters.
struct PatternCandidate {
  std::size_t members = 0;
  double confidence = 0;
  boost::json::object evidence{};
  std::vector<std::string> products{};  ///< ids
  patterns::Code code{};
  std::optional<std::string> similar_to{};  ///< an earlier pattern's id
  std::string title{}, description{};       ///< empty: not described yet
};

/// Patterns of the same kind of period that were found for the first time before `period`, the latest 5,000.
struct EarlierPatterns {
  std::vector<patterns::PatternItem> items{};
  std::vector<std::string> titles{}, descriptions{};  ///< of each item
};
EarlierPatterns read_earlier_patterns(InsightServices& services, const PatternPeriod& period);

/// Links a candidate to the earlier pattern that says the same, and takes over its words.
void link_to_earlier(PatternCandidate& candidate, const EarlierPatterns& earlier, double same);

/// Replaces the period's rows by these, in one statement, numbered in their order.
void write_candidates(InsightServices& services, const PatternPeriod& period,
                      const std::vector<PatternCandidate>& candidates);

}  // namespace platform
