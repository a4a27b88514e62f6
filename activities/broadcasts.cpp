#include <activities/broadcasts.hpp>

#include <boost/json.hpp>

#include <activities/bodies.hpp>
#include <activities/vendor_failure.hpp>

namespace platform::bodies {

holdfast::Nothing broadcast_call(Services& services, const CallBroadcast& in) {
  const auto organization = in.call.organization_id.to_string();
  const boost::json::object payload{{"call_id", in.call.call_id},
                                    {"created_at", holdfast::to_rfc3339(in.call.created_at)},
                                    {"duration_ms", in.duration_ms}};
  as_activity_failure([&] {
    services.broadcaster.send({.organization_id = organization,
                               .id = in.event + ":" + in.call.call_id,
                               .topic = "organization:" + organization,
                               .event = in.event,
                               .payload = boost::json::serialize(payload)});
  });
  return {};
}

}  // namespace platform::bodies
