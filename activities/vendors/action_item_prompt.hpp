#pragma once

#include <activities/vendors/action_item_extractor.hpp>

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace platform::vendors {

/// What every language model is told and must answer, so that adapters differ in transport only.

std::string_view action_item_instructions();

/// The user message: transcript and summary, marked as data.
std::string action_item_question(const CallText& call);

/// JSON Schema of the answer, in the strict subset that OpenAI takes: {"items":[{"text","kind","due"}]}.
boost::json::value action_item_schema();

/// The same for Gemini, whose type names are upper case and which knows no additionalProperties.
boost::json::value action_item_schema_for_gemini();

/// Reads a model's answer. Nothing if it is not JSON of that schema. Texts are cleaned and cut to our limits, an
/// unknown kind becomes "other", items without text are left out.
std::optional<std::vector<ActionItem>> parse_action_items(std::string_view answer);

}  // namespace platform::vendors
