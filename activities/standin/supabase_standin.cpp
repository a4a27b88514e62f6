#include <activities/standin/supabase_standin.hpp>

namespace platform::standin {
namespace {

namespace json = boost::json;

bool is_valid_message(const json::value& message) {
  const auto* object = message.if_object();
  if (object == nullptr) return false;
  for (const auto* name : {"topic", "event"}) {
    const auto* value = object->if_contains(name);
    if (value == nullptr || !value->is_string() || value->get_string().empty()) return false;
  }
  const auto* payload = object->if_contains("payload");
  return payload != nullptr && payload->is_object();
}

}  // namespace

std::optional<Reply> SupabaseStandin::handle(const Request& request) {
  if (request.path != "/realtime/v1/api/broadcast" || request.method != "POST") return std::nullopt;
  if (request.headers.find("apikey").value_or("").empty()) {
    return json_reply(401, json::object{{"message", "No API key found in request"}});
  }
  if (request.headers.find("apikey") != keys_.supabase || bearer(request) != keys_.supabase) {
    return json_reply(403, json::object{{"message", "Invalid authentication credentials"}});
  }
  if (media_type(request) != "application/json") {
    return json_reply(415, json::object{{"message", "Unsupported media type"}});
  }
  const auto body = json_object(request);
  const auto* messages = body ? body->if_contains("messages") : nullptr;
  if (messages == nullptr || !messages->is_array() || messages->get_array().empty()) {
    return json_reply(422, json::object{{"message", "messages: can't be blank"}});
  }
  for (const auto& message : messages->get_array()) {
    if (!is_valid_message(message)) return json_reply(422, json::object{{"message", "messages: is invalid"}});
  }
  effects_.happened("supabase");
  return Reply{.status = 202};
}

}  // namespace platform::standin
