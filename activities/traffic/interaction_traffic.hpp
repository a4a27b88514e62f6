#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace platform::traffic {

struct InteractionTrafficOptions {
  std::uint64_t seed = 1;
  std::size_t interactions = 10'000;
  std::size_t patterns = 40;       ///< planted; at most kMostPatterns
  std::size_t least_members = 25;  ///< of a planted pattern
  double pattern_share = 0.45;     ///< of the interactions belong to planted patterns; the rest is noise
  double call_share = 0.1;         ///< of the interactions are phone calls with a transcript
};

inline constexpr std::size_t kMostPatterns = 200;

/// One thing that happened between a shop and a customer, and what it is about.
struct LabelledInteraction {
  static constexpr int kNoise = -1;

  std::string source;                ///< "web", "social", "cctv" or "call"
  std::string session;               ///< of the customer
  std::string text;                  ///< what was seen or written; of a call, its summary
  std::string transcript;            ///< of a call: lines like "User: …" and "AI: …"
  std::string product;               ///< the product's name; empty when none is involved
  std::chrono::milliseconds offset;  ///< since the start of the day, ascending
  int pattern = kNoise;              ///< index into InteractionTraffic::patterns, or noise
};

/// A theme that recurs with one product: "refund is late", "espresso machine".
struct PlantedPattern {
  std::string theme, product;
  std::size_t members = 0;
};

struct InteractionTraffic {
  std::vector<PlantedPattern> patterns;
  std::vector<LabelledInteraction> interactions;
  std::vector<std::string> products;  ///< names of everything that the shop sells
};

/// A day of a shop. Members of a pattern say the same thing in different sentences, with different surroundings (which
/// page, which device, since when). Noise is one of three kinds: everyday remarks that recur with nothing, themes of a
/// planted pattern with another product, and products of one with another theme; a combination of theme and product
/// that was not planted occurs three times at most. Throws std::invalid_argument for options that cannot be met.
InteractionTraffic make_interactions(const InteractionTrafficOptions& options);

}  // namespace platform::traffic
