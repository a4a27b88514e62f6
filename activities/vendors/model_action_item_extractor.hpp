#pragma once

#include <activities/vendors/action_item_extractor.hpp>
#include <activities/vendors/language_model.hpp>

namespace platform::vendors {

/// Asks a language model.
class ModelActionItemExtractor final : public ActionItemExtractor {
 public:
  /// `model` must outlive this object.
  explicit ModelActionItemExtractor(LanguageModel& model) : model_(model) {}
  ExtractedActions extract(const CallText& call) override;

 private:
  LanguageModel& model_;
};

}  // namespace platform::vendors
