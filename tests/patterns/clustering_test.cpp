#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include <activities/patterns/clustering.hpp>
#include <activities/traffic/interaction_traffic.hpp>
#include <activities/vendors/ngram_embedder.hpp>

namespace platform::patterns {
namespace {

constexpr std::size_t kDimensions = vendors::kEmbeddingDimensions;

struct Texts {
  std::vector<std::string> ids, texts;
  CodeMatrix codes{kDimensions};

  void add(const std::string& id, const std::string& text) {
    ids.push_back(id);
    texts.push_back(text);
    codes.add(encode_embedding(vendors::NgramEmbedder().embed({&text, 1}).embeddings[0]));
  }
};

/// How well the clusters match what was planted. A pattern is found by the cluster whose members are mostly its own and
/// which has most of them; every other cluster is false.
struct Score {
  std::size_t found = 0, wrong = 0;
  double lowest_found_confidence = 1;
};

Score score(const traffic::InteractionTraffic& traffic, const std::vector<Cluster>& clusters) {
  Score out;
  std::map<int, bool> found;
  for (const auto& cluster : clusters) {
    std::map<int, std::size_t> labels;
    for (const auto& member : cluster.members) ++labels[traffic.interactions[member.item].pattern];
    const auto best = std::ranges::max_element(labels, {}, [](const auto& label) { return label.second; });
    const bool finds = best->first >= 0 && best->second * 2 > cluster.members.size() &&
                       best->second * 2 > traffic.patterns[static_cast<std::size_t>(best->first)].members &&
                       !std::exchange(found[best->first], true);
    if (!finds) {
      ++out.wrong;
      continue;
    }
    ++out.found;
    out.lowest_found_confidence = std::min(out.lowest_found_confidence, cluster.confidence);
  }
  return out;
}

Texts texts_of(const traffic::InteractionTraffic& traffic) {
  Texts out;
  for (const auto& interaction : traffic.interactions) out.add(interaction.session, interaction.text);
  return out;
}

ClusterOptions options_for(std::size_t texts) {
  ClusterOptions options;
  options.least_members = usual_support(texts);
  return options;
}

TEST(Clustering, FindsWhatWasPlantedAndLittleElse) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto traffic = traffic::make_interactions({.seed = seed, .interactions = 3000, .patterns = 40});
    const auto texts = texts_of(traffic);
    const auto clusters = find_clusters(texts.codes, texts.ids, options_for(3000));
    const auto result = score(traffic, clusters);
    EXPECT_GE(result.found, 38u) << "of 40, seed " << seed;
    EXPECT_LE(result.wrong * 20, clusters.size()) << "seed " << seed;
    EXPECT_GE(result.lowest_found_confidence, 0.4);
  }
}

TEST(Clustering, FindsNextToNothingInNoise) {
  const auto traffic = traffic::make_interactions({.seed = 9, .interactions = 1500, .patterns = 0, .pattern_share = 0});
  const auto texts = texts_of(traffic);
  EXPECT_LE(find_clusters(texts.codes, texts.ids, options_for(1500)).size(), 1u);
}

TEST(Clustering, IsAFunctionOfTheSet) {
  const auto traffic = traffic::make_interactions({.seed = 4, .interactions = 800, .patterns = 12});
  const auto texts = texts_of(traffic);
  auto options = options_for(800);
  const auto expected = find_clusters(texts.codes, texts.ids, options);
  ASSERT_GE(expected.size(), 11u);

  std::vector<std::size_t> order(texts.ids.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::shuffle(order, std::mt19937(7));
  Texts shuffled;
  for (const auto i : order) {
    shuffled.ids.push_back(texts.ids[i]);
    shuffled.codes.add(texts.codes.row(i));
  }
  options.threads = 1;
  const auto again = find_clusters(shuffled.codes, shuffled.ids, options);
  ASSERT_EQ(again.size(), expected.size());
  for (std::size_t c = 0; c < expected.size(); ++c) {
    EXPECT_EQ(again[c].centre, expected[c].centre);
    EXPECT_EQ(again[c].confidence, expected[c].confidence);
    ASSERT_EQ(again[c].members.size(), expected[c].members.size());
    for (std::size_t m = 0; m < expected[c].members.size(); ++m) {
      EXPECT_EQ(shuffled.ids[again[c].members[m].item], texts.ids[expected[c].members[m].item]);
      EXPECT_EQ(again[c].members[m].similarity, expected[c].members[m].similarity);
    }
  }
}

TEST(Clustering, GivesEvidence) {
  Texts texts;
  for (int i = 0; i < 9; ++i)
    texts.add("a" + std::to_string(i), "Late delivery of the garden grill, order " + std::to_string(i));
  for (int i = 0; i < 6; ++i)
    texts.add("b" + std::to_string(i), "Refund of the table lamp missing, case " + std::to_string(i));
  texts.add("z", "A pigeon sat on the fountain");
  const auto clusters = find_clusters(texts.codes, texts.ids, {});
  ASSERT_EQ(clusters.size(), 2u);
  EXPECT_EQ(clusters[0].members.size(), 9u);
  EXPECT_EQ(clusters[1].members.size(), 6u);
  for (const auto& cluster : clusters) {
    EXPECT_GT(cluster.cohesion, 0.5);
    EXPECT_LE(cluster.cohesion, 1);
    EXPECT_GT(cluster.separation, 0.5);
    for (std::size_t i = 1; i < cluster.members.size(); ++i)
      EXPECT_GE(cluster.members[i - 1].similarity, cluster.members[i].similarity);
  }
  EXPECT_GT(clusters[0].confidence, clusters[1].confidence);
}

TEST(Clustering, ManyTextsAreRepresentedByAFewAndAllAreAssigned) {
  const auto traffic = traffic::make_interactions({.seed = 5, .interactions = 1200, .patterns = 8});
  const auto texts = texts_of(traffic);
  auto options = options_for(600);
  options.most_exact = 600;
  const auto clusters = find_clusters(texts.codes, texts.ids, options);
  EXPECT_EQ(score(traffic, clusters).found, 8u);
  std::size_t members = 0;
  for (const auto& cluster : clusters) members += cluster.members.size();
  EXPECT_GT(members, 500u) << "0.45 of 1200 were planted";
}

TEST(Clustering, EdgesOfItsInput) {
  Texts texts;
  EXPECT_TRUE(find_clusters(texts.codes, texts.ids, {}).empty());
  for (int i = 0; i < 20; ++i) texts.add("id" + std::to_string(i), "exactly the same text");
  const auto clusters = find_clusters(texts.codes, texts.ids, {});
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_EQ(clusters[0].members.size(), 20u);
  EXPECT_NEAR(clusters[0].cohesion, 1, 1e-3);
  EXPECT_EQ(texts.ids[clusters[0].members[0].item], "id0") << "of equals, the first by id is the exemplar";

  CodeMatrix zeros(kDimensions);
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i) {
    zeros.add(Code(kDimensions));
    ids.push_back(std::to_string(i));
  }
  EXPECT_TRUE(find_clusters(zeros, ids, {}).empty()) << "texts that could not be embedded are alike in nothing";

  ids[3] = ids[4];
  EXPECT_THROW(find_clusters(zeros, ids, {}), std::invalid_argument);
  ids.pop_back();
  EXPECT_THROW(find_clusters(zeros, ids, {}), std::invalid_argument);
  EXPECT_THROW(zeros.add(Code(3)), std::invalid_argument);
  EXPECT_THROW(find_clusters(texts.codes, texts.ids, {.least_members = 1}), std::invalid_argument);
}

TEST(Clustering, CanBeStopped) {
  Texts texts;
  for (int i = 0; i < 20; ++i) texts.add("id" + std::to_string(i), "exactly the same text");
  EXPECT_TRUE(find_clusters(texts.codes, texts.ids, {.stop = [] { return true; }}).empty());
}

TEST(Confidence, GrowsWithSupportAndSeparationAndStaysInItsRange) {
  EXPECT_EQ(confidence_of(0, 1), 0);
  EXPECT_EQ(confidence_of(100, 0), 0);
  EXPECT_NEAR(confidence_of(100, 1), 0.9, 1e-12);
  EXPECT_NEAR(confidence_of(4, 0.25), 0.25, 1e-12);
  for (std::size_t n = 2; n < 1000; ++n) EXPECT_GT(confidence_of(n, 0.5), confidence_of(n - 1, 0.5));
  for (int s = 1; s <= 10; ++s) EXPECT_GT(confidence_of(50, s / 10.0), confidence_of(50, (s - 1) / 10.0));
  EXPECT_LE(confidence_of(1'000'000'000, 7), 1);
}

TEST(Codes, KeepTheCosine) {
  const auto a = vendors::NgramEmbedder().embed(std::vector<std::string>{"late delivery", "late refund"}).embeddings;
  double exact = 0;
  for (std::size_t i = 0; i < kDimensions; ++i) exact += static_cast<double>(a[0][i]) * static_cast<double>(a[1][i]);
  const auto x = encode_embedding(a[0]), y = encode_embedding(a[1]);
  EXPECT_NEAR(similarity(x, y), exact, 1e-4);
  EXPECT_NEAR(similarity(x, x), 1, 1e-4);
}

TEST(Codes, ScaleAnyLengthAndRefuseWhatIsNoNumber) {
  const std::vector<float> longer{3, 4};
  EXPECT_EQ(encode_embedding(longer), (Code{19'200, 25'600}));
  EXPECT_EQ(encode_embedding(std::vector<float>{0, 0}), (Code{0, 0}));
  EXPECT_THROW(encode_embedding(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()}), std::invalid_argument);
  EXPECT_THROW(encode_embedding(std::vector<float>{std::numeric_limits<float>::infinity()}), std::invalid_argument);
}

TEST(Codes, ComeBackFromTheirText) {
  const Code code{0, 1, -1, 32'000, -32'000, 255, -256};
  EXPECT_EQ(code_from_hex(code_to_hex(code), code.size()), code);
  EXPECT_EQ(code_to_hex(Code{0x0102, -2}), "\\x0201feff");
  EXPECT_EQ(code_bytes(Code{0x0102, -2}), std::string("\x02\x01\xfe\xff"));
  EXPECT_THROW(code_from_hex("\\x00", 1), std::invalid_argument);
  EXPECT_THROW(code_from_hex("\\x00zz", 1), std::invalid_argument);
  EXPECT_THROW(code_from_hex("000000", 1), std::invalid_argument);
}

TEST(Traffic, IsTheSameForTheSameSeedAndLabelledRight) {
  const traffic::InteractionTrafficOptions options{.seed = 3, .interactions = 1000, .patterns = 10};
  const auto once = traffic::make_interactions(options), twice = traffic::make_interactions(options);
  ASSERT_EQ(once.interactions.size(), 1000u);
  std::map<int, std::size_t> members;
  for (std::size_t i = 0; i < 1000; ++i) {
    const auto& one = once.interactions[i];
    EXPECT_EQ(one.text, twice.interactions[i].text);
    ++members[one.pattern];
    if (one.pattern < 0) continue;
    const auto& planted = once.patterns[static_cast<std::size_t>(one.pattern)];
    EXPECT_NE(one.text.find(planted.product), std::string::npos);
    EXPECT_EQ(one.transcript.empty(), one.source != "call");
  }
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(members[static_cast<int>(i)], once.patterns[i].members);
    EXPECT_GE(once.patterns[i].members, 25u);
  }
  EXPECT_NE(once.interactions[0].text, traffic::make_interactions({.seed = 4}).interactions[0].text);
  EXPECT_THROW(traffic::make_interactions({.interactions = 10, .patterns = 5}), std::invalid_argument);
  EXPECT_THROW(traffic::make_interactions({.patterns = 1000}), std::invalid_argument);
  EXPECT_THROW(traffic::make_interactions({.pattern_share = 2}), std::invalid_argument);
}

}  // namespace
}  // namespace platform::patterns
