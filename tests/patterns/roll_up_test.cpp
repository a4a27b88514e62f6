#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <activities/patterns/background.hpp>
#include <activities/patterns/roll_up.hpp>
#include <activities/patterns/similarity.hpp>
#include <activities/vendors/ngram_embedder.hpp>

namespace platform::patterns {
namespace {

PatternItem item(const std::string& id, const std::string& text, std::size_t members, double confidence) {
  return {.id = id,
          .code = encode_embedding(vendors::NgramEmbedder().embed({&text, 1}).embeddings[0]),
          .members = members,
          .confidence = confidence};
}

const std::vector<PatternItem> kItems{
    item("a", "late delivery of the grill", 10, 0.6), item("b", "refund of the lamp missing", 25, 0.7),
    item("c", "late delivery of a grill", 30, 0.8), item("d", "late delivery of the grill", 10, 0.4)};

TEST(RollUp, GroupsWhatIsTheSame) {
  const auto groups = roll_up(kItems, 0.77);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].items, (std::vector<std::size_t>{2, 0, 3})) << "the one with the most members first";
  EXPECT_EQ(groups[0].members, 50u);
  EXPECT_EQ(groups[1].items, (std::vector<std::size_t>{1}));
  EXPECT_EQ(groups[0].similarities[0], 1);
  EXPECT_GT(similarity(groups[0].centre, kItems[2].code), 0.95);
}

TEST(RollUp, RecurrenceRemovesDoubt) {
  const auto groups = roll_up(kItems, 0.77);
  const double mean = (30 * 0.8 + 10 * 0.6 + 10 * 0.4) / 50;
  EXPECT_NEAR(groups[0].confidence, 1 - (1 - mean) / std::sqrt(3.0), 1e-12);
  EXPECT_NEAR(groups[1].confidence, 0.7, 1e-12) << "found once, it is as sure as it was";
}

TEST(RollUp, IsAFunctionOfTheSet) {
  auto reversed = kItems;
  std::ranges::reverse(reversed);
  const auto once = roll_up(kItems, 0.77), twice = roll_up(reversed, 0.77);
  ASSERT_EQ(once.size(), twice.size());
  for (std::size_t g = 0; g < once.size(); ++g) {
    EXPECT_EQ(once[g].centre, twice[g].centre);
    EXPECT_EQ(once[g].confidence, twice[g].confidence);
    for (std::size_t i = 0; i < once[g].items.size(); ++i)
      EXPECT_EQ(kItems[once[g].items[i]].id, reversed[twice[g].items[i]].id);
  }
  EXPECT_TRUE(roll_up({}, 0.77).empty());
}

TEST(Closest, IsTheBestThatIsCloseEnough) {
  EXPECT_EQ(closest(kItems, kItems[1].code, 0.77), 1u);
  EXPECT_EQ(closest(kItems, kItems[3].code, 0.77), 0u) << "of equals, the first";
  EXPECT_EQ(closest(kItems, item("x", "a pigeon on the fountain", 1, 1).code, 0.77), std::nullopt);
  EXPECT_EQ(closest({}, kItems[0].code, 0), std::nullopt);
}

TEST(SamePattern, IsStricterThanWhatMakesTextsNeighbours) {
  for (const double limit : {0.0, 0.54, 0.85, 1.0}) {
    EXPECT_GE(same_pattern_similarity(limit), limit);
    EXPECT_LE(same_pattern_similarity(limit), 1);
  }
}

/// Codes that all share a direction, as those of some neural models do.
CodeMatrix alike(std::size_t rows, double share) {
  constexpr std::size_t kDimensions = 64;
  CodeMatrix out(kDimensions);
  std::uint64_t state = 1;
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<float> row(kDimensions);
    for (auto& value : row) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      value = static_cast<float>(static_cast<double>(state >> 40) / (1 << 24) - 0.5) * static_cast<float>(1 - share);
    }
    row[0] += static_cast<float>(share * 3);
    out.add(encode_embedding(row));
  }
  return out;
}

TEST(NeighbourLimit, RisesWhenAllTextsAreAlikeAndStaysInItsBounds) {
  const auto apart = alike(400, 0), close = alike(400, 0.5);
  EXPECT_EQ(neighbour_limit(apart, 0.9, 0.95), 0.9);
  EXPECT_GT(neighbour_limit(apart, 0.2, 0.9), 0.35);
  EXPECT_GT(neighbour_limit(close, 0.2, 1), neighbour_limit(apart, 0.2, 1));
  EXPECT_EQ(neighbour_limit(close, 0.2, 0.5), 0.5);
  EXPECT_EQ(neighbour_limit(alike(50, 0.5), 0.2, 1), 0.2) << "a few may all be one pattern";
}

TEST(NeighbourCounts, AreThoseOfComparingAllPairs) {
  const auto codes = alike(300, 0.6);
  const auto least = static_cast<std::int32_t>(0.8 * kOne);
  std::vector<std::uint32_t> expected(codes.rows());
  for (std::size_t i = 0; i < codes.rows(); ++i)
    for (std::size_t j = 0; j < codes.rows(); ++j) {
      std::int64_t sum = 0;
      for (std::size_t d = 0; d < codes.dimensions(); ++d) sum += std::int64_t{codes.row(i)[d]} * codes.row(j)[d];
      ASSERT_EQ(product(codes.row(i), codes.row(j)), sum);
      expected[i] += i != j && sum >= least;
    }
  EXPECT_GT(*std::ranges::max_element(expected), 0u);
  for (const unsigned threads : {1u, 2u, 5u}) EXPECT_EQ(neighbour_counts(codes, least, threads), expected);
}

}  // namespace
}  // namespace platform::patterns
