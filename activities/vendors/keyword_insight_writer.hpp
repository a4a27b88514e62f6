#pragma once

#include <activities/vendors/insight_writer.hpp>

namespace platform::vendors {

/// The local default: an interaction is described by its own text, a pattern by its most typical text and the words
/// that most samples share. Needs no key and no network, and gives the same answer for the same input.
class KeywordInsightWriter final : public InsightWriter {
 public:
  DescribedInteraction describe(const ObservedInteraction& interaction) override;
  DescribedPattern describe(const PatternEvidence& pattern) override;
};

}  // namespace platform::vendors
