#pragma once

#include <cstdint>
#include <string>

#include <activities/call_key.hpp>
#include <activities/step_options.hpp>

namespace platform {

/// A hint to open dashboards: reload this call.
struct CallBroadcast {
  CallKey call;
  std::string event;  ///< "call_started" or "call_completed"
  std::int64_t duration_ms = 0;
};
BOOST_DESCRIBE_STRUCT(CallBroadcast, (), (call, event, duration_ms))

/// At most once by nature; nothing depends on it.
inline const holdfast::Activity<CallBroadcast> broadcast_call{"broadcast_call", hint_options()};

}  // namespace platform
