#include <activities/standin/resend_standin.hpp>

#include <fmt/format.h>

namespace platform::standin {
namespace {

namespace json = boost::json;

Reply refusal(int status, std::string_view name, std::string_view message) {
  return json_reply(status, json::object{{"statusCode", status}, {"name", name}, {"message", message}});
}

bool is_filled_string(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() && !value->get_string().empty();
}

bool has_recipient(const json::object& email) {
  const auto* to = email.if_contains("to");
  if (to == nullptr) return false;
  if (to->is_string()) return to->get_string().find('@') != json::string::npos;
  return to->is_array() && !to->get_array().empty() && to->get_array().size() <= 50;
}

std::optional<Reply> refuse_email(const json::object& email) {
  for (const auto* name : {"from", "subject"}) {
    if (!is_filled_string(email, name)) {
      return refusal(422, "missing_required_field", fmt::format("Missing `{}` field.", name));
    }
  }
  if (!email.contains("to")) return refusal(422, "missing_required_field", "Missing `to` field.");
  if (!has_recipient(email)) return refusal(422, "validation_error", "Invalid `to` field.");
  if (!is_filled_string(email, "text") && !is_filled_string(email, "html")) {
    return refusal(422, "missing_required_field", "Missing `html` or `text` field.");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Reply> ResendStandin::handle(const Request& request) {
  if (request.path != "/emails" && !request.path.starts_with("/emails/")) return std::nullopt;
  const auto key = bearer(request);
  if (key.empty()) return refusal(401, "missing_api_key", "Missing API key in the authorization header.");
  if (key != keys_.resend) return refusal(403, "invalid_api_key", "API key is invalid.");
  if (request.method == "POST" && request.path == "/emails") return send(request);
  if (request.method == "GET" && request.path != "/emails") return show(request.path.substr(8));
  return refusal(405, "method_not_allowed", "Method is not allowed for this endpoint.");
}

Reply ResendStandin::send(const Request& request) {
  if (media_type(request) != "application/json") {
    return refusal(422, "validation_error", "Content-Type must be application/json.");
  }
  const auto email = json_object(request);
  if (!email) return refusal(400, "validation_error", "The body is not a JSON object.");
  if (auto refused = refuse_email(*email)) return *std::move(refused);

  const auto key = request.headers.find("Idempotency-Key");
  if (key && (key->empty() || key->size() > 256)) {
    return refusal(400, "invalid_idempotency_key", "The idempotency key must be between 1-256 chars.");
  }
  const std::lock_guard lock(mutex_);
  if (key) {
    if (const auto known = by_key_.find(std::string(*key)); known != by_key_.end()) {
      if (known->second.body == request.body) return json_reply(200, json::object{{"id", known->second.id}});
      return refusal(409, "invalid_idempotent_request", "Same idempotency key used with a different request payload.");
    }
  }
  const auto id = fmt::format("00000000-0000-4000-8000-{:012x}", by_id_.size() + 1);
  by_id_[id] = *email;
  if (key) by_key_[std::string(*key)] = {request.body, id};
  effects_.happened("resend");
  return json_reply(200, json::object{{"id", id}});
}

Reply ResendStandin::show(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return refusal(404, "not_found", "Email not found");
  auto out = found->second;
  out["object"] = "email";
  out["id"] = id;
  out["last_event"] = "delivered";
  return json_reply(200, out);
}

}  // namespace platform::standin
