#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <activities/interaction_key.hpp>
#include <activities/step_options.hpp>

namespace platform {

struct DescribeInteraction {
  InteractionKey interaction;
  bool plainly = false;  ///< with our own means instead of the language model
};
BOOST_DESCRIBE_STRUCT(DescribeInteraction, (), (interaction, plainly))

struct InteractionText {
  std::string description;               ///< at most vendors::kMostDescriptionBytes
  std::vector<holdfast::Uuid> products;  ///< of the organization
  std::string model;                     ///< what wrote it
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
};
BOOST_DESCRIBE_STRUCT(InteractionText, (), (description, products, model, prompt_tokens, completion_tokens))

struct StoreInteraction {
  InteractionKey interaction;
  InteractionText text;
};
BOOST_DESCRIBE_STRUCT(StoreInteraction, (), (interaction, text))

struct InteractionStored {
  bool counted = false;  ///< false: the ledger already had this interaction
};
BOOST_DESCRIBE_STRUCT(InteractionStored, (), (counted))

struct InteractionFailure {
  InteractionKey interaction;
  std::string step, error;
};
BOOST_DESCRIBE_STRUCT(InteractionFailure, (), (interaction, step, error))

/// Reads the posted event with the organization's name and products, and puts it into words. The event's products come
/// first. Fails with type "EventNotFound", not retried.
inline const holdfast::Activity<DescribeInteraction, InteractionText> describe_interaction{"describe_interaction",
                                                                                           step_options()};

/// Stores the interaction and counts it, exactly once per interaction.
inline const holdfast::TransactionalActivity<StoreInteraction, InteractionStored> store_interaction{"store_interaction",
                                                                                                    step_options()};

/// Embeds the stored description. Repeating it changes nothing.
inline const holdfast::Activity<InteractionKey> embed_interaction{"embed_interaction", step_options()};

/// Records in the audit log that a step was given up.
inline const holdfast::TransactionalActivity<InteractionFailure> record_interaction_failure{
    "record_interaction_failure", step_options()};

}  // namespace platform
