#include <activities/vendors/model_action_item_extractor.hpp>

#include <activities/vendors/action_item_prompt.hpp>

namespace platform::vendors {

ExtractedActions ModelActionItemExtractor::extract(const CallText& call) {
  auto [items, answer] = ask_for(model_, action_item_question(call), parse_action_items);
  return {.items = std::move(items),
          .model = std::move(answer.model),
          .prompt_tokens = answer.prompt_tokens,
          .completion_tokens = answer.completion_tokens};
}

}  // namespace platform::vendors
