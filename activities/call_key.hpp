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

/// Ids of a call's workflows. The organization is part of them, because a vendor's call id is only unique within one
/// account: two organizations may well have the same.
inline std::string call_workflow_id(const CallKey& call) {
  return "call-" + call.organization_id.to_string() + "-" + call.call_id;
}
inline std::string call_started_workflow_id(const CallKey& call) {
  return "call-started-" + call.organization_id.to_string() + "-" + call.call_id;
}

}  // namespace platform
