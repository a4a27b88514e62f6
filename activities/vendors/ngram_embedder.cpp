#include <activities/vendors/ngram_embedder.hpp>

#include <activities/vendors/words.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>

namespace platform::vendors {
namespace {

constexpr double kWord = 1.0;
constexpr double kPair = 0.5;
constexpr double kPiece = 0.35;
constexpr std::size_t kPieceLength = 4;

std::uint64_t hash_of(char kind, std::string_view text) {  // FNV-1a, with a last mix because the low bits are used
  std::uint64_t hash = 14695981039346656037ull;
  const auto add = [&](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull; };
  add(kind);
  for (const char c : text) add(c);
  hash ^= hash >> 32;
  hash *= 0x9E3779B97F4A7C15ull;
  return hash ^ hash >> 29;
}

/// Counts per bucket and sign. Ordered, so that sums are made in the same order everywhere.
struct Features {
  void add(char kind, std::string_view text, double weight) { counts_[{kind, std::string(text)}] += weight * weight; }
  /// A feature that occurs n times weighs as much as sqrt(n) that occur once.
  Embedding vector() const {
    std::array<double, kEmbeddingDimensions> sums{};
    for (const auto& [feature, weight] : counts_) {
      const auto hash = hash_of(feature.first, feature.second);
      sums[hash % kEmbeddingDimensions] += (hash >> 63 ? -1 : 1) * std::sqrt(weight);
    }
    double square = 0;
    for (const double sum : sums) square += sum * sum;
    if (square == 0) {  // no words at all: all such texts are the same point
      sums[0] = square = 1;
    }
    Embedding out(kEmbeddingDimensions);
    const double length = std::sqrt(square);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(sums[i] / length);
    return out;
  }

 private:
  std::map<std::pair<char, std::string>, double> counts_;
};

void add_pieces(Features& features, const std::string& word) {
  if (word.size() <= kPieceLength) return;
  const auto pieces = word.size() - kPieceLength + 1;
  for (std::size_t at = 0; at < pieces; ++at)
    features.add('p', std::string_view(word).substr(at, kPieceLength),
                 kPiece / std::sqrt(static_cast<double>(pieces) / 2));
}

Embedding embedding_of(std::string_view text) {
  const auto words = subject_words(text.substr(0, kMostEmbeddedBytes));
  Features features;
  for (std::size_t i = 0; i < words.size(); ++i) {
    features.add('w', words[i], kWord);
    if (i > 0) features.add('2', words[i - 1] + ' ' + words[i], kPair);
    add_pieces(features, words[i]);
  }
  return features.vector();
}

}  // namespace

Embedded NgramEmbedder::embed(std::span<const std::string> texts) {
  Embedded out;
  out.embeddings.reserve(texts.size());
  for (const auto& text : texts) out.embeddings.push_back(embedding_of(text));
  return out;
}

}  // namespace platform::vendors
