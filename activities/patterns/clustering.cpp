#include <activities/patterns/clustering.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>

#include <activities/patterns/background.hpp>

namespace platform::patterns {
namespace {

constexpr int kMostRounds = 8;
// Of the limit for neighbours: groups whose members are this similar on average are one, and ...
constexpr double kMergeShare = 0.87;
// ... an item joins a group if it is as close to the centre as members with that mutual similarity are (the root of
// it).
constexpr double kJoinShare = 0.8;

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211ull;
  hash ^= hash >> 32;
  hash *= 0x9E3779B97F4A7C15ull;
  return hash ^ hash >> 29;
}

std::int32_t in_units(double similarity) { return static_cast<std::int32_t>(std::ceil(similarity * kOne)); }

struct Group {
  std::vector<std::size_t> items;
  Code centre;
  double radius = 0;  ///< length of the mean of the items: the root of the mean similarity of two, themselves included
};

/// One search; items are known by their rank in the order of ids.
class Search {
 public:
  Search(const CodeMatrix& codes, const std::vector<std::string>& ids, const ClusterOptions& options)
      : options_(options), codes_(codes.dimensions()), given_(codes.rows()), ids_(ids) {
    std::iota(given_.begin(), given_.end(), std::size_t{0});
    std::ranges::sort(given_, [&](std::size_t a, std::size_t b) { return ids[a] < ids[b]; });
    codes_.reserve(codes.rows());
    for (std::size_t i = 0; i < given_.size(); ++i) {
      if (i > 0 && ids[given_[i]] == ids[given_[i - 1]])
        throw std::invalid_argument("ids: '" + ids[given_[i]] + "' occurs twice, allowed are distinct ids");
      codes_.add(codes.row(given_[i]));
    }
  }

  std::vector<Cluster> run() {
    const auto sample = representatives();
    CodeMatrix some(codes_.dimensions());
    some.reserve(sample.size());
    for (const auto item : sample) some.add(codes_.row(item));
    limit_ = neighbour_limit(some, options_.least_similarity, options_.most_similarity);
    const auto counts = neighbour_counts(some, in_units(limit_), options_.threads, options_.stop);
    if (stopped()) return {};
    lead_groups(sample, some, counts);
    for (int round = 0; round < kMostRounds && !stopped(); ++round) {
      merge_groups();
      if (!reassign()) break;
    }
    if (stopped()) return {};
    return clusters();
  }

 private:
  bool stopped() const { return options_.stop && options_.stop(); }

  /// Step 1: all items, or those with the lowest hashes, by rank.
  std::vector<std::size_t> representatives() const {
    std::vector<std::size_t> all(codes_.rows());
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (all.size() <= options_.most_exact) return all;
    std::vector<std::pair<std::uint64_t, std::size_t>> hashed;
    for (const auto item : all) hashed.emplace_back(hash_of(ids_[given_[item]]), item);
    std::ranges::nth_element(hashed, hashed.begin() + static_cast<std::ptrdiff_t>(options_.most_exact));
    all.clear();
    for (std::size_t i = 0; i < options_.most_exact; ++i) all.push_back(hashed[i].second);
    std::ranges::sort(all);
    return all;
  }

  /// Step 3.
  void lead_groups(const std::vector<std::size_t>& sample, const CodeMatrix& some,
                   const std::vector<std::uint32_t>& counts) {
    std::vector<std::size_t> order(sample.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(
        order, [&](std::size_t a, std::size_t b) { return counts[a] != counts[b] ? counts[a] > counts[b] : a < b; });
    std::vector<bool> taken(sample.size());
    std::vector<std::int32_t> found(sample.size());
    for (const auto leader : order) {
      if (counts[leader] + 1 < options_.least_members || stopped()) return;
      if (taken[leader]) continue;
      products(some, some.row(leader), found);
      std::vector<std::size_t> followers;
      for (std::size_t i = 0; i < sample.size(); ++i)
        if (!taken[i] && (i == leader || found[i] >= in_units(limit_))) followers.push_back(i);
      if (followers.size() < options_.least_members) continue;
      Group group;
      for (const auto follower : followers) {
        taken[follower] = true;
        group.items.push_back(sample[follower]);
      }
      find_centre(group);
      groups_.push_back(std::move(group));
    }
  }

  void find_centre(Group& group) const {
    group.centre = mean_of(codes_, group.items);
    double sum = 0;
    for (const auto item : group.items) sum += similarity(codes_.row(item), group.centre);
    group.radius = sum / static_cast<double>(group.items.size());
  }

  /// Of groups whose members are similar on average, the larger one takes the members of the smaller.
  void merge_groups() {
    for (auto& group : groups_) std::ranges::sort(group.items);
    std::ranges::sort(groups_, [](const Group& a, const Group& b) {
      return a.items.size() != b.items.size() ? a.items.size() > b.items.size() : a.items < b.items;
    });
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      for (std::size_t j = i + 1; j < groups_.size();) {
        const auto& [a, b] = std::tie(groups_[i], groups_[j]);
        if (similarity(a.centre, b.centre) * a.radius * b.radius < kMergeShare * limit_) {
          ++j;
          continue;
        }
        auto& items = groups_[i].items;
        items.insert(items.end(), groups_[j].items.begin(), groups_[j].items.end());
        find_centre(groups_[i]);
        groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(j));
      }
    }
  }

  /// Every item joins its closest centre. False: nothing changed.
  bool reassign() {
    const auto closest = closest_centres();
    const auto least = in_units(std::sqrt(kJoinShare * limit_));
    std::vector<Group> next(groups_.size());
    for (std::size_t item = 0; item < codes_.rows(); ++item)
      if (closest[item].second >= least) next[closest[item].first].items.push_back(item);
    bool changed = false;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      std::ranges::sort(groups_[i].items);
      changed = changed || next[i].items != groups_[i].items;
    }
    std::erase_if(next, [&](const Group& group) { return group.items.size() < options_.least_members; });
    changed = changed || next.size() != groups_.size();
    for (auto& group : next) find_centre(group);
    groups_ = std::move(next);
    return changed;
  }

  /// Per item the group whose centre is closest (of equals, the first) and the product with it.
  std::vector<std::pair<std::size_t, std::int32_t>> closest_centres() const {
    std::vector<std::pair<std::size_t, std::int32_t>> closest(codes_.rows(), {0, INT32_MIN});
    std::vector<std::int32_t> found(codes_.rows());
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      products(codes_, groups_[group].centre, found);
      for (std::size_t item = 0; item < found.size(); ++item)
        if (found[item] > closest[item].second) closest[item] = {group, found[item]};
    }
    return closest;
  }

  std::vector<Cluster> clusters() const {
    std::vector<Cluster> out;
    for (const auto& group : groups_) out.push_back(cluster_of(group));
    std::ranges::sort(out, [&](const Cluster& a, const Cluster& b) {
      if (a.members.size() != b.members.size()) return a.members.size() > b.members.size();
      return ids_[a.members[0].item] < ids_[b.members[0].item];
    });
    return out;
  }

  Cluster cluster_of(const Group& group) const {
    Cluster out;
    out.centre = group.centre;
    out.limit = limit_;
    double own = 0, other = 0;
    for (const auto item : group.items) {
      const double here = similarity(codes_.row(item), group.centre);
      double there = 0;
      for (const auto& each : groups_)
        if (&each != &group) there = std::max(there, similarity(codes_.row(item), each.centre));
      own += here;
      other += there;
      out.members.push_back({item, here});
    }
    std::ranges::sort(out.members, [](const auto& a, const auto& b) {
      return a.similarity != b.similarity ? a.similarity > b.similarity : a.item < b.item;
    });
    for (auto& member : out.members) member.item = given_[member.item];
    const auto n = static_cast<double>(group.items.size());
    // The mean over pairs follows from the mean similarity to the centre, m: |sum| = n m, so the pairs are n² m² - n.
    const double m = own / n;
    out.cohesion = n < 2 ? 1 : std::clamp((n * m * m - 1) / (n - 1), 0.0, 1.0);
    out.separation = own > 0 ? std::clamp(1 - other / own, 0.0, 1.0) : 0;
    out.confidence = confidence_of(group.items.size(), out.separation);
    return out;
  }

  const ClusterOptions& options_;
  CodeMatrix codes_;                // in the order of ids
  std::vector<std::size_t> given_;  // rank -> the caller's row
  const std::vector<std::string>& ids_;
  double limit_ = 0;
  std::vector<Group> groups_;
};

}  // namespace

double confidence_of(std::size_t members, double separation) {
  if (members == 0) return 0;
  return std::sqrt(std::clamp(separation, 0.0, 1.0)) * (1 - 1 / std::sqrt(static_cast<double>(members)));
}

Code mean_of(const CodeMatrix& codes, const std::vector<std::size_t>& rows) {
  std::vector<std::int64_t> sum(codes.dimensions());
  for (const auto row : rows) {
    const auto code = codes.row(row);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += code[i];
  }
  return encode_sum(sum);
}

std::vector<Cluster> find_clusters(const CodeMatrix& codes, const std::vector<std::string>& ids,
                                   const ClusterOptions& options) {
  if (ids.size() != codes.rows())
    throw std::invalid_argument("ids: there are " + std::to_string(ids.size()) +
                                ", allowed are one per code: " + std::to_string(codes.rows()));
  if (options.least_members < 2)
    throw std::invalid_argument("least_members: " + std::to_string(options.least_members) + ", allowed are 2 or more");
  if (codes.rows() < options.least_members) return {};
  return Search(codes, ids, options).run();
}

}  // namespace platform::patterns
