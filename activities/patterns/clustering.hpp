#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <activities/patterns/similarity.hpp>

namespace platform::patterns {

/// What counts as "about the same thing". The two similarities depend on the embedding model.
struct ClusterOptions {
  double least_similarity = 0.54;   ///< two texts at least this close are neighbours
  double most_similarity = 0.85;    ///< if all texts are alike, the limit for neighbours rises up to this
  std::size_t least_members = 5;    ///< fewer are no pattern
  std::size_t most_exact = 20'000;  ///< all pairs are compared among at most this many
  unsigned threads = 2;
  std::function<bool()> stop = {};  ///< asked now and then; true ends the search with no clusters
};

/// What is needed to call something a pattern of so many texts: five, and one in a thousand.
constexpr std::size_t usual_support(std::size_t texts) { return 5 + texts / 1000; }

struct ClusterMember {
  std::size_t item = 0;   ///< its row in the matrix
  double similarity = 0;  ///< to the cluster's centre
};

/// Texts about the same thing.
struct Cluster {
  std::vector<ClusterMember> members{};  ///< the closest to the centre first; that one is the exemplar
  Code centre{};                         ///< the members' mean direction
  double cohesion = 0;                   ///< mean similarity of two members, 0 to 1
  double separation = 0;                 ///< 0: as close to another cluster as to their own; 1: apart from everything
  double confidence = 0;                 ///< see confidence_of
  double limit = 0;                      ///< similarity from which two texts were neighbours
};

/// How sure it is that a cluster is a pattern of its own and no accident, 0 to 1:
/// sqrt(separation) * (1 - 1 / sqrt(members)). A hundred members that are clearly apart from everything have 0.8 and
/// more; a handful has 0.5 at most; a group that is nearly as close to another one has less, however large it is.
double confidence_of(std::size_t members, double separation);

/// Groups what is about the same thing and leaves the rest alone. The result is a function of the *set* of (id, code)
/// pairs: neither their order nor the number of threads nor the machine changes it. Ids must be distinct.
///
/// 1. Items are put in the order of their ids. Beyond `most_exact` of them, those with the lowest hashes of their ids
///    stand for all in steps 2 and 3.
/// 2. Each item's neighbours (similarity >= limit) are counted. The limit is `least_similarity`, or more if the items
///    are all alike: four robust standard deviations above the median similarity of a sample.
/// 3. The item with the most neighbours (of equals, the first by id) leads a group of its free neighbours, and so on
///    until no item has enough free neighbours.
/// 4. Up to eight rounds: groups whose members are as similar on average as 0.87 of the limit become one; every item
///    (also those that no leader took) joins its closest centre, if it is as close to it as members with a mutual
///    similarity of 0.8 of the limit are (the root of that); groups that became too small are dissolved.
///
/// Cost: n * n / 2 inner products for step 2 (10,000 items of 1536 dimensions: seconds), n per group in the others.
/// The largest clusters come first (of equals, the one whose exemplar's id is lower).
std::vector<Cluster> find_clusters(const CodeMatrix& codes, const std::vector<std::string>& ids,
                                   const ClusterOptions& options);

/// The direction of the mean of some rows.
Code mean_of(const CodeMatrix& codes, const std::vector<std::size_t>& rows);

}  // namespace platform::patterns
