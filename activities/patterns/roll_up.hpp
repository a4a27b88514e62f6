#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <activities/patterns/embedding_code.hpp>

namespace platform::patterns {

/// A pattern that was found before, as far as comparing it goes.
struct PatternItem {
  std::string id;
  Code code{};              ///< its centre
  std::size_t members = 0;  ///< texts that it was found in
  double confidence = 0;
};

/// Patterns of several days (or months) that say the same.
struct PatternGroup {
  std::vector<std::size_t> items{};    ///< the one with the most members first
  std::vector<double> similarities{};  ///< of each item to that one
  Code centre{};                       ///< weighted by members
  std::size_t members = 0;
  double confidence = 0;
};

/// From which similarity two patterns are the same, when `limit` is that from which two of their texts are neighbours:
/// centres lie closer together than texts do, because what the texts differ in cancels out.
constexpr double same_pattern_similarity(double limit) { return (1 + limit) / 2; }

/// Groups what is the same. A function of the set of items: those with more members come first (of equals, the lower
/// id), and each joins the group whose first item is closest, if that is at least `same`, or begins one. The largest
/// groups come first.
///
/// The confidence is the mean of the items', weighted by members; recurrence removes doubt: of a pattern that was found
/// n times, what is missing to 1 is divided by sqrt(n).
std::vector<PatternGroup> roll_up(const std::vector<PatternItem>& items, double same);

/// The item that is closest to `code`, if its similarity is at least `same`; of equals, the first.
std::optional<std::size_t> closest(std::span<const PatternItem> items, std::span<const std::int16_t> code, double same);

}  // namespace platform::patterns
