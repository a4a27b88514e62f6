#pragma once

#include <activities/vendors/insight_writer.hpp>
#include <activities/vendors/language_model.hpp>

namespace platform::vendors {

/// Asks a language model.
class ModelInsightWriter final : public InsightWriter {
 public:
  /// `model` must outlive this object.
  explicit ModelInsightWriter(LanguageModel& model) : model_(model) {}
  DescribedInteraction describe(const ObservedInteraction& interaction) override;
  DescribedPattern describe(const PatternEvidence& pattern) override;

 private:
  LanguageModel& model_;
};

}  // namespace platform::vendors
