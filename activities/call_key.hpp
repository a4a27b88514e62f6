#pragma once

#include <string>

#include <boost/describe/class.hpp>

#include <holdfast/core/time.hpp>
#include <holdfast/core/uuid.hpp>

namespace platform {

/// Names a call everywhere: input of its workflows and activities, and its key in every table. Small, because it is
/// in most events of a history; what the vendor reported is read from platform.vapi_events by whoever needs it.
struct CallKey {
  holdfast::Uuid organization_id;
  std::string call_id;             ///< the vendor's
  holdfast::Timestamp created_at;  ///< the partition key: take it from platform.receive_vapi_event
  auto operator<=>(const CallKey&) const = default;
};
BOOST_DESCRIBE_STRUCT(CallKey, (), (organization_id, call_id, created_at))

}  // namespace platform
