#pragma once

#include <activities/vendors/action_item_extractor.hpp>
#include <activities/vendors/language_model.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace platform::vendors {

/// What every language model is told and must answer: {"items":[{"text","kind","due"}]}. Transcript and summary are
/// marked as data.
ModelQuestion action_item_question(const CallText& call);

/// Reads a model's answer. Nothing if it is not JSON of that schema. Texts are cleaned and cut to our limits, an
/// unknown kind becomes "other", items without text are left out.
std::optional<std::vector<ActionItem>> parse_action_items(std::string_view answer);

}  // namespace platform::vendors
