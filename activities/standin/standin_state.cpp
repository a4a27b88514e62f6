#include <activities/standin/standin_state.hpp>

#include <holdfast/http/signature/stripe_signature.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <stdexcept>

namespace platform::standin {
namespace {

namespace json = boost::json;

constexpr std::string_view kControl = "/__standin/";

json::object required_object(const Request& request) {
  auto object = json_object(request);
  if (!object) throw std::invalid_argument("body: must be a JSON object");
  return *std::move(object);
}

Reply done() { return json_reply(200, json::object{{"ok", true}}); }

Reply control_journal(StandinState& state, const Request& request) {
  if (request.method == "DELETE") {
    state.journal.clear();
    return done();
  }
  json::array out;
  for (const auto& entry : state.journal.entries()) out.push_back(to_json(entry));
  return json_reply(200, out);
}

Reply control_effects(StandinState& state, const Request& request) {
  if (request.method == "DELETE") {
    state.effects.clear();
    return done();
  }
  json::object out;
  for (const auto& [vendor, count] : state.effects.all()) out[vendor] = count;
  return json_reply(200, out);
}

Reply control_faults(StandinState& state, const Request& request) {
  if (request.method == "DELETE") {
    state.faults.clear();
  } else {
    state.faults.add(parse_fault(required_object(request)));
  }
  return done();
}

Reply control_hook(StandinState& state, const Request& request, const std::string& name) {
  if (request.method == "GET") {
    json::array out;
    for (const auto& delivery : state.hooks.deliveries(name)) out.push_back(to_json(delivery));
    return json_reply(200, out);
  }
  state.hooks.configure(name, parse_hook_behaviour(required_object(request)));
  return done();
}

json::object signed_event(const StandinState& state, const json::object& event) {
  const auto body = json::serialize(event);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return {{"body", body}, {"signature", holdfast::http::sign_stripe(state.keys.stripe_webhook, now, body)}};
}

Reply control_vapi_calls(StandinState& state, const Request& request) {
  boost::system::error_code error;
  auto calls = json::parse(request.body, error);
  if (error || !calls.is_array()) throw std::invalid_argument("body: must be a JSON list of call objects");
  for (auto& call : calls.get_array()) {
    if (!call.is_object()) throw std::invalid_argument("body: must be a JSON list of call objects");
    state.vapi.put(std::move(call.get_object()));
  }
  return done();
}

/// totals by customer; the error events so far, each with the signature header to post it with; changes of behaviour.
Reply control_stripe(StandinState& state, const Request& request, std::string_view what) {
  if (what == "totals" && request.method == "GET") {
    json::object out;
    for (const auto& [customer, total] : state.stripe.totals()) out[customer] = total;
    return json_reply(200, out);
  }
  if (what == "events" && request.method == "GET") {
    json::array out;
    for (const auto& event : state.stripe.thin_events()) out.push_back(signed_event(state, event.as_object()));
    return json_reply(200, out);
  }
  const auto object = required_object(request);
  if (what == "behaviour") {
    state.stripe.configure(parse_stripe_behaviour(object));
    return done();
  }
  if (what == "reject") {
    const auto text = [&](std::string_view name) {
      const auto* value = object.if_contains(name);
      if (value == nullptr || !value->is_string())
        throw std::invalid_argument(std::string(name) + ": must be a string");
      return std::string(value->get_string());
    };
    return json_reply(200, signed_event(state, state.stripe.reject(text("identifier"), text("code"))));
  }
  return json_reply(404, json::object{{"error", "unknown control path /__standin/stripe/" + std::string(what)}});
}

Reply route(StandinState& state, const Request& request, std::string_view path) {
  if (path == "health") return done();
  if (path == "journal") return control_journal(state, request);
  if (path == "effects") return control_effects(state, request);
  if (path == "faults") return control_faults(state, request);
  if (path.starts_with("hooks/")) return control_hook(state, request, std::string(path.substr(6)));
  if (path.starts_with("stripe/")) return control_stripe(state, request, path.substr(7));
  if (path == "vapi/calls") return control_vapi_calls(state, request);
  return json_reply(404, json::object{{"error", "unknown control path /__standin/" + std::string(path)}});
}

}  // namespace

Reply answer(StandinState& state, const Request& request) {
  for (auto* module : state.modules()) {
    if (auto reply = module->handle(request)) return *std::move(reply);
  }
  return json_reply(404, json::object{{"error", "no stand-in vendor has the path " + request.path}});
}

std::optional<Reply> control(StandinState& state, const Request& request) {
  if (!request.path.starts_with(kControl)) return std::nullopt;
  try {
    return route(state, request, std::string_view(request.path).substr(kControl.size()));
  } catch (const std::invalid_argument& error) {
    return json_reply(400, json::object{{"error", error.what()}});
  }
}

}  // namespace platform::standin
