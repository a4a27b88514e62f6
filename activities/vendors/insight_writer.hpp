#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace platform::vendors {

inline constexpr std::size_t kMostTitleBytes = 120;
inline constexpr std::size_t kMostDescriptionBytes = 1000;

/// What a business needs to be known for its interactions to be understood.
struct BusinessContext {
  std::string organization{};           ///< its name
  std::vector<std::string> products{};  ///< names of what it sells; at most a few hundred
};

/// Something that happened with a customer, as it was reported.
struct ObservedInteraction {
  BusinessContext business{};
  std::string source{};   ///< "web", "social", "cctv" or "call"
  std::string content{};  ///< text, or a JSON document of events
};

struct DescribedInteraction {
  std::string description{};            ///< one or two sentences; never empty, at most kMostDescriptionBytes
  std::vector<std::string> products{};  ///< names out of BusinessContext::products, without repetitions
  std::string model{};
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
};

/// Texts that were found to be about one thing.
struct PatternEvidence {
  BusinessContext business{};
  std::size_t members = 0;             ///< how many there are in all
  std::vector<std::string> samples{};  ///< some of them, the most typical first
};

struct DescribedPattern {
  std::string title{};        ///< a few words; never empty, at most kMostTitleBytes
  std::string description{};  ///< a sentence or two; at most kMostDescriptionBytes
  std::string model{};
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
};

/// Puts into words what was observed. Thread-safe; texts are valid UTF-8 without NUL. Failures are VendorError, as of a
/// LanguageModel.
class InsightWriter {
 public:
  virtual ~InsightWriter() = default;
  virtual DescribedInteraction describe(const ObservedInteraction& interaction) = 0;
  virtual DescribedPattern describe(const PatternEvidence& pattern) = 0;
};

}  // namespace platform::vendors
