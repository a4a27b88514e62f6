#pragma once

#include <boost/describe/class.hpp>

#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

/// Names an interaction everywhere: input of its workflow and activities, and its key in every table.
struct InteractionKey {
  holdfast::Uuid organization_id;
  holdfast::Uuid id;
  holdfast::Timestamp created_at;  ///< the partition key: take it from platform.post_interaction
  auto operator<=>(const InteractionKey&) const = default;
};
BOOST_DESCRIBE_STRUCT(InteractionKey, (), (organization_id, id, created_at))

}  // namespace platform
