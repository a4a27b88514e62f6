#include <activities/patterns/roll_up.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <activities/patterns/similarity.hpp>

namespace platform::patterns {
namespace {

/// Of the group's items.
void sum_up(PatternGroup& group, const std::vector<PatternItem>& items) {
  std::vector<std::int64_t> sum(items[group.items[0]].code.size());
  double confidence = 0;
  for (const auto i : group.items) {
    const auto& item = items[i];
    const auto weight = std::max<std::size_t>(item.members, 1);
    for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += static_cast<std::int64_t>(weight) * item.code[d];
    group.members += weight;
    confidence += static_cast<double>(weight) * item.confidence;
  }
  group.centre = encode_sum(sum);
  confidence /= static_cast<double>(group.members);
  group.confidence = std::clamp(1 - (1 - confidence) / std::sqrt(static_cast<double>(group.items.size())), 0.0, 1.0);
}

}  // namespace

std::vector<PatternGroup> roll_up(const std::vector<PatternItem>& items, double same) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return items[a].members != items[b].members ? items[a].members > items[b].members : items[a].id < items[b].id;
  });
  std::vector<PatternGroup> groups;
  for (const auto i : order) {
    PatternGroup* best = nullptr;
    double best_similarity = same;
    for (auto& group : groups) {
      const double here = similarity(items[group.items[0]].code, items[i].code);
      if (here < best_similarity || (best != nullptr && here == best_similarity)) continue;
      best = &group;
      best_similarity = here;
    }
    if (best == nullptr) {
      best = &groups.emplace_back();
      best_similarity = 1;
    }
    best->items.push_back(i);
    best->similarities.push_back(best_similarity);
  }
  for (auto& group : groups) sum_up(group, items);
  std::ranges::sort(groups, [&](const PatternGroup& a, const PatternGroup& b) {
    return a.members != b.members ? a.members > b.members : items[a.items[0]].id < items[b.items[0]].id;
  });
  return groups;
}

std::optional<std::size_t> closest(std::span<const PatternItem> items, std::span<const std::int16_t> code,
                                   double same) {
  std::optional<std::size_t> best;
  double best_similarity = same;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const double here = similarity(items[i].code, code);
    if (here < best_similarity || (best && here == best_similarity)) continue;
    best = i;
    best_similarity = here;
  }
  return best;
}

}  // namespace platform::patterns
