#pragma once

#include <activities/vendors/action_item_extractor.hpp>

namespace platform::vendors {

/// The local default: finds sentences with phrases such as "call me back" or "book an appointment". Needs no key and
/// no network, and gives the same answer for the same text.
class KeywordActionItemExtractor final : public ActionItemExtractor {
 public:
  ExtractedActions extract(const CallText& call) override;
};

}  // namespace platform::vendors
