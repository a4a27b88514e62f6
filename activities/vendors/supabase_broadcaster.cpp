#include <activities/vendors/supabase_broadcaster.hpp>

#include <activities/vendors/json_reader.hpp>
#include <activities/vendors/text.hpp>
#include <activities/vendors/vendor_error.hpp>

#include <boost/json/serialize.hpp>

namespace platform::vendors {

void SupabaseBroadcaster::send(const Broadcast& broadcast) {
  auto payload = parse_json(broadcast.payload);
  if (!payload || !payload->is_object()) {
    throw VendorError({.kind = VendorErrorKind::permanent,
                       .vendor = "supabase",
                       .code = "invalid_payload",
                       .message = "payload: is not a JSON object"});
  }
  payload->get_object()["id"] = broadcast.id;
  const boost::json::value message = {
      {"topic", broadcast.topic}, {"event", broadcast.event}, {"payload", *std::move(payload)}, {"private", true}};
  const boost::json::object body{{"messages", boost::json::array{message}}};
  HttpRequest post{.method = "POST",
                   .url = joined_url(config_.base_url, "/realtime/v1/api/broadcast"),
                   .body = boost::json::serialize(body),
                   .deadline = config_.deadline,
                   .repeatable = true};
  post.headers.add("apikey", config_.service_key);
  post.headers.add("Authorization", "Bearer " + config_.service_key);
  post.headers.add("Content-Type", "application/json");
  const auto result = client_.send(post);
  if (result.outcome == HttpOutcome::ok) return;
  auto fault = fault_of("supabase", result);
  if (const auto answer = parse_json(result.body)) {
    for (const auto* name : {"message", "error"}) {
      if (const auto text = string_member(*answer, {name}); !text.empty()) fault.message = text;
    }
  }
  throw VendorError(std::move(fault));
}

}  // namespace platform::vendors
