#pragma once

#include <string>
#include <vector>

#include <activities/call_key.hpp>
#include <activities/step_options.hpp>

namespace platform {

/// Something that somebody promised or asked for in a call.
struct ActionItem {
  std::string text;
  std::string kind;  ///< for example "callback", "appointment"; may be empty
  std::string due;   ///< as it was said, "tomorrow at ten"; may be empty
  bool operator==(const ActionItem&) const = default;
};
BOOST_DESCRIBE_STRUCT(ActionItem, (), (text, kind, due))

struct ActionItems {
  std::vector<ActionItem> items;  ///< at most vendors::kMostActionItems, in the order of the call
};
BOOST_DESCRIBE_STRUCT(ActionItems, (), (items))

struct StoreActionItems {
  CallKey call;
  std::vector<ActionItem> items;
};
BOOST_DESCRIBE_STRUCT(StoreActionItems, (), (call, items))

/// Asks the language model for the action items of the call's transcript.
inline const holdfast::Activity<CallKey, ActionItems> extract_action_items{"extract_action_items", step_options()};

/// Stores them in the order given.
inline const holdfast::TransactionalActivity<StoreActionItems> store_action_items{"store_action_items", step_options()};

}  // namespace platform
