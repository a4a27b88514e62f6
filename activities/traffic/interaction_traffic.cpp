#include <activities/traffic/interaction_traffic.hpp>

#include <algorithm>
#include <random>
#include <span>
#include <stdexcept>
#include <string_view>

#include <activities/traffic/vocabulary.hpp>

namespace platform::traffic {
namespace {

constexpr std::size_t kMostOfAnUnplantedPair = 3;
constexpr double kScatteredShare = 0.15;  // of the noise speaks of a planted theme or product

/// std::mt19937_64 gives the same numbers everywhere; the standard's distributions do not.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return engine_() % limit; }
  bool happens(double share) { return static_cast<double>(engine_() >> 11) * 0x1.0p-53 < share; }
  template <class T>
  const T& one_of(std::span<const T> list) {
    return list[below(list.size())];
  }
  template <class T>
  void shuffle(std::vector<T>& list) {
    for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[below(i)]);
  }

 private:
  std::mt19937_64 engine_;
};

std::string filled(std::string_view sentence, std::string_view product) {
  std::string out(sentence);
  if (const auto at = out.find("{p}"); at != std::string::npos) out.replace(at, 3, product);
  return out;
}

struct Pair {
  std::size_t theme, product;
};

class Generator {
 public:
  explicit Generator(const InteractionTrafficOptions& options) : options_(options), chance_(options.seed) {}

  InteractionTraffic run() {
    for (const auto name : product_names()) out_.products.emplace_back(name);
    plant();
    const auto planted = out_.interactions.size();
    const auto noise = options_.interactions - planted;
    const auto scattered = add_scattered(static_cast<std::size_t>(static_cast<double>(noise) * kScatteredShare));
    for (std::size_t i = scattered; i < noise; ++i) add(everyday(), "", LabelledInteraction::kNoise);
    chance_.shuffle(out_.interactions);
    set_times();
    return std::move(out_);
  }

 private:
  /// Sizes differ by a factor of eight, as they do in life.
  std::vector<std::size_t> sizes() {
    const auto total = static_cast<std::size_t>(static_cast<double>(options_.interactions) * options_.pattern_share);
    if (total < options_.patterns * options_.least_members)
      throw std::invalid_argument("pattern_share: leaves " + std::to_string(total) + " interactions, needed are " +
                                  std::to_string(options_.patterns * options_.least_members));
    std::vector<std::size_t> weights;
    std::size_t sum = 0;
    for (std::size_t i = 0; i < options_.patterns; ++i) {
      weights.push_back(1 + chance_.below(8));
      sum += weights.back();
    }
    const auto spare = total - options_.patterns * options_.least_members;
    for (auto& weight : weights) weight = options_.least_members + spare * weight / sum;
    return weights;
  }

  void plant() {
    for (std::size_t theme = 0; theme < themes().size(); ++theme)
      for (std::size_t product = 0; product < product_names().size(); ++product) pairs_.push_back({theme, product});
    chance_.shuffle(pairs_);
    bring_planted_to_front();
    const auto members = sizes();
    for (std::size_t i = 0; i < options_.patterns; ++i) {
      const auto pair = pairs_[i];
      const auto product = product_names()[pair.product];
      out_.patterns.push_back({std::string(themes()[pair.theme].name), std::string(product), members[i]});
      for (std::size_t n = 0; n < members[i]; ++n) add(sentence_of(pair), product, static_cast<int>(i));
    }
  }

  /// Planted pairs are spread over themes and products, so that a pattern is a theme with a product, and not a theme
  /// that every product has.
  void bring_planted_to_front() {
    const auto of_a_theme = options_.patterns / themes().size() + 1;
    const auto of_a_product = options_.patterns / product_names().size() + 1;
    std::vector<std::size_t> by_theme(themes().size()), by_product(product_names().size());
    std::vector<Pair> rest;
    std::vector<Pair> front;
    for (const auto& pair : pairs_) {
      const bool fits = by_theme[pair.theme] < of_a_theme && by_product[pair.product] < of_a_product;
      (fits ? front : rest).push_back(pair);
      by_theme[pair.theme] += fits;
      by_product[pair.product] += fits;
    }
    pairs_ = std::move(front);
    pairs_.insert(pairs_.end(), rest.begin(), rest.end());
  }

  std::size_t add_scattered(std::size_t most) {
    std::vector<Pair> chosen;
    for (std::size_t i = options_.patterns; i < pairs_.size(); ++i)
      for (std::size_t n = 0; n < kMostOfAnUnplantedPair; ++n) chosen.push_back(pairs_[i]);
    chance_.shuffle(chosen);
    chosen.resize(std::min(most, chosen.size()));
    for (const auto pair : chosen) add(sentence_of(pair), product_names()[pair.product], LabelledInteraction::kNoise);
    return chosen.size();
  }

  std::string sentence_of(Pair pair) {
    return filled(chance_.one_of(std::span<const std::string_view>(themes()[pair.theme].sentences)),
                  product_names()[pair.product]);
  }

  std::string everyday() {
    const auto remark = [this] {
      return std::string(chance_.one_of(deeds())) + " " + std::string(chance_.one_of(things())) + " " +
             std::string(chance_.one_of(reasons()));
    };
    return "Someone " + remark() + " and " + remark();
  }

  void add(std::string sentence, std::string_view product, int pattern) {
    LabelledInteraction one;
    one.pattern = pattern;
    one.product = product;
    one.text = std::move(sentence) + ".";
    if (chance_.happens(0.7)) one.text += " " + std::string(chance_.one_of(surroundings()));
    static constexpr std::string_view kSources[] = {"web", "web", "web", "social", "social", "cctv"};
    const bool is_call = chance_.happens(options_.call_share);
    one.source = is_call ? "call" : kSources[chance_.below(std::size(kSources))];
    if (is_call) {
      one.transcript =
          "AI: Hello, how can I help you?\nUser: " + one.text +
          "\nAI: Thank you, I have noted that. Is there anything else?\nUser: No, that is all.\nAI: Goodbye.";
    }
    out_.interactions.push_back(std::move(one));
  }

  void set_times() {
    constexpr std::uint64_t kDay = 24ull * 3600 * 1000;
    std::vector<std::uint64_t> times(out_.interactions.size());
    for (auto& time : times) time = chance_.below(kDay);
    std::ranges::sort(times);
    for (std::size_t i = 0; i < times.size(); ++i) {
      out_.interactions[i].offset = std::chrono::milliseconds(times[i]);
      out_.interactions[i].session = "session-" + std::to_string(options_.seed) + "-" + std::to_string(i);
    }
  }

  const InteractionTrafficOptions& options_;
  Chance chance_;
  std::vector<Pair> pairs_;
  InteractionTraffic out_;
};

}  // namespace

InteractionTraffic make_interactions(const InteractionTrafficOptions& options) {
  if (options.patterns > kMostPatterns)
    throw std::invalid_argument("patterns: " + std::to_string(options.patterns) + ", allowed are at most " +
                                std::to_string(kMostPatterns));
  if (!(options.pattern_share >= 0 && options.pattern_share <= 1))
    throw std::invalid_argument("pattern_share: allowed is 0 to 1");
  if (!(options.call_share >= 0 && options.call_share <= 1))
    throw std::invalid_argument("call_share: allowed is 0 to 1");
  return Generator(options).run();
}

}  // namespace platform::traffic
